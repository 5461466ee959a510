"""What `vercel deploy` would send to Vercel, by its own account: it lists the files before it
uploads one (`--dry`).

For that it asks Vercel's API only who deploys and which project it is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from dev.serve import Server
from tests.runtime.build import Toolchain

ANSWERS = {
    "/v2/user": {"user": {"id": "user_local", "username": "local", "email": "local@example.com"}},
    "/teams/team_local": {"id": "team_local", "slug": "local", "name": "local"},
    "/v9/projects/prj_local": {
        "id": "prj_local",
        "name": "local",
        "accountId": "team_local",
        "framework": None,
    },
}


def uploaded_files(toolchain: Toolchain, project: Path, *options: str) -> set[str]:
    """Returns the names of what `vercel deploy <options>` would send of a linked project."""
    with _vercels_api() as url:
        done = toolchain.run(
            "deploy", "--dry", "--token=local", f"--api={url}", *options, project=project
        )
    if done.returncode:
        raise RuntimeError(f"vercel deploy --dry failed:\n{done.stdout}\n{done.stderr}")
    return {file["path"] for file in json.loads(done.stdout)["files"]}


@contextmanager
def _vercels_api() -> Iterator[str]:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(ANSWERS[request.url.path])

    with Server(Starlette(routes=[Route(path, answer) for path in ANSWERS])) as server:
        yield server.url
