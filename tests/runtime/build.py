"""Builds a project with the real `vercel build`, which needs neither an account nor a Vercel
server."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
VERCEL = ROOT / ".cache/vercel/node_modules/vercel/dist/vc.js"
UV_CACHE = ROOT / ".cache/uv"
VERSIONS = ("3.13", "3.12")
"""What Vercel's runtime runs on and we support; the first is `.python-version`'s."""
OLDEST_NODE = 20
REMEDY = (
    "needs Node 20 or newer with npm, and CPython 3.13 or 3.12; `make test` installs the Vercel CLI"
    " by itself"
)


class Toolchain:
    """The Vercel CLI and a plain CPython: one with the project's packages would hide a missing
    dependency."""

    def __init__(self) -> None:
        self.node = shutil.which("node") or ""
        found = subprocess.run([ROOT / ".ci/python", *VERSIONS], capture_output=True, text=True)
        self.python = found.stdout.strip()

    @property
    def is_complete(self) -> bool:
        return (
            bool(self.node and self.python and VERCEL.exists()) and self._node_major >= OLDEST_NODE
        )

    @property
    def _node_major(self) -> int:
        version = subprocess.check_output([self.node, "--version"], text=True)  # v20.20.2
        return int(version.removeprefix("v").partition(".")[0])

    @cached_property
    def version(self) -> str:
        """The interpreter's, as in "3.13"."""
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        return subprocess.check_output([self.python, "-c", code], text=True).strip()

    def build(self, project: Path) -> "Build":
        """Builds `project` in place, so it must be a copy. Raises RuntimeError where the build
        fails."""
        (project / ".python-version").write_text(self.version)
        (project / ".vercel").mkdir(exist_ok=True)
        link = {"projectId": "prj_local", "orgId": "team_local", "settings": {"framework": None}}
        (project / ".vercel/project.json").write_text(json.dumps(link))
        done = self.run("build", "--prod", project=project)
        if done.returncode:
            raise RuntimeError(f"vercel build failed:\n{done.stdout}\n{done.stderr}")
        return Build(project, self.python)

    def run(self, *command: str, project: Path) -> "subprocess.CompletedProcess[str]":
        """Runs a command of the CLI in `project`."""
        line = [self.node, str(VERCEL), *command, "--yes", "--cwd", str(project)]
        return subprocess.run(line, env=self._environ(), capture_output=True, text=True)

    def _environ(self) -> Mapping[str, str]:
        path = os.pathsep.join(
            (str(Path(sys.executable).parent), str(Path(self.python).parent), os.environ["PATH"])
        )
        return os.environ | {
            "PATH": path,
            "UV_CACHE_DIR": str(UV_CACHE),
            "VERCEL_PYTHON_COMPILEALL": (
                "1"
            ),  # deployments get bytecode; local builds only with this
            "VERCEL_TELEMETRY_DISABLED": "1",
            "NO_UPDATE_NOTIFIER": "1",
        }


@dataclass(frozen=True)
class Build:
    """What `vercel build` made of the project in `folder`."""

    folder: Path
    python: str

    @property
    def output(self) -> Path:
        return self.folder / ".vercel/output"

    @cached_property
    def routing(self) -> dict[str, Any]:
        """`config.json`: routes and crons."""
        config: dict[str, Any] = json.loads((self.output / "config.json").read_text())
        return config

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """Each function's settings by its address: `/api/sync` is api/sync/index.py."""
        found = self.output / "functions"
        return {
            _address(config.parent.relative_to(found)): json.loads(config.read_text())
            for config in sorted(found.rglob(".vc-config.json"))
        }

    @property
    def static(self) -> dict[str, bytes]:
        folder = self.output / "static"
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    def bundle(self, address: str) -> dict[str, Path]:
        """The files of a function: name in the bundle → where it is now."""
        name = address.removeprefix("/")
        for candidate in (name, f"{name}/index"):
            folder = self.output / f"functions/{candidate}.func"
            if folder.is_dir():
                break
        files = {
            path.relative_to(folder).as_posix(): path
            for path in folder.rglob("*")
            if path.is_file() and path.name != ".vc-config.json"
        }
        mapped = self.functions[address].get("filePathMap", {})
        return files | {name: self.folder / path for name, path in mapped.items()}

    def unpack(self, address: str, destination: Path) -> Path:
        """Lays the bundle out as the function will find it."""
        for name, path in self.bundle(address).items():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, destination / name)
        return destination


def project_files() -> list[str]:
    """What git sees or would add: the project as it is now, without what it ignores."""
    # git distrusts a folder that belongs to somebody else, as a checkout in a CI container often
    # does.
    git = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.check_output(git, cwd=ROOT, text=True).split("\0")
    return sorted({name for name in listed if (ROOT / name).is_file()})


def copy_of_the_project(destination: Path) -> Path:
    for name in project_files():
        (destination / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, destination / name)
    return destination


def _address(function: Path) -> str:
    return "/" + re.sub(r"(/index)?\.func$", "", function.as_posix())
