"""What stands under `preview:`: looked at after every change of it, and held against the workspace."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from dev.notion import truth
from dev.notion.nodes import JSON, Database, DataSource, Page
from dev.notion.truth.publication import child_pages, data_sources
from dev.notion.workspace import Workspace
from tests.simulation.databases import Databases
from tests.simulation.redis import Redis

PREFIX, DATABASES, PATHS = "preview:", "preview:db:", "preview:paths"


class _Meta(msgspec.Struct):
    id: str
    slug: str
    lastEdited: str


class _Head(msgspec.Struct):
    v: int
    meta: _Meta


class Previews:
    """Bundles by their slugs, kept up to date key by key. `broken` is what was wrong at an
    instant."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.bundles: dict[str, _Meta] = {}
        self._formats: dict[str, int] = {}
        self.paths: dict[str, str] = {}
        self.databases = Databases(redis, PREFIX, DATABASES)
        self.changes = 0
        """How often something was written or removed."""
        self._spoiled: set[str] = set()
        """Keys that somebody else has deleted or overwritten, until they are written again, or
        nothing is to stand there any more."""
        self.broken: list[str] = []

    def forget(self, key: str) -> None:
        """Somebody has taken a key away, or put something else there."""
        if key.startswith(PREFIX):
            self._spoiled.add(key)

    def look(self, changed: set[str]) -> None:
        """Takes note of the keys that a command has changed."""
        self._spoiled -= changed
        self.changes += any(key.startswith(PREFIX) for key in changed)
        mine = {key for key in changed if key.startswith(PREFIX) and ":part:" not in key}
        mine = {key for key in mine if not key.startswith(DATABASES)}
        for key in mine - {PATHS}:
            text: Any = self._redis.ask("GET", key)
            slug = key.removeprefix(PREFIX)
            if text is None:
                self.bundles.pop(slug, None)
            else:
                head = msgspec.json.decode(text, type=_Head)
                self.bundles[slug], self._formats[slug] = head.meta, head.v
        if PATHS in mine:
            flat: Any = self._redis.ask("HGETALL", PATHS)
            words = [word.decode() for word in flat]
            self.paths = dict(zip(words[::2], words[1::2], strict=True))
        self.databases.look(changed, is_spoiled=bool(self._spoiled))
        self.broken += self.databases.broken
        self.databases.broken.clear()
        self._settle_spoiled()
        standing = {meta.id: slug for slug, meta in self.bundles.items() if meta.slug == slug}
        if (mine and not self._spoiled) and (
            standing != self.paths or len(standing) < len(self.bundles)
        ):
            self.broken.append(f"preview:paths is {self.paths}, and there stands {standing}")

    def _settle_spoiled(self) -> None:
        """Forget spoiled keys under which nothing is to stand any more: nobody tells that they are
        deleted, for they are."""
        shown, slugs = self.databases.shown, set(self.paths.values())
        for key in list(self._spoiled):
            slug = key.removeprefix(PREFIX).partition(":part:")[0]
            if slug not in slugs and key.removeprefix(DATABASES) not in shown:
                self._spoiled.remove(key)
                self.bundles.pop(slug, None)
                self.databases.forget(key)

    def problems(
        self,
        workspace: Workspace,
        sources: Iterable[str],
        published: set[str],
        *,
        version: int,
        is_on: bool,
    ) -> list[str]:
        """Return where they are not what the workspace says, of which these pages are `published`,
        or of another format than this `version`."""
        wanted = _drafts(workspace, sources, published) if is_on else set[str]()
        problems = [f"draft {page} has no preview" for page in sorted(wanted - set(self.paths))]
        problems += [f"{page} has a preview" for page in sorted(set(self.paths) - wanted)]
        for page in sorted(wanted & set(self.paths)):
            edited = truth.expected_page(workspace, page)["last_edited_time"]
            shown = self.bundles[self.paths[page]].lastEdited
            if shown != edited:
                problems.append(f"the preview of {page} is of {shown}, not of {edited}")
            if (given := self._formats[self.paths[page]]) != version:
                problems.append(f"the preview of {page} has the format {given}, not {version}")
        return problems + list(self._database_problems(workspace, wanted))

    def _database_problems(self, workspace: Workspace, drafts: set[str]) -> Iterator[str]:
        """Return where child databases of drafts are not what the workspace says; their titles may
        be of yesterday. One that could not be read when its draft was may be missing."""
        standing, shown = self.databases.standing, self.databases.shown
        yield from (f"{DATABASES}{one} is missing" for one in sorted(shown - set(standing)))
        blocks = [block for page in sorted(drafts) for block in _blocks(workspace, page)]
        named = {
            block["id"]: "unavailable" not in block
            for block in blocks
            if block.get("type") == "child_database"
        }
        for database_id, one in sorted(standing.items()):
            if not named.get(database_id):
                yield f"{DATABASES}{database_id} is left over"
                continue
            rows = [(row.id, row.lastEdited) for row in one.items]
            wanted = list(_rows(workspace, database_id))
            if rows != wanted:
                yield f"{DATABASES}{database_id} has the rows {rows}, not {wanted}"
        told = self.databases.told
        yield from (f"no preview tells of {one}" for one in sorted(set(named) - told))


def _drafts(workspace: Workspace, sources: Iterable[str], published: set[str]) -> set[str]:
    """Rows that are not published as they are, and the pages below them."""
    rows = [row for source in data_sources(workspace, sources) for row in workspace.rows(source)]
    ahead: deque[Page] = deque(row for row in rows if row.id not in published)
    found: set[str] = set()
    while ahead:
        page = ahead.popleft()
        if workspace.is_visible(page):
            found.add(page.id)
            ahead.extend(child_pages(workspace, page))
    return found


def _blocks(workspace: Workspace, page_id: str) -> Iterator[JSON]:
    """All blocks of a page as Notion gives them, those inside others too."""
    ahead = truth.tree(workspace, page_id)
    while ahead:
        block = ahead.pop()
        yield block
        ahead += block.get("children", [])


def _rows(workspace: Workspace, database_id: str) -> Iterator[tuple[str, str]]:
    """The rows of a child database with their times, in their order."""
    for source_id in workspace.get(database_id, Database).children:
        source = workspace.get(source_id, DataSource)
        for row in truth.expected_rows(workspace, source.id):
            yield row["id"], row["last_edited_time"]
