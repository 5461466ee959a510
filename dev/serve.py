"""Serves an ASGI app on a loopback port from a thread: how every stand-in becomes a program and a
test fixture."""

import errno
import random
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import uvicorn

from dev.closing import Closing
from dev.same_site import SameSite

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
KEEP_ALIVE_SECONDS = 600
"""Longer than any client here pauses: a server that closes a connection while a request is on its
way resets it."""


class PortTaken(Exception):
    """Somebody else listens there."""


def listen(port: int = 0) -> socket.socket:
    """A socket on which callers may already wait; port 0 takes a free one. Raises PortTaken."""
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"port {port} is taken") from None
        raise
    listening.listen(128)
    return listening


class Server(Closing):
    """A running server: `url` without a trailing slash, and `close()`. Also a context manager.

    `port` may be a socket that listens already. `date_header` False: the app sends its own `Date`.
    """

    def __init__(
        self, app: Any, port: int | socket.socket = 0, *, date_header: bool = True
    ) -> None:
        self._socket = listen(port) if isinstance(port, int) else port
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        config = uvicorn.Config(
            SameSite(app),
            log_level="error",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            date_header=date_header,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            daemon=True,
            name=f"serve:{self.port}",
        )
        self._thread.start()
        self._wait_until_started()

    def _wait_until_started(self, timeout_seconds: float = 20.0) -> None:
        give_up = time.monotonic() + timeout_seconds
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up:
                raise RuntimeError(f"the server on port {self.port} did not start")
            time.sleep(0.005)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()


def free_port() -> int:
    """A port that nobody listens on, for a server whose address has to be known before it is up:
    none of those that a machine gives to connections, one of which might take it meanwhile."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise PortTaken(f"every port from {PORTS.start} to {PORTS.stop - 1} is taken")
