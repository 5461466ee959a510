"""The sources of a run: which data source belongs to which name, and by which rule their rows are
judged."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from lib.bundle.publication import DEFAULT_RULE, PublicationRule
from lib.errors import Hopeless, Unreadable
from lib.model import JSON, Source

Find = Callable[[str, str], Awaitable[Source]]


async def _found_nowhere(name: str, reference: str) -> Source:
    raise Hopeless(f"source {name}: {reference} is not looked for")


class Homes:
    """`sources` are those that are known so far, by name; a survey adds what it finds. `rule` is
    the owner's rule for what is published. `references` are the settings of all sources, of which
    `find` finds one by name and setting."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        rule: PublicationRule = DEFAULT_RULE,
        references: Mapping[str, str] | None = None,
        find: Find = _found_nowhere,
    ) -> None:
        self.sources = dict(sources)
        self.rule = rule
        self._references, self._find = references or {}, find
        self._finding = asyncio.Lock()

    async def home_of(self, page: JSON) -> str | None:
        """Return the name of the source that a page object is a row of; None for none of ours.

        Sources that have not been looked for yet are looked for first. Raises Unreadable where one
        of them can't be found, for the page may be a row of that one.
        """
        home = (page.get("parent") or {}).get("data_source_id")
        if not home:
            return None
        async with self._finding:
            for name, reference in self._references.items():
                if self.name_of(home) is None and name not in self.sources:
                    try:
                        self.sources[name] = await self._find(name, reference)
                    except Hopeless as refusal:
                        raise Unreadable(
                            f"it may stand in a source that is not found: {refusal}", HTTPStatus.OK
                        ) from None
        return self.name_of(home)

    async def is_shown(self, name: str) -> bool:
        """Return whether Notion shows the database of a source: that of one which is not shared any
        more proves nothing of its rows, none of which can be read either."""
        reference = self._references.get(name)
        if reference is None:
            return False
        try:
            await self._find(name, reference)
        except Hopeless:
            return False
        return True

    def name_of(self, data_source_id: str) -> str | None:
        """Return the name under which a data source is synced: the first, where it has two."""
        found = (
            name for name, source in self.sources.items() if source.data_source_id == data_source_id
        )
        return next(found, None)
