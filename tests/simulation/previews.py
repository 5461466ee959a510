"""What stands under `preview:`: looked at after every change of it, and held against the workspace."""

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec

from dev.notion import truth
from dev.notion.nodes import Page
from dev.notion.truth.publication import child_pages, data_sources
from dev.notion.workspace import Workspace
from tests.simulation.redis import Redis

PREFIX, PATHS = "preview:", "preview:paths"


class _Meta(msgspec.Struct):
    id: str
    slug: str
    lastEdited: str


class _Head(msgspec.Struct):
    meta: _Meta


class Previews:
    """Bundles by their slugs, kept up to date key by key. `broken` is what was wrong at an
    instant."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.bundles: dict[str, _Meta] = {}
        self.paths: dict[str, str] = {}
        self.broken: list[str] = []

    def look(self, changed: set[str]) -> None:
        """Takes note of the keys that a command has changed."""
        mine = {key for key in changed if key.startswith(PREFIX) and ":part:" not in key}
        for key in mine - {PATHS}:
            text: Any = self._redis.ask("GET", key)
            slug = key.removeprefix(PREFIX)
            if text is None:
                self.bundles.pop(slug, None)
            else:
                self.bundles[slug] = msgspec.json.decode(text, type=_Head).meta
        if PATHS in mine:
            flat: Any = self._redis.ask("HGETALL", PATHS)
            words = [word.decode() for word in flat]
            self.paths = dict(zip(words[::2], words[1::2], strict=True))
        standing = {meta.id: slug for slug, meta in self.bundles.items() if meta.slug == slug}
        if mine and (standing != self.paths or len(standing) < len(self.bundles)):
            self.broken.append(f"preview:paths is {self.paths}, and there stands {standing}")

    def problems(
        self, workspace: Workspace, sources: Iterable[str], published: set[str], *, is_on: bool
    ) -> list[str]:
        """Return where they are not what the workspace says, of which these pages are
        `published`."""
        wanted = _drafts(workspace, sources, published) if is_on else set[str]()
        problems = [f"draft {page} has no preview" for page in sorted(wanted - set(self.paths))]
        problems += [f"{page} has a preview" for page in sorted(set(self.paths) - wanted)]
        for page in sorted(wanted & set(self.paths)):
            edited = truth.expected_page(workspace, page)["last_edited_time"]
            shown = self.bundles[self.paths[page]].lastEdited
            if shown != edited:
                problems.append(f"the preview of {page} is of {shown}, not of {edited}")
        return problems


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
