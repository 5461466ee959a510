"""Looking at one page before a run of it alone: a row, a child page, or a database inside a page, by slug or id.

Besides the page itself only what a change of it reaches is looked at: pages that show its synced blocks, and the page
around one that was renamed or is gone.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from lib.bundle.media import unsigned
from lib.bundle.properties import title as title_of
from lib.bundle.publication import DEFAULT_RULE, PublicationRule, trashed
from lib.errors import Hopeless, Unreadable
from lib.model import JSON, Known
from lib.notion.border.objects import parent_of
from lib.notion.client import NotionClient
from lib.notion.databases import find_source
from lib.notion.ids import object_id
from lib.notion.pages import retrieve
from lib.notion.together import all_of
from lib.sync.facts import Listed, Row, Watched, row_of, unsettled
from lib.sync.survey import Found, Progress, Survey

HIGHEST_CLIMB = 20
"""From a page nobody knows so many steps up to a published one."""


class PageSurvey:
    """Asks Notion; whatever interrupts it, `progress` holds what it knows and goes on another time."""

    def __init__(
        self,
        notion: NotionClient,
        known: Known,
        references: Mapping[str, str],
        progress: Progress,
        wanted: str,
        *,
        now: Callable[[], float],
        rule: PublicationRule = DEFAULT_RULE,
    ) -> None:
        self._notion, self._known, self._references = notion, known, references
        self._wanted, self._rule = wanted, rule
        self._survey = Survey(notion, known, references, progress, now=now, forced_at=None)
        self.progress = progress
        self.problems = self._survey.problems
        self._ahead: list[str] = []
        self._focus: set[str] = set()
        self._rows: dict[str, list[Row]] = {}
        self._pages: dict[str, JSON | None] = {}
        self._gone: dict[str, float] = {}

    async def look(self) -> Found:
        """Raises `Hopeless` (there is no such page to publish), `NotionWait`, `NotionAway`, `OutOfTime`."""
        id = self._id()
        if id not in self._known.databases:
            self._ahead.append(id)
        shown = self._known.kept[id].databases if id in self._known.kept else [id]
        await all_of(self._database(one) for one in shown if one in self._known.databases)
        while ahead := set(self._ahead) - self._focus:
            self._ahead = []
            self._focus |= ahead
            await all_of(self.problems.contain(self._survey.page_problem(one), self._page(one)) for one in ahead)
        return self._found()

    def _found(self) -> Found:
        known, databases = self._known, self.progress.databases
        sources = {known.kept[id].source for id in self._focus if id in known.kept} | set(self._rows)
        return Found(
            listed=[Listed(name, self._rows.get(name, []), whole=False) for name in sorted(sources)],
            watched=Watched(
                read_at=self._read_at(),
                began_at=self.progress.began_at,
                pages=self._pages,
                changed_databases={id for id, state in databases.items() if state == "changed"},
                lost_databases={id for id, state in databases.items() if state == "lost"},
            ),
            gone=self._gone,
            sources={},
            warnings=[*self._doubts(), *self.progress.oddities.warnings],
            problems=list(self.progress.problems.values()),
            again=frozenset(self.problems.again),
            focus=frozenset(self._focus),
        )

    def _doubts(self) -> list[str]:
        return [row.doubt for rows in self._rows.values() for row in rows if row.doubt]

    def _read_at(self) -> float:
        return self._notion.notion_time(self.progress.began_at)

    def _id(self) -> str:
        by_slug = {kept.slug: id for id, kept in self._known.kept.items()}
        if found := by_slug.get(self._wanted.strip("/")):
            return found
        try:
            return object_id(self._wanted)
        except ValueError:
            raise Hopeless(
                f"page {self._wanted}: no page is published under this slug, and it is no Notion page id; "
                "sync everything once, or give the page's id"
            ) from None

    async def _page(self, id: str) -> None:
        kept = self._known.kept.get(id)
        page = await self._retrieve(id)
        source = await self._source_of(page) if page else None
        if page and source:
            row = row_of(page, source, self._read_at(), self.progress.began_at, self._rule)
            self._rows.setdefault(source, []).append(row)
        elif kept and kept.parent is None:  # in the trash for good, or moved out of its source
            self._gone[id] = self.progress.began_at
        elif kept and kept.parent:
            self._pages[id] = page
            if page is None or trashed(page) or title_of(page) != kept.title:
                self._ahead.append(kept.parent)
        elif page:
            self._pages[id] = page
            if id not in {holder for kept in self._known.kept.values() for holder in kept.copied.values()}:
                await self._climb(page)
        if page:
            self._ahead += self._showing(id, page["last_edited_time"])

    async def _retrieve(self, id: str) -> JSON | None:
        """The page, or None where it is published and gone for certain: two different questions say so."""
        if id not in self.progress.pages:
            try:
                self.progress.pages[id] = unsigned(await retrieve(self._notion, id, self.progress.oddities))
            except Unreadable as refusal:
                gone = refusal.notion_status == HTTPStatus.NOT_FOUND and id in self._known.kept
                if not (gone and await self._is_no_block(id)):
                    raise Hopeless(f"page {self._wanted}: Notion does not show it ({refusal.reason})") from None
                self.progress.pages[id] = None
        return self.progress.pages[id]

    async def _is_no_block(self, id: str) -> bool:
        try:
            await self._notion.get(f"blocks/{id}")
        except Unreadable as refusal:
            return refusal.notion_status == HTTPStatus.NOT_FOUND
        return False

    async def _source_of(self, page: JSON) -> str | None:
        home = (page.get("parent") or {}).get("data_source_id")
        if home is None:
            return None
        for name, reference in self._references.items():
            if name not in self.progress.sources:
                kept = self._known.sources.get(name)
                found = kept.source if kept and kept.reference == reference else None
                self.progress.sources[name] = found or await find_source(self._notion, name, reference)
            if self.progress.sources[name].data_source_id == home:
                return name
        return None

    def _showing(self, id: str, edited: str) -> list[str]:
        """Pages with a copy of a synced block that stands on this page, read before it was edited."""
        holders = self._known.holders
        return [
            one
            for one, kept in self._known.kept.items()
            if one != id
            and any(holders.get(original, holder) == id for original, holder in kept.copied.items())
            and unsettled(edited, kept.read_at)
        ]

    async def _climb(self, page: JSON) -> None:
        """A page that is not published: whatever published thing it stands in shows it."""
        above = parent_of(page)
        for _ in range(HIGHEST_CLIMB):
            id: str = above.get("page_id") or above.get("block_id") or ""
            if id in self._known.kept:
                self._ahead.append(id)
                return
            if home := above.get("data_source_id"):
                if shown := [id for id, kept in self._known.databases.items() if home in kept.data_source_ids]:
                    await self._database(shown[0])
                    return
                break
            if not id:
                break
            try:
                holder = await self._notion.get(f"pages/{id}" if "page_id" in above else f"blocks/{id}")
            except Unreadable:
                break
            above = parent_of(holder)
        raise Hopeless(
            f"page {self._wanted} is no row of a source that is synced ({', '.join(self._references)}), "
            "and stands on no published page"
        )

    async def _database(self, id: str) -> None:
        """Whether a child database changed; one that is lost is looked at again by the pages that show it."""
        self._focus.add(id)
        await self._survey.watch_database(id, self._known.databases[id])
        if self.progress.databases.get(id) == "lost":
            self._ahead += [page for page, kept in self._known.kept.items() if id in kept.databases]
