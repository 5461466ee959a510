"""Everything a site can read, and what is broken in it whatever the workspace says."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Self

from dev.notion.nodes import JSON

PART = re.compile(r"^page:(?P<slug>.*):part:(?P<number>\d+)$")


def together(parts: Iterable[JSON]) -> list[JSON]:
    """The blocks of all parts, which are used up.

    Those of a part that `continues` a block are further children of it: of the first of this id on
    the way from the last block at the top down through the last children. Raises LookupError where
    there is none.
    """
    blocks: list[JSON] = []
    for part in parts:
        into = blocks
        if "continues" in part:
            block = blocks[-1]
            while block["id"] != part["continues"]:
                block = block["children"][-1]
            into = block["children"]
        into += part["blocks"]
    return blocks


class Bundles:
    """`values` by key, the hash `paths`, and the `pages` by their ids, each with the blocks of all
    its parts.

    `docs`: every page stands there as text too.
    """

    def __init__(
        self, values: Mapping[str, Any], paths: Mapping[str, str], *, docs: bool = True
    ) -> None:
        self.values, self.paths, self._docs = values, paths, docs
        self.pages: dict[str, JSON] = {}
        self._broken: list[str] = []
        for key, value in values.items():
            if key.startswith("page:") and not PART.match(key):
                self._take(key, value)
        for key in values:
            if (part := PART.match(key)) and int(part["number"]) > self._parts(part["slug"]):
                self._broken.append(f"{key}: a part of no bundle")

    @classmethod
    def of(cls, texts: Mapping[str, str], paths: Mapping[str, str]) -> Self:
        """Of the texts as KV holds them, and of the hash `paths`."""
        return cls({key: json.loads(text) for key, text in texts.items()}, paths)

    @property
    def slugs(self) -> dict[str, str]:
        """Of the pages, by their ids."""
        return {page_id: page["meta"]["slug"] for page_id, page in self.pages.items()}

    def of_index(self, source: str) -> list[JSON]:
        """The items of all of an index's pages."""
        first = self.values.get(f"{source}:index") or {"items": []}
        rest = [
            self.values.get(f"{source}:index:{number}")
            for number in range(2, first.get("pages", 1) + 1)
        ]
        return [item for page in (first, *rest) for item in (page or {"items": []})["items"]]

    def dangling(self, sources: Iterable[str]) -> list[str]:
        """What no site may ever meet, also in the middle of a run."""
        return [
            *self._broken,
            *self._unfounded(sources),
            *self._misled(),
            *self._untold(),
            *self._expiring(),
        ]

    def disordered(self, sources: Iterable[str]) -> Iterator[str]:
        """Where an index does not show the published rows of its source, each as its bundle does,
        in their order."""
        metas = [page["meta"] for page in self.pages.values()]
        for source in sources:
            items = self.of_index(source)
            rows = [meta for meta in metas if meta["source"] == source and meta["parent"] is None]
            if items != sorted(rows, key=_rank):
                yield (
                    f"{source}:index shows {[item['slug'] for item in items]}, of"
                    f" {[row['slug'] for row in rows]}"
                )
            if (index := self.values.get(f"{source}:index")) and index["total"] != len(items):
                yield f"{source}:index counts {index['total']} of {len(items)}"

    def redirects_nowhere(self) -> Iterator[str]:
        """Redirects that lead to no page, or away from one."""
        live = set(self.slugs.values())
        for old, new in (self.values.get("redirects") or {}).items():
            if old in live:
                yield f"{old} has a page and redirects to {new}"
            if new not in live:
                yield f"{old} redirects to {new}, which has no page"

    def _unfounded(self, sources: Iterable[str]) -> Iterator[str]:
        for source in sources:
            for item in self.of_index(source):
                bundle = self.values.get(f"page:{item['slug']}")
                if bundle is None or bundle["meta"]["id"] != item["id"]:
                    yield f"{source}:index names {item['slug']}, which has no bundle"

    def _misled(self) -> Iterator[str]:
        """Where `paths` is not exactly what is published."""
        slugs = self.slugs
        for page_id in sorted({*self.paths, *slugs}):
            if self.paths.get(page_id) != slugs.get(page_id):
                yield (
                    f"paths leads {page_id} to {self.paths.get(page_id)}, which is published as"
                    f" {slugs.get(page_id)}"
                )

    def _untold(self) -> Iterator[str]:
        """Where the pages as text are not exactly those that are published, or are called
        otherwise."""
        metas = (
            {page["meta"]["slug"]: page["meta"] for page in self.pages.values()}
            if self._docs
            else {}
        )
        docs = {
            key.removeprefix("doc:"): value
            for key, value in self.values.items()
            if key.startswith("doc:")
        }
        yield from (f"doc:{slug} is missing" for slug in sorted(metas.keys() - docs.keys()))
        yield from (f"doc:{slug} is left over" for slug in sorted(docs.keys() - metas.keys()))
        for slug in sorted(docs.keys() & metas.keys()):
            for name in ("id", "slug", "title", "visibility"):
                if docs[slug].get(name) != metas[slug][name]:
                    yield (
                        f"doc:{slug}: {name} is {docs[slug].get(name)!r}, and the page's"
                        f" {metas[slug][name]!r}"
                    )

    def untold_rows(self, page_ids: Iterable[str]) -> Iterator[str]:
        """First rows of child databases that are not in the text of the pages which show them."""
        for page_id in sorted(set(page_ids) & set(self.pages)) if self._docs else []:
            meta = self.pages[page_id]["meta"]
            doc = self.values.get(f"doc:{meta['slug']}")
            if "parts" in self.values.get(f"page:{meta['slug']}", {}):
                continue  # its text has room for links alone
            for database in map(self.values.get, _child_databases(self.pages[page_id]["blocks"])):
                if not (doc and database) or "truncated" in doc:
                    continue
                if database["visibility"] in ("public", meta["visibility"]):
                    yield from (
                        f"doc:{meta['slug']} lacks the row {row!r} of db:{database['id']}"
                        for row in _first_rows(database)
                        if row not in doc["text"]
                    )

    def _expiring(self) -> list[str]:
        return ["an address in KV expires"] if "X-Amz" in json.dumps(self.values) else []

    def _take(self, key: str, bundle: JSON) -> None:
        page_id = bundle["meta"]["id"]
        if key != f"page:{bundle['meta']['slug']}":
            self._broken.append(f"{key} holds the bundle of {bundle['meta']['slug']}")
        if page_id in self.pages:
            self._broken.append(f"{key}: published as {self.pages[page_id]['meta']['slug']} too")
        parts = [
            self.values.get(f"{key}:part:{number}")
            for number in range(1, bundle.get("parts", 0) + 1)
        ]
        blocks = self._blocks_of(key, bundle, parts) if parts else bundle["blocks"]
        self.pages[page_id] = {
            "meta": bundle["meta"],
            "blocks": blocks,
            "syncedAt": bundle["syncedAt"],
        }

    def _blocks_of(self, key: str, bundle: JSON, parts: list[JSON | None]) -> list[JSON]:
        """The blocks of a page in parts; [] where the parts are not whole."""
        found = [part for part in parts if part is not None]
        if len(found) < len(parts):
            self._broken.append(f"{key}: lacks a part")
        elif any(part.get("digest") != bundle.get("digest") for part in found):
            self._broken.append(f"{key}: holds a part of another bundle")
        else:
            try:
                return together(deepcopy(found))
            except LookupError:
                self._broken.append(f"{key}: has a part that continues nothing")
        return []

    def _parts(self, slug: str) -> int:
        return int((self.values.get(f"page:{slug}") or {}).get("parts", 0))


def _rank(meta: JSON) -> Any:
    """`order` ascending, then the newest `date`, then the newest page; what is missing comes
    last."""
    properties = {name.lower(): value for name, value in reversed(meta["properties"].items())}
    order, date = properties.get("order"), properties.get("date")
    return (
        (order is None, order or 0),
        (date is None, _reverse((date or {"start": ""})["start"])),
        _reverse(meta["createdTime"]),
        meta["id"],
    )


def _reverse(text: str) -> list[int]:
    return [-ord(letter) for letter in text]


def _child_databases(blocks: list[JSON]) -> Iterator[str]:
    """The keys of the child databases among blocks."""
    for block in blocks:
        if block["type"] == "child_database" and "unavailable" not in block:
            yield f"db:{block['id']}"
        yield from _child_databases(block.get("children", []))


def _first_rows(database: JSON) -> Iterator[str]:
    """The titles of the rows that a text shows."""
    schema = database["properties"].items()
    title = next((name for name, one in schema if one.get("type") == "title"), "")
    for item in database["items"][:100]:
        yield " ".join(str(item["properties"].get(title) or "").split())
