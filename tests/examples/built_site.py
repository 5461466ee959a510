"""An example as it is built and served: a copy of its folder, which needs nothing outside it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from dev.closing import Closing
from dev.serve import HOST, free_port
from dev.stack import ROOT
from tests.waiting import until

BUILD_SECONDS = 600
"""`next build` took 15 s where it was measured; a machine of CI may be busy."""
START_SECONDS = 120
MADE = shutil.ignore_patterns(".next", ".cache", ".astro", "dist", "*.tsbuildinfo")
"""What a build leaves in the folder."""


class BuiltSite(Closing):
    """A copy of an example, built and served with these variables; a context manager.

    Its packages are hard links, so it lies where these are possible: on the file system of
    `node_modules`. `{port}` in a command or a variable is the port that it listens to.
    """

    def __init__(
        self, example: Path, build: Sequence[str], start: Sequence[str], environ: Mapping[str, str]
    ) -> None:
        port = str(free_port())
        self.url = f"http://{HOST}:{port}"
        self._open = ExitStack()
        cache = ROOT / ".cache"
        cache.mkdir(exist_ok=True)
        with self._open:
            prefix = f"{example.name}-"
            home = Path(
                self._open.enter_context(tempfile.TemporaryDirectory(prefix=prefix, dir=cache))
            )
            self._folder = home / "site"
            shutil.copytree(example, self._folder, copy_function=_copy, symlinks=True, ignore=_made)
            own = {name: value.replace("{port}", port) for name, value in environ.items()}
            self._environ = {"PATH": os.environ["PATH"], "HOME": str(home), **own}
            self._log = self._open.enter_context((home / "log").open("w+"))
            self._http = self._open.enter_context(
                httpx.Client(base_url=self.url, trust_env=False, timeout=60)
            )
            self._build(build)
            self._serve([word.replace("{port}", port) for word in start])
            self._open = self._open.pop_all()

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        return self._http.get(path, headers={"Accept": accept})

    def post(self, path: str, content: bytes, authorization: str) -> httpx.Response:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return self._http.post(path, content=content, headers=headers)

    def close(self) -> None:
        self._open.close()

    def _build(self, command: Sequence[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _serve(self, command: Sequence[str]) -> None:
        process = subprocess.Popen(
            command, cwd=self._folder, env=self._environ, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._open.callback(process.wait)
        self._open.callback(process.terminate)
        until(self._answers, START_SECONDS, told=lambda: Path(self._log.name).read_text())

    def _answers(self) -> bool:
        try:
            return self.get("/").status_code == 200
        except httpx.TransportError:
            return False


def _made(folder: str, names: list[str]) -> set[str]:
    """What an earlier build left among these names; packages bring much that is built, and are
    copied whole."""
    return set() if "node_modules" in Path(folder).parts else MADE(folder, names)


def _copy(source: str, target: str) -> None:
    """Links the many files of packages; copies the example's own, some of which a build writes
    anew."""
    if "node_modules" in Path(source).parts:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
