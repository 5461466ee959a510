"""The Next.js example, really built and really served."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from dev.serve import HOST, free_port
from dev.stack import ROOT
from tests.examples.readers import NEXTJS
from tests.waiting import until

BUILD_SECONDS = 600
"""`next build` took 15 s where it was measured; a machine of CI may be busy."""
START_SECONDS = 120
NEXT = "node_modules/next/dist/bin/next"


class NextSite:
    """A copy of the example, built and served with these variables; a context manager.

    The copy shows that the folder needs nothing outside it. Its packages are hard links, so it lies where these are
    possible: on the file system of `node_modules`.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.url = f"http://{HOST}:{free_port()}"
        self._open = ExitStack()
        cache = ROOT / ".cache"
        cache.mkdir(exist_ok=True)
        with self._open:
            home = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="nextjs-", dir=cache)))
            self._folder = home / "site"
            ignored = shutil.ignore_patterns(".next", ".cache", "*.tsbuildinfo")
            shutil.copytree(NEXTJS, self._folder, copy_function=_copy, symlinks=True, ignore=ignored)
            self._environ = {
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "NEXT_TELEMETRY_DISABLED": "1",
                **environ,
            }
            self._log = self._open.enter_context((home / "log").open("w+"))
            self._http = self._open.enter_context(httpx.Client(base_url=self.url, trust_env=False, timeout=60))
            self._build()
            self._serve()
            self._open = self._open.pop_all()

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        return self._http.get(path, headers={"Accept": accept})

    def post(self, path: str, content: bytes, authorization: str) -> httpx.Response:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return self._http.post(path, content=content, headers=headers)

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _build(self) -> None:
        done = subprocess.run(
            ["node", NEXT, "build"],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _serve(self) -> None:
        port = self.url.rpartition(":")[2]
        process = subprocess.Popen(
            ["node", NEXT, "start", "--hostname", HOST, "--port", port],
            cwd=self._folder,
            env=self._environ,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._open.callback(process.wait)
        self._open.callback(process.terminate)
        until(self._answers, START_SECONDS, told=lambda: Path(self._log.name).read_text())

    def _answers(self) -> bool:
        try:
            return self.get("/").status_code == 200
        except httpx.TransportError:
            return False


def _copy(source: str, target: str) -> None:
    """Links the many files of packages; copies the example's own, some of which Next writes anew."""
    if "node_modules" in Path(source).parts:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
