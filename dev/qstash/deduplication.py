"""Which messages were published already, within ten minutes.

Source: https://upstash.com/docs/qstash/features/deduplication.
"""

import hashlib

import msgspec

from dev.qstash.publication import Publication

WINDOW_SECONDS = 600.0


class Deduplication:
    """The keys of the last ten minutes and the ids of the messages that set them."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, float]] = {}

    def earlier(self, publication: Publication, now: float) -> str | None:
        """The id of the message that `publication` repeats."""
        message_id, until = self._kept.get(_key(publication), ("", 0.0))
        return message_id if now < until else None

    def remember(self, publication: Publication, message_id: str, now: float) -> None:
        if key := _key(publication):
            self._kept[key] = (message_id, now + WINDOW_SECONDS)


def _key(publication: Publication) -> str:
    """By id, or else by destination, body, content type and forwarded headers; "" where neither is
    wanted."""
    if publication.deduplication_id:
        return f"id:{publication.deduplication_id}"
    if publication.content_based_deduplication:
        header = sorted(publication.header.items())
        content = msgspec.msgpack.encode((publication.url, publication.body, header))
        return f"content:{hashlib.sha256(content).hexdigest()}"
    return ""
