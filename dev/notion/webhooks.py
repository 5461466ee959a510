"""Notion's webhooks: a subscription that is verified with its token, and events about edits,
gathered for a while.

https://developers.notion.com/reference/webhooks-events-delivery. Events of one kind about one thing
within the window become one; they are signed with the token, and say what happened, never what is
there now.
"""

import hmac
import json
import threading
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from dev.notion.clock import Clock, exact
from dev.notion.nodes import JSON, DataSource, Node, Page
from dev.notion.workspace import INTEGRATION_ID, SPACE_ID, Workspace

API_VERSION = "2026-03-11"
SECRET = "secret_local_webhook_of_the_stand_in"  # noqa: S105 - signs nothing but this stand-in's events
TIMEOUT_SECONDS = 30.0
LISTS = ("updated_blocks", "updated_properties")
UNDOES = {"page.deleted": ("page.created", "page.undeleted"), "page.undeleted": ("page.deleted",)}
"""What happens in quick succession and cancels out gives no event at all."""


@dataclass(frozen=True)
class Delivery:
    """An event as it was sent, and the status it was answered with (0: nobody answered)."""

    event: JSON
    status: int


class Webhooks:
    """`subscribe` sets the address; from then on `note` gathers events, and `flush` sends them.
    With `window_seconds` they are sent by themselves so long after the first one."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self._workspace, self._clock = workspace, clock
        self._lock = threading.Condition()
        self.token = SECRET
        self.reset()

    def reset(self) -> None:
        """No subscription, nothing gathered, nothing sent."""
        with self._lock:
            self._url = ""
            self._window_seconds: float | None = None
            self._pending: dict[tuple[str, str], JSON] = {}
            self.deliveries: list[Delivery] = []

    def subscribe(self, url: str, window_seconds: float | None = None) -> httpx.Response:
        """Sends the handshake; the answer is the endpoint's. The token that it carries is
        `token`."""
        with self._lock:
            self._url, self._window_seconds = url, window_seconds
        return self._post({"verification_token": self.token})

    def note(self, kind: str, node: Node, **data: Any) -> None:
        """Something happened to a node. What the integration can't see gives no event."""
        if not self._url or not self._workspace.is_visible(node):
            return
        with self._lock:
            first = not self._pending
            self._gather(kind, node, data)
            if first and self._window_seconds is not None:
                timer = threading.Timer(self._window_seconds, self.flush)
                timer.daemon = True
                timer.start()

    def flush(self) -> list[Delivery]:
        """Sends what was gathered, newest first: Notion promises no order."""
        with self._lock:
            events, self._pending = list(self._pending.values()), {}
        return [self._deliver(event) for event in reversed(events)]

    def wait(self, count: int, timeout_seconds: float = 10.0) -> None:
        """Waits until so many events were sent. Raises `TimeoutError`."""
        with self._lock:
            if not self._lock.wait_for(lambda: len(self.deliveries) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self.deliveries)} of {count} events were sent")

    def redeliver(self) -> list[Delivery]:
        """Sends every event again, as Notion does that missed an answer."""
        return [
            self._deliver({**one.event, "attempt_number": one.event["attempt_number"] + 1})
            for one in list(self.deliveries)
        ]

    def signature(self, content: bytes) -> str:
        return f"sha256={hmac.digest(self.token.encode(), content, 'sha256').hex()}"

    def _gather(self, kind: str, node: Node, data: JSON) -> None:
        if any(self._pending.pop((node.id, undone), None) for undone in UNDOES.get(kind, ())):
            return
        before = self._pending.get((node.id, kind))
        if before is None:
            self._pending[node.id, kind] = self._event(kind, node, data)
            return
        for name in LISTS:
            known = before["data"].get(name, [])
            known += [one for one in data.get(name, []) if one not in known]

    def _event(self, kind: str, node: Node, data: JSON) -> JSON:
        return {
            "id": str(uuid.uuid4()),
            "timestamp": exact(self._clock.now()).replace("+00:00", "Z"),
            "workspace_id": SPACE_ID,
            "workspace_name": self._workspace.name,
            "subscription_id": "5b5c5d5e-0000-4000-8000-000000000001",
            "integration_id": INTEGRATION_ID,
            "type": kind,
            "authors": [{"id": node.edited_by, "type": "person"}],
            "attempt_number": 1,
            "api_version": API_VERSION,
            "entity": {"id": node.id, "type": kind.partition(".")[0]},
            "data": {"parent": self._parent(node), **data},
        }

    def _parent(self, node: Node) -> JSON:
        if node.parent is None:
            return {"id": SPACE_ID, "type": "space"}
        parent = self._workspace.nodes[node.parent]
        if isinstance(parent, DataSource):
            return {"id": parent.parent, "type": "database", "data_source_id": parent.id}
        if isinstance(node, DataSource):
            return {"id": parent.id, "type": "database"}
        return {"id": parent.id, "type": "page" if isinstance(parent, Page) else "block"}

    def _deliver(self, event: JSON) -> Delivery:
        try:
            status = self._post(event).status_code
        except httpx.HTTPError:
            status = 0
        delivery = Delivery(event, status)
        with self._lock:
            self.deliveries.append(delivery)
            self._lock.notify_all()
        return delivery

    def _post(self, body: JSON) -> httpx.Response:
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Notion-Signature": self.signature(content),
        }
        return httpx.post(
            self._url, content=content, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )
