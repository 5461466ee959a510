"""What a look around is about, and how far it has come."""

from collections.abc import Callable

import msgspec

from lib.model import JSON, DatabaseRecord, Problem, Source
from lib.notion.border.objects import Oddities
from lib.notion.pages import Listing
from lib.times import AskedAt


class RunScope(msgspec.Struct, frozen=True, kw_only=True):
    """What a run looks at: `references` are the settings of its sources, `is_whole`: of all of
    them."""

    references: dict[str, str]
    is_whole: bool
    is_forced: bool

    def concerns_source(self, name: str) -> bool:
        """Return whether the run is about what stands in a source."""
        return self.is_whole or name in self.references

    def concerns_database(self, record: DatabaseRecord | None) -> bool:
        """Return whether the run is about a child database: one of unknown place is looked at by
        each."""
        if self.is_whole or record is None or not record.sources:
            return True
        return not self.references.keys().isdisjoint(record.sources)


class Progress(msgspec.Struct, omit_defaults=True):
    """What a survey has done so far."""

    references: dict[str, str] = {}
    """The settings of all sources that it goes by."""
    began_at: float = 0.0
    sources: dict[str, Source] = {}
    listings: dict[str, Listing] = {}
    ahead: dict[str, tuple[AskedAt, list[JSON]]] = {}
    """By source: the pages that were listed last, which nothing has followed from yet, and when
    they were asked for."""
    schemas: dict[str, str] = {}
    """Fingerprints of sources that are asked for their changed rows only: none may show that a
    property was renamed."""
    read_at: dict[str, float] = {}
    """When each source's listing began (epoch seconds, Notion's clock)."""
    confirmed: set[str] = set()
    """Sources of which every missing row has been asked for."""
    pages: dict[str, tuple[AskedAt, JSON | None]] = {}
    """Pages that were asked for and that more than one question may be about, and when."""
    done: set[str] = set()
    """Child pages, databases and things that have been asked for."""
    children: dict[str, tuple[float, JSON | None]] = {}
    """Child pages that are not as they were read (None: not to be had), which nothing has followed
    from yet, and when they were asked for (epoch seconds, Notion's clock)."""
    left: set[str] = set()
    """Child pages that stand below no row that is published, by what was seen in this run."""
    outside: dict[str, str] = {}
    """Things outside of all sources that have changed, and nothing that is published with them."""
    problems: dict[str, Problem] = {}
    """What could not be looked at, by kind and id or name: it is not asked for again in this
    run."""
    again: set[str] = set()
    """Pages among the problems that got no usable answer."""
    tries: dict[str, int] = {}
    """By kind and id or name: slices that ended while something was looked at, and in which nothing
    was answered."""
    unreadable: dict[str, set[str]] = {}
    """By source: rows that were listed and can't be judged."""
    doubts: dict[str, list[str]] = {}
    shown: set[str] = set()
    """Sources of which a row is published, or will be."""
    faulty: set[str] = set()
    """Sources that the owner's rule does not fit."""
    warnings: list[str] = []
    listed: int = 0
    unchanged: int = 0
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    """What was odd in pages and schemas that were asked for one by one."""

    def hand_on(self, notion_time: Callable[[float], float]) -> None:
        """Date what the next slice goes by."""
        self.ahead = {
            name: (asked_at.dated(notion_time), pages)
            for name, (asked_at, pages) in self.ahead.items()
        }
        self.pages = {
            page_id: (asked_at.dated(notion_time), page)
            for page_id, (asked_at, page) in self.pages.items()
        }
