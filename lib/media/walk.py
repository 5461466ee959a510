"""Looking through a page's blocks for hosted files: one request gives the addresses of all that
stand side by side.

A browser asks for all pictures of a page at once, so whoever asks first looks for the others too: a
hundred blocks, and from there the next one goes on whose file was not among them. That never costs
more than half of what asking for each file would.
"""

from typing import Self

import msgspec

from lib import json_text
from lib.bundle.media import Signed, hosted_files
from lib.model import JSON
from lib.notion.lists import PAGE_SIZE
from lib.store.salvage import read_record

NOT_ENTERED = frozenset({"child_page", "child_database", "synced_block", "column_list"})
"""Kinds of blocks whose children stand in another bundle, may be another block's, or come one by
one."""


class FileWalk(msgspec.Struct, frozen=True, array_like=True):
    """What is still to be listed: children of blocks, each from a cursor on ("": from the
    beginning), `left` times.

    `until` (epoch seconds; 0: not known yet) is when the first addresses that it found end, and it
    begins anew.
    """

    left: int
    places: list[tuple[str, str]]
    until: float = 0.0

    @classmethod
    def through(cls, page_id: str, files: int) -> Self:
        """Return a walk through a page in whose blocks this number of files stand."""
        return cls(max(1, files // 2), [(page_id, "")])

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the walk of such a `text`; None for any other."""
        walk = read_record(text, cls)
        return walk if walk and walk.text else None

    @property
    def text(self) -> str:
        """What `read` takes; "" where nothing is left to do."""
        return json_text.encode(self) if self.left and self.places else ""

    @property
    def request(self) -> tuple[str, JSON]:
        """Path and query of the next request."""
        block_id, cursor = self.places[0]
        return f"blocks/{block_id}/children", {"page_size": PAGE_SIZE} | (
            {"start_cursor": cursor} if cursor else {}
        )

    def ending(self, until: float) -> Self:
        """The same walk, where addresses that were found just now end then."""
        return type(self)(self.left, self.places, min(self.until or until, until))

    def take(self, answer: JSON) -> "Step":
        """Go on by one answer."""
        results = answer.get("results")
        blocks = [one for one in results if _is_block(one)] if isinstance(results, list) else []
        block_id, cursor = self.places[0]
        following = answer.get("next_cursor") if answer.get("has_more") else None
        goes_on = (
            [(block_id, following)] if isinstance(following, str) and following != cursor else []
        )
        below = [
            (block["id"], "")
            for block in blocks
            if block.get("has_children") and block.get("type") not in NOT_ENTERED
        ]
        left = self.left - 1
        found = {
            f"block={block['id']}&file={file}": signed
            for block in blocks
            for file, signed in hosted_files(block).items()
        }
        places = [*goes_on, *self.places[1:], *below]
        return Step(
            found,
            {f"block={block['id']}" for block in blocks},
            FileWalk(left, places[:left], self.until),
        )

    def give_up(self) -> "Step":
        """Go on without what can't be listed."""
        return Step({}, set(), FileWalk(self.left - 1, self.places[1:], self.until))


class Step(msgspec.Struct, frozen=True):
    """The files that one request found, by their tokens, the holders it saw, and how the walk goes
    on."""

    found: dict[str, Signed]
    holders: set[str]
    walk: FileWalk


def _is_block(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str)
