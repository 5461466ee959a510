"""Publishing one message with the Python SDK, and with plain HTTP where the SDK would not say what
a test wants."""

from typing import Any

import httpx
from qstash import QStash
from qstash.message import PublishResponse

from dev.qstash import QStashStandIn


def publish(client: QStash, url: str, **options: Any) -> str:
    """The new message's id."""
    answer = client.message.publish(url=url, **options)
    assert isinstance(answer, PublishResponse)
    return answer.message_id


def ask(
    qstash: QStashStandIn,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> Any:
    """The response of the API to a request with the right token."""
    authorised = {"Authorization": f"Bearer {qstash.token}", **(headers or {})}
    return httpx.request(
        method, f"{qstash.url}{path}", headers=authorised, trust_env=False, **options
    )
