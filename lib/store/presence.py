"""Whether what is published stands in KV: keys may be evicted, deleted by hand, or overwritten by another program."""

from collections.abc import Sequence

import msgspec

from lib.model import LOST_INDEX, Known
from lib.store.keys import Keys
from lib.store.kv import Kv

CHECKED_AT_ONCE = 3_000
"""Keys that one run looks at, with one command. Of more, each run looks at some of them, in turn."""
MOST_NAMED = 5


class _Expected(msgspec.Struct, frozen=True):
    """A key, what it begins with, and the page, database or source that is written anew where it does not."""

    key: str
    begins: str
    owner: str


class Presence:
    """Looks for the keys of what is remembered as published."""

    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv = kv
        self._keys = keys

    async def find_lost(self, known: Known, turn: int) -> Known:
        """Return what is known with what is lost in it: it is due, and the run's warnings name it.

        `turn` is any number that differs from run to run.
        """
        expected = self._expected(known)
        portions = -(-len(expected) // CHECKED_AT_ONCE)
        looked_at = expected[turn % portions :: portions] if portions else []
        if not looked_at:
            return known
        found = await self._kv.script("lost", [one.key for one in looked_at], [one.begins for one in looked_at])
        lost = [looked_at[int(position) - 1] for position in found]
        if not lost:
            return known
        owners = {one.owner for one in lost}
        return msgspec.structs.replace(
            known,
            lost=frozenset(owners),
            sources={
                name: msgspec.structs.replace(source, signatures=LOST_INDEX) if name in owners else source
                for name, source in known.sources.items()
            },
            broken=[*known.broken, _warning(lost)],
        )

    def _expected(self, known: Known) -> Sequence[_Expected]:
        keys = self._keys
        expected = []
        for page_id, kept in known.kept.items():
            begins = f'{{"v":{kept.version},"meta":{{"id":"{page_id}"'
            expected.append(_Expected(keys.page(kept.slug), begins, page_id))
            parts = (keys.part(kept.slug, number) for number in range(1, kept.parts + 1))
            expected += (_Expected(part, "{", page_id) for part in parts)
        for database_id, database in known.databases.items():
            if not database.lost:
                expected.append(_Expected(keys.database(database_id), f'{{"id":"{database_id}"', database_id))
        for name, source in known.sources.items():
            pages = (keys.index(name, number) for number in range(1, len(source.signatures) + 1))
            expected += (_Expected(page, '{"items":[', name) for page in pages)
        return expected


def _warning(lost: Sequence[_Expected]) -> str:
    named = ", ".join(one.key for one in lost[:MOST_NAMED])
    more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
    return f"KV lost what is published under {named}{more}, or something else stands there: it is written again"
