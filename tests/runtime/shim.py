"""Starts a built function on Vercel's own shim, in the mode production uses.

The shim (`vercel_runtime.vc_init`, in every bundle) serves the function on a free loopback port and
tells over a Unix socket what happens: JSON messages, each ended by a NUL byte.
"""

import base64
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

START_SECONDS = 30.0

Message = dict[str, Any]


class Function:
    """A running function: `port` on loopback, `logs`, `cold_start`; `stop()` ends it as the
    platform does."""

    def __init__(
        self, bundle: Path, python: str, settings: Mapping[str, Any], environ: Mapping[str, str]
    ) -> None:
        self.settings = settings
        self.port = 0
        self.cold_start: Message = {}
        """`initDuration` and, of that, `userInitDuration`, in milliseconds."""
        self.ended = 0
        """Invocations that the shim has reported as ended."""
        self._logs: list[Message] = []
        self._changed = threading.Condition()
        self._trouble: str | None = None
        # A Unix socket's path must stay under 108 bytes, which pytest's own folders need not.
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
            path = f"{folder}/ipc"
            listening.bind(path)
            listening.listen(1)
            listening.settimeout(START_SECONDS)
            self._process = subprocess.Popen(
                [python, "vc__handler__python.py"],
                cwd=bundle,
                env=_platform_environ()
                | settings.get("environment", {})
                | dict(environ)
                | {"VERCEL_IPC_PATH": path},
            )
            try:
                self._connection = listening.accept()[0]
            except TimeoutError:
                self._process.kill()
                raise RuntimeError(
                    "the function's process never spoke: its output is above"
                ) from None
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        with self._changed:
            self._changed.wait_for(lambda: self.port or self._trouble, START_SECONDS)
        if not self.port:
            self.stop(signal.SIGKILL)
            raise RuntimeError(
                f"the function did not start: {self._trouble}\n" + "".join(self.logs)
            )

    @property
    def logs(self) -> list[str]:
        """What it printed, one entry for each entry on Vercel."""
        return [log["message"] for log in list(self._logs)]

    @property
    def levels(self) -> list[str]:
        """The level of each entry as Vercel filters by it; what goes to stdout has none, and counts
        as info there."""
        return [log.get("level", "info") for log in list(self._logs)]

    @property
    def loose_logs(self) -> list[str]:
        """Those that Vercel couldn't tie to a request."""
        return [log["message"] for log in list(self._logs) if log["context"]["invocationId"] == "0"]

    def wait_until_ended(self, invocations: int, timeout_seconds: float = 10.0) -> bool:
        with self._changed:
            return bool(self._changed.wait_for(lambda: self.ended >= invocations, timeout_seconds))

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(sign)
        self._process.wait(10)
        self._listener.join(10)
        self._connection.close()

    def _listen(self) -> None:
        for message in _messages(self._connection):
            with self._changed:
                self._note(message["type"], message.get("payload", {}))
                self._changed.notify_all()

    def _note(self, kind: str, payload: Message) -> None:
        match kind:
            case "server-started":
                self.port = payload["httpPort"]
                self.cold_start = payload
            case "unrecoverable-error":
                self._trouble = payload.get("message", "unrecoverable error")
            case "end":
                self.ended += 1
            case "log":
                self._logs.append(
                    payload | {"message": base64.b64decode(payload["message"]).decode()}
                )


def _messages(connection: socket.socket) -> Iterator[Message]:
    rest = b""
    while piece := connection.recv(65_536):
        *whole, rest = (rest + piece).split(b"\0")
        yield from map(json.loads, whole)


def _platform_environ() -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "VERCEL": "1",
        "VERCEL_ENV": "production",
    }
