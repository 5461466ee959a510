"""Texts of any length under one key: what does not fit into one request stands in further pieces
beside it."""

from collections.abc import Awaitable, Callable
from hashlib import sha256

from lib.store.kv import Kv
from lib.store.salvage import read_count

BYTES_PER_CHARACTER = 4
"""At most, in UTF-8."""
MOST_PIECES = 1_000
"""More say that another wrote there."""


class Pieces:
    """A text stands as `key` (number of pieces, digest of the whole, first piece) and `key:2`,
    `key:3`, …"""

    def __init__(self, kv: Kv) -> None:
        self._kv = kv

    async def keep_pieces(
        self, key: str, text: str, put: Callable[[str, str], Awaitable[None]]
    ) -> None:
        """Keep a text; `put` takes key and piece. The head comes last: cut off before it, what
        stood there is unreadable."""
        length = self._kv.max_request_bytes // BYTES_PER_CHARACTER
        pieces = [text[at : at + length] for at in range(0, len(text), length)] or [""]
        head = f"{len(pieces)} {_digest_of(text)} {pieces[0]}"
        for number, piece in enumerate(pieces[1:], 2):
            await put(f"{key}:{number}", piece)
        await put(key, head)

    async def read_pieces(self, key: str) -> str | None:
        """The text, whole; None where there is none, or where it was cut off while it was
        written."""
        head: str | None = await self._kv.command("GET", key)
        if head is None:
            return None
        count, _, rest = head.partition(" ")
        digest, _, text = rest.partition(" ")
        number_of_pieces = read_count(count)
        if number_of_pieces is None or number_of_pieces > MOST_PIECES:
            return None
        for number in range(2, number_of_pieces + 1):
            text += await self._kv.command("GET", f"{key}:{number}") or ""
        return text if _digest_of(text) == digest else None


def _digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
