"""The stand-in as an object: a test fixture, and what the local stack starts."""

from collections import Counter

import httpx

from dev.closing import Closing
from dev.serve import Server
from dev.upstash.database import Database
from dev.upstash.faults import Fault
from dev.upstash.rest import Rest
from dev.upstash.state import Callback, State
from dev.upstash.usage import Usage


class UpstashStandIn(Closing):
    """A running Upstash Redis database: `url`, `token`, `read_only_token`. Also a context manager.

    Without `redis_url` the data live in this process and end with it. With one they live in that
    Redis database, and `reset()` empties it. `latency_seconds` holds every answer back; it may be
    changed at any time.
    """

    def __init__(
        self,
        port: int = 0,
        redis_url: str | None = None,
        *,
        token: str = "local-kv-token",
        read_only_token: str = "local-kv-read-only-token",
        max_request_bytes: int = 10_000_000,
        latency_seconds: float = 0.0,
    ) -> None:
        self.token = token
        self.read_only_token = read_only_token
        self._state = State(
            token, read_only_token, max_request_bytes, latency_seconds, Database(redis_url)
        )
        self._server = Server(Rest(self._state), port)
        self.url = self._server.url

    @property
    def commands(self) -> Counter[str]:
        """Executed commands by name; `.total()` is what Upstash would bill."""
        return self._state.usage.commands

    @property
    def usage(self) -> Usage:
        """The same, with requests and bytes."""
        return self._state.usage

    @property
    def latency_seconds(self) -> float:
        return self._state.latency_seconds

    @latency_seconds.setter
    def latency_seconds(self, seconds: float) -> None:
        self._state.latency_seconds = seconds

    def fail(self, fault: Fault) -> None:
        """Sets a fault; several may be set at once."""
        self._state.faults.add(fault)

    def heal(self) -> None:
        """Takes all faults away."""
        self._state.faults.clear()

    def on_command(self, callback: Callback) -> None:
        """Calls `callback("before" | "after", words)` around every command, until `reset()`.

        It runs in a thread of its own while the command waits, so it may block, call the stand-in
        or kill a process. Raising `Failed` ends the request there: before its command, or after it.
        """
        self._state.callbacks.append(callback)

    def reset(self) -> None:
        """As at the start: no data, no faults, no callbacks, nothing counted."""
        httpx.post(f"{self.url}/_control/reset", trust_env=False).raise_for_status()

    def close(self) -> None:
        self._server.close()
