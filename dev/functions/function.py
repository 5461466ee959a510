"""One function as Vercel's Python runtime runs it: the handler's class behind the platform's, one
thread per request.

Source: the package vercel-runtime 0.23.2 and https://vercel.com/docs/functions/runtimes/python.
"""

import importlib.util
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dev.functions.project import FunctionFile
from dev.serve import HOST

SHUTDOWN_POLL_SECONDS = 0.05


class NotStarted(Exception):
    """The function's module could not be imported; why was printed."""


class Function:
    """A function that is imported and started when it is first needed."""

    def __init__(self, file: FunctionFile) -> None:
        self.file = file
        self.address: str | None = None
        """Where it listens, once it does."""
        self._server: ThreadingHTTPServer | None = None
        self._starting = threading.Lock()

    def start(self) -> str:
        """Its address; raises `NotStarted`."""
        with self._starting:
            if self.address is None:
                self._server = _Server(
                    (HOST, 0), type("Handler", (_PlatformHandler, self._handler()), {})
                )
                serve = self._server.serve_forever
                threading.Thread(
                    target=serve, args=(SHUTDOWN_POLL_SECONDS,), daemon=True, name=self.file.name
                ).start()
                self.address = f"http://{HOST}:{self._server.server_port}"
            return self.address

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def _handler(self) -> Any:
        try:
            return _load(self.file).handler
        except BaseException as problem:
            sys.excepthook(type(problem), problem, problem.__traceback__)
            raise NotStarted(self.file.name) from problem


class _Server(ThreadingHTTPServer):
    # Connections that the proxy may open at once; the standard library's 5 would refuse some.
    request_queue_size = 128


class _PlatformHandler(BaseHTTPRequestHandler):
    """What the platform puts in front of the handler's class: its own access log."""

    def log_message(self, template: str, *args: Any) -> None:
        print(
            f"{self.address_string()} - - [{self.log_date_time_string()}] {template % args}",
            flush=True,
        )


def _load(file: FunctionFile) -> Any:
    """A module under its dotted name, without its parent packages: relative imports in it fail, as
    on Vercel."""
    spec = importlib.util.spec_from_file_location(file.name, file.path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.path} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.name] = module
    spec.loader.exec_module(module)
    return module
