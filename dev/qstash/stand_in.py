"""The stand-in as an object: a test fixture, and what the local stack starts."""

from collections import Counter
from typing import Any

import httpx
import msgspec

from dev.closing import Closing
from dev.qstash.account import Account, Settings
from dev.qstash.app import App
from dev.qstash.delivery import tls_context
from dev.qstash.faults import Fault
from dev.qstash.message import Message
from dev.qstash.signature import PUBLIC_TOKEN, SigningKeys
from dev.serve import Server


class QStashStandIn(Closing):
    """A running QStash: `url`, `token`, `current_signing_key`, `next_signing_key`. Also a context
    manager.

    `allow_loopback=False` refuses loopback and private destinations as QStash does.
    `messages_per_day` and `listings_per_second` are the plan's limits, None for none. The queue's
    clock passes `time_scale` times as fast as the real one, and `speed` divides the delays before
    retries, whoever asked for them. Everything is also to be had over HTTP below `/_control/`, see
    `dev.qstash.api.control`.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        token: str = PUBLIC_TOKEN,
        allow_loopback: bool = True,
        messages_per_day: int | None = None,
        listings_per_second: int | None = None,
        time_scale: float = 1.0,
        speed: float = 1.0,
    ) -> None:
        self.token = token
        settings = Settings(
            token, allow_loopback, messages_per_day, listings_per_second, time_scale, speed
        )
        self._server = Server(App(Account(settings)), port)
        self.url = self._server.url
        self._http = httpx.Client(
            base_url=f"{self.url}/_control/", verify=tls_context(), timeout=None, trust_env=False
        )

    @property
    def current_signing_key(self) -> str:
        return self._keys().current

    @property
    def next_signing_key(self) -> str:
        return self._keys().next

    @property
    def messages(self) -> list[Message]:
        """Every message accepted since the start or the last `reset()`, oldest first, as it is
        now."""
        return msgspec.json.decode(self._control("GET", "messages").content, type=list[Message])

    @property
    def counts(self) -> Counter[str]:
        """Accepted messages by kind: `publish`, `callback`, `failureCallback`, `schedule`. All of
        them are billed."""
        return Counter(self._control("GET", "counts").json())

    def advance(self, seconds: float) -> None:
        """Moves the queue's clock on: waiting messages become due. What follows from them counts
        from the new time."""
        self._control("POST", "advance", {"seconds": seconds})

    def drain(self, timeout_seconds: float = 100.0) -> None:
        """Waits until nothing is in flight and nothing is due. Raises `TimeoutError`."""
        self._control("POST", "drain", {"seconds": timeout_seconds})

    def halt(self, timeout_seconds: float = 100.0) -> None:
        """Delivers nothing more until `reset()`, and waits until nothing is in flight. Raises
        `TimeoutError`."""
        self._control("POST", "halt", {"seconds": timeout_seconds})

    def fail(self, fault: Fault) -> None:
        """Sets a fault; several may be set at once."""
        self._control("POST", "faults", msgspec.to_builtins(fault))

    def heal(self) -> None:
        """Takes all faults away."""
        self._control("DELETE", "faults")

    def fire(self, schedule_id: str) -> str:
        """Publishes a schedule's message now; answers its id."""
        message_id: str = self._control("POST", f"schedules/{schedule_id}/fire").json()["messageId"]
        return message_id

    def reset(self) -> None:
        """As at the start: no messages (those in flight are abandoned), the first keys, no faults,
        the real time."""
        self._control("POST", "reset")

    def close(self) -> None:
        self._http.close()
        self._server.close()

    def _keys(self) -> SigningKeys:
        return msgspec.json.decode(self._control("GET", "keys").content, type=SigningKeys)

    def _control(self, method: str, name: str, body: Any = None) -> httpx.Response:
        response = self._http.request(method, name, json=body)
        if response.status_code == httpx.codes.GATEWAY_TIMEOUT:
            raise TimeoutError(response.json()["error"])
        if response.is_error:
            raise ValueError(response.json()["error"])
        return response
