"""How many bytes of KV the sample workspace takes, by what they are for, what is saved without the
pages' texts, and what these take of a sync."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from bench import markdown
from bench.full import DEEP, WORKSPACES
from bench.rig import Rig

Command = Callable[..., Any]
ENGINE = "sync:"
WITHOUT_DOCS: Mapping[str, str] = {"SYNC_DOCS": "off"}
KINDS: Mapping[str, str] = {
    "page:": "bundles (`page:`)",
    "doc:": "texts (`doc:`)",
    "paths": "`paths`",
    "db:": "child databases (`db:`)",
    ":index": "indexes and `redirects`",
    ENGINE: "what the engine remembers (`sync:`)",
}
"""By how a key begins, what it is; `:index` stands for all that is left."""


class Sizes(msgspec.Struct, frozen=True):
    """Bytes of values by kind of key (`KINDS`), and of all `refs` among those of the bundles."""

    pages: int
    kinds: dict[str, int]
    refs: int

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


class Price(msgspec.Struct, frozen=True):
    """What a first sync of pages that stand ten levels deep takes; `seconds` with its waits."""

    seconds: float
    cpu_seconds: float


class Storage(msgspec.Struct, frozen=True):
    """What a first sync writes; `without_docs` are all bytes with `SYNC_DOCS=off`, and `prices`
    those of a sync with texts and without."""

    sizes: Sizes
    without_docs: int
    prices: tuple[Price, Price]


def measure() -> Storage:
    """Return what a first sync of the sample workspace writes, and what texts take of one of deep
    pages."""
    return Storage(
        _sizes({}), _sizes(WITHOUT_DOCS).total, (_price_of_sync({}), _price_of_sync(WITHOUT_DOCS))
    )


def sizes_of(command: Command) -> Sizes:
    """Return the sizes of what stands in a KV; `command` gives a command's plain answer."""
    kinds: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    refs = pages = 0
    for key in command("KEYS", "*"):
        kind = next((kind for kind in KINDS if key.startswith(kind)), ":index")
        kinds[kind] += size_of(command, key)
        if kind == "page:" and (found := json.loads(command("GET", key)).get("refs")) is not None:
            pages += 1
            refs += len(json.dumps(found, separators=(",", ":")))
    return Sizes(pages, dict(kinds), refs)


def size_of(command: Command, key: str) -> int:
    """Return the bytes of a key's value."""
    match command("TYPE", key):
        case "string":
            return int(command("STRLEN", key))
        case "hash":
            return _bytes(command("HGETALL", key))
        case "zset":
            return _bytes(command("ZRANGE", key, "0", "-1"))
        case "set":
            return _bytes(command("SMEMBERS", key))
    return 0


def table(storage: Storage) -> str:
    """Return the costs in bytes as the documents show them, and what texts take besides."""
    sizes = markdown.table(
        ("The sample workspace", "KB", "of all", "a page"), _rows(storage), words=1
    )
    return f"{sizes}\n\n{_words_about(*storage.prices)}"


def _words_about(price: Price, without: Price) -> str:
    return markdown.paragraph(
        "Texts take no request to Notion and no KV command. A first sync of 50 pages, ten levels"
        f" deep, took {price.seconds:.1f} s with texts and {without.seconds:.1f} s without"
        f" ({100 * (price.seconds / without.seconds - 1):+.1f} %), and computed for"
        f" {price.cpu_seconds:.1f} and {without.cpu_seconds:.1f} s of it."
    )


def _rows(storage: Storage) -> Iterator[Sequence[str]]:
    sizes = storage.sizes
    for kind, name in KINDS.items():
        yield _row(sizes, name, sizes.kinds[kind])
        if kind == "page:":
            yield _row(sizes, "of these, `refs`", sizes.refs)
    yield _row(sizes, f"**all {sizes.pages} pages**", sizes.total)
    yield _row(sizes, "saved by `SYNC_DOCS=off`", sizes.total - storage.without_docs)


def _row(sizes: Sizes, name: str, size: int) -> Sequence[str]:
    share, each = size / sizes.total, size / sizes.pages
    return name, f"{size / 1_000:,.1f}", f"{100 * share:.1f} %", f"{each:,.0f} bytes"


def _sizes(settings: Mapping[str, str]) -> Sizes:
    with Rig(latency_ms=0, settings=settings) as rig:
        rig.measure("everything")
        return sizes_of(rig.command)


def _price_of_sync(settings: Mapping[str, str]) -> Price:
    with Rig(WORKSPACES[DEEP], settings=settings) as rig:
        found = rig.measure(DEEP)
    return Price(found.seconds, found.cpu_seconds)


def _bytes(texts: Sequence[str]) -> int:
    return sum(len(text.encode()) for text in texts)
