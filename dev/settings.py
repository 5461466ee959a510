"""The settings as the owner of this machine wrote them: `.env`, over it `.env.local`, over both the
environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

FILES = (".env", ".env.local")


def written(folder: Path) -> dict[str, str]:
    """What the files in `folder` say; a `$` in a value is only a `$`, for secrets hold anything."""
    values = {
        name: value
        for file in FILES
        for name, value in dotenv_values(folder / file, interpolate=False).items()
    }
    return {name: value for name, value in values.items() if value is not None}


def settings(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Files and environment together; a blank variable of the environment unsets what a file
    says."""
    return written(folder) | dict(environ)
