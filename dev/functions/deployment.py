"""A running deployment as an object, and what of this process it changes."""

import importlib
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from dev.closing import Closing
from dev.functions import project
from dev.functions.cdn import Cdn
from dev.functions.proxy import Proxy
from dev.serve import Server


class Functions(Closing):
    """The project at `root`, deployed: `url`, `close()`. Also a context manager.

    `environ` is added to this process's environment until `close()`, and the modules of `api` and
    `lib` are loaded afresh for the functions, so every deployment starts cold. A process has one at
    a time: a second one raises RuntimeError. `port` may be a socket that listens already;
    `max_duration` (seconds) replaces every `maxDuration` of `vercel.json`. `cdn` stands in front of
    the functions; without one every request reaches them, and their headers go out as they are.
    """

    def __init__(
        self,
        root: Path | str,
        environ: Mapping[str, str],
        port: int | socket.socket = 0,
        *,
        max_duration: float | None = None,
        cdn: Cdn | None = None,
    ) -> None:
        folder = Path(root).resolve()
        self._proxy = Proxy(project.read(folder), max_duration, cdn)
        self._surroundings = _Surroundings(folder, environ)
        try:
            self._server = Server(self._proxy, port)
        except BaseException:
            self._surroundings.restore()
            raise
        self.url = self._server.url

    @property
    def errors(self) -> list[str]:
        """Where the platform had to answer instead: `FUNCTION_INVOCATION_TIMEOUT
        /api/sync/worker`."""
        return self._proxy.errors

    def close(self) -> None:
        self._server.close()
        self._surroundings.restore()


def load_packages(root: Path) -> None:
    """Imports the packages that the project uses; its own modules are forgotten again."""
    surroundings = _Surroundings(root, {})
    try:
        for path in sorted((root / "lib").rglob("*.py")):
            importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
    finally:
        surroundings.restore()


class _Surroundings:
    """Environment, import path and loaded modules: changed for a deployment, and given back. One
    that began before another was given back would give back the other's."""

    _taken_by: ClassVar[str] = ""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        if self._taken_by:
            raise RuntimeError(
                f"the functions of {self._taken_by} still run in this process: close them first"
            )
        self._root = _Surroundings._taken_by = str(root)
        self._environ_before = {name: os.environ.get(name) for name in environ}
        self._modules_before = _take_modules()
        os.environ.update(environ)
        sys.path.insert(0, self._root)
        importlib.invalidate_caches()

    def restore(self) -> None:
        _Surroundings._taken_by = ""
        _take_modules()
        sys.modules.update(self._modules_before)
        sys.path.remove(self._root)
        for name, value in self._environ_before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _take_modules() -> dict[str, ModuleType]:
    """Removes the loaded modules of `api` and `lib`, and returns them."""
    names = [name for name in sys.modules if name.split(".")[0] in {"api", "lib"}]
    return {name: sys.modules.pop(name) for name in names}
