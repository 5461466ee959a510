"""Looks at KV after every single change of it, and says which invariant of DESIGN §3 is broken."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from tests.simulation.redis import Redis

PART = re.compile(r"page:(?P<slug>.*):part:(?P<number>\d+)")
INDEX = re.compile(r"(?P<source>[a-z0-9_-]+):index(:(?P<number>\d+))?")


class _Meta(msgspec.Struct):
    id: str
    slug: str
    lastEdited: str
    parent: str | None = None


class Head(msgspec.Struct):
    """What is looked at of a page's bundle."""

    meta: _Meta
    parts: int = 0
    digest: str = ""


class _Part(msgspec.Struct):
    digest: str = ""


class _Item(msgspec.Struct):
    id: str
    slug: str


class _Index(msgspec.Struct):
    items: list[_Item]


class _Document(msgspec.Struct):
    id: str


S = TypeVar("S")


def _part_keys(head: Head) -> list[str]:
    return [f"page:{head.meta.slug}:part:{number}" for number in range(1, head.parts + 1)]


class Watcher:
    """What a site reads, kept up to date key by key. `worthy_since` says since when Notion has
    shown a page that is to be published (None: it doesn't), `unworthy_since` the opposite, and
    `oldest` when the oldest run that is under way was begun; all in true epoch seconds."""

    def __init__(
        self,
        redis: Redis,
        now: Callable[[], float],
        worthy_since: Callable[[str], float | None],
        unworthy_since: Callable[[str], float | None],
        oldest: Callable[[], float],
    ) -> None:
        self._redis, self._now = redis, now
        self._worthy_since, self._unworthy_since, self._oldest = (
            worthy_since,
            unworthy_since,
            oldest,
        )
        self.pages: dict[str, Head] = {}
        self._parts: dict[str, str] = {}
        self._indexes: dict[str, list[_Item]] = {}
        self._documents: dict[str, str] = {}
        self._redirects: dict[str, str] = {}
        self._had: dict[str, str] = {}
        """Slugs that were ever published, and the page that stood there last."""
        self._paths: dict[str, str] | None = None
        self._before: set[str] = set()
        self._newest: dict[str, str] = {}
        self._dropped_at: dict[str, float] = {}
        self.spoiled: set[str] = set()
        """Keys that somebody else has deleted or overwritten, until they are written again."""
        self._spoiled_pages: set[str] = set()
        """The same, of pages, which may move to other keys meanwhile."""
        self.broken: list[str] = []

    def look(self, changed: set[str]) -> None:
        """Takes note of the keys that a command has changed."""
        self.spoiled -= changed
        changed = changed - self.spoiled
        before = {head.meta.id for head in self.pages.values()}
        self._before = before
        for key in sorted(changed):
            self._read(key)
        after = {head.meta.id for head in self.pages.values()}
        for page in sorted(before - after - self._spoiled_pages):
            self._gone(page)
        for page in sorted(after - before):
            self._arrived(page)
        self._spoiled_pages -= {
            head.meta.id for head in self.pages.values() if self._is_whole(head)
        }
        if not self.is_spoiled:
            self._check_indexes()
            self._check_parts(changed)
            self._check_paths()
            self._check_redirects()

    @property
    def is_spoiled(self) -> bool:
        """Whether somebody else's change is not mended yet."""
        return bool(self.spoiled or self._spoiled_pages)

    def forget(self, key: str) -> str:
        """Somebody has taken a key away, or put something else there: no fault of the functions.
        Return the page that it was of, "" for none."""
        self.spoiled.add(key)
        slug = part["slug"] if (part := PART.fullmatch(key)) else key.partition(":")[2]
        head = self.pages.get(f"page:{slug}")
        if head is None:
            return ""
        self._spoiled_pages.add(head.meta.id)
        return head.meta.id

    def _is_whole(self, head: Head) -> bool:
        slug = head.meta.slug
        keys = {f"page:{slug}", f"doc:{slug}", *_part_keys(head)}
        has_document = not self._documents or f"doc:{slug}" in self._documents
        return not (keys & self.spoiled) and has_document and self._has_parts(head)

    def _has_parts(self, head: Head) -> bool:
        return all(self._parts.get(key) == head.digest for key in _part_keys(head))

    def _read(self, key: str) -> None:
        text: Any = None if key == "paths" else self._redis.ask("GET", key)
        if key == "paths":
            flat: Any = self._redis.ask("HGETALL", key)
            words = [word.decode() for word in flat]
            self._paths = dict(zip(words[::2], words[1::2], strict=True))
        elif key == "redirects":
            self._redirects = self._held(key, text, dict[str, str], "redirects") or {}
        elif PART.fullmatch(key):
            part = self._held(key, text, _Part, "part")
            self._take(self._parts, key, part and part.digest)
        elif key.startswith("page:"):
            self._take_page(key, self._held(key, text, Head, "bundle"))
        elif INDEX.fullmatch(key):
            index = self._held(key, text, _Index, "index")
            self._take(self._indexes, key, index and index.items)
        elif key.startswith("doc:"):
            document = self._held(key, text, _Document, "document")
            self._take(self._documents, key, document and document.id)

    def _held(self, key: str, text: bytes | None, kind: type[S], name: str) -> S | None:
        """What a key holds, None for nothing. What another wrote moves along with its page."""
        try:
            return None if text is None else msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError:
            if not self._spoiled_pages:
                self._say(f"{key} holds no {name}: {(text or b'')[:80]!r}")
            return None

    def _take(self, into: dict[str, Any], key: str, value: Any) -> None:
        if value is None:
            into.pop(key, None)
        else:
            into[key] = value

    def _take_page(self, key: str, head: Head | None) -> None:
        if head is None:
            self.pages.pop(key, None)
            return
        self.pages[key] = head
        self._had[head.meta.slug] = head.meta.id
        meta = head.meta
        if key != f"page:{meta.slug}":
            self._say(f"{key} holds the bundle of {meta.slug}")
        if meta.lastEdited < self._newest.get(meta.id, ""):
            self._say(
                f"{key}: what was edited at {meta.lastEdited} replaces {self._newest[meta.id]}"
            )
        is_moved = meta.id in self._before and meta.lastEdited == self._newest.get(meta.id)
        self._newest[meta.id] = max(meta.lastEdited, self._newest.get(meta.id, ""))
        hidden = None if is_moved else self._unworthy_since(meta.id)
        if hidden is not None and hidden < self._oldest():
            self._say(f"{key} is written, though it is hidden since {self._now() - hidden:.0f} s")

    def _gone(self, page: str) -> None:
        self._dropped_at[page] = self._now()
        since = self._worthy_since(page)
        if since is not None and since < self._oldest():
            self._say(
                f"page {page} is not published any more, though Notion shows it since"
                f" {self._now() - since:.0f} s"
            )

    def _arrived(self, page: str) -> None:
        hidden, dropped = self._unworthy_since(page), self._dropped_at.get(page)
        if hidden is not None and dropped is not None and hidden <= min(dropped, self._oldest()):
            self._say(f"page {page} is back, though it is hidden as it was when it was unpublished")

    def _check_indexes(self) -> None:
        for key, items in self._indexes.items():
            for item in items:
                head = self.pages.get(f"page:{item.slug}")
                if head is None or head.meta.id != item.id:
                    self._say(f"{key} names {item.slug}, which has no bundle of its own")

    def _check_parts(self, changed: set[str]) -> None:
        for key in changed:
            slug = part["slug"] if (part := PART.fullmatch(key)) else key.removeprefix("page:")
            head = self.pages.get(f"page:{slug}")
            if head is not None and not self._has_parts(head):
                self._say(f"page:{slug} is not whole")

    def _check_paths(self) -> None:
        published = {head.meta.id: head.meta.slug for head in self.pages.values()}
        if self._paths is not None and self._paths.keys() != published.keys():
            odd = sorted(self._paths.keys() ^ published.keys())
            self._say(f"paths does not name exactly what is published: {odd}")
        if self._documents:
            slugs = {f"doc:{head.meta.slug}" for head in self.pages.values()}
            if odd := sorted(self._documents.keys() ^ slugs):
                self._say(f"documents and pages differ: {odd}")

    def _check_redirects(self) -> None:
        for old, new in self._redirects.items():
            head, page = self.pages.get(f"page:{new}"), self._had.get(old)
            if head is None:
                self._say(f"redirects lead from {old} to {new}, where nothing stands")
            elif page != head.meta.id:
                self._say(f"redirects lead from {old} to {new}, where another page stands")

    def _say(self, problem: str) -> None:
        if problem not in self.broken:
            self.broken.append(problem)
