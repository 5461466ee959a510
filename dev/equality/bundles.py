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

    Those of a part that `continues` a block are further children of it: of the first of this id on the way from the
    last block at the top down through the last children. Raises LookupError where there is none.
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
    """`values` by key, and the `pages` among them by their ids, each with the blocks of all its parts."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.pages: dict[str, JSON] = {}
        self.doubles: list[str] = []
        """Pages at two addresses: a renamed one keeps the old one until its run ends."""
        self._broken: list[str] = []
        for key, value in values.items():
            if key.startswith("page:") and not PART.match(key):
                self._take(key, value)
        for key in values:
            if (part := PART.match(key)) and int(part["number"]) > self._parts(part["slug"]):
                self._broken.append(f"{key}: a part of no bundle")

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Of the values as KV holds them."""
        return cls({key: json.loads(text) for key, text in texts.items()})

    @property
    def slugs(self) -> dict[str, str]:
        """Of the pages, by their ids."""
        return {id: page["meta"]["slug"] for id, page in self.pages.items()}

    def of_index(self, source: str) -> list[JSON]:
        """The items of all of an index's pages."""
        first = self.values.get(f"{source}:index") or {"items": []}
        rest = [self.values.get(f"{source}:index:{number}") for number in range(2, first.get("pages", 1) + 1)]
        return [item for page in (first, *rest) for item in (page or {"items": []})["items"]]

    def dangling(self, sources: Mapping[str, str]) -> list[str]:
        """What no site may ever meet, also in the middle of a run."""
        return [*self._broken, *self._unfounded(sources), *self._expiring()]

    def redirects_nowhere(self) -> Iterator[str]:
        """Redirects that lead to no page, or away from one."""
        live = set(self.slugs.values())
        for old, new in (self.values.get("redirects") or {}).items():
            if old in live:
                yield f"{old} has a page and redirects to {new}"
            if new not in live:
                yield f"{old} redirects to {new}, which has no page"

    def _unfounded(self, sources: Mapping[str, str]) -> Iterator[str]:
        for source in sources:
            for item in self.of_index(source):
                bundle = self.values.get(f"page:{item['slug']}")
                if bundle is None or bundle["meta"]["id"] != item["id"]:
                    yield f"{source}:index names {item['slug']}, which has no bundle"

    def _expiring(self) -> list[str]:
        return ["an address in KV expires"] if "X-Amz" in json.dumps(self.values) else []

    def _take(self, key: str, bundle: JSON) -> None:
        id = bundle["meta"]["id"]
        if key != f"page:{bundle['meta']['slug']}":
            self._broken.append(f"{key} holds the bundle of {bundle['meta']['slug']}")
        if id in self.pages:
            self.doubles.append(f"{key}: published as {self.pages[id]['meta']['slug']} too")
        parts = [self.values.get(f"{key}:part:{number}") for number in range(1, bundle.get("parts", 0) + 1)]
        blocks = self._blocks_of(key, bundle, parts) if parts else bundle["blocks"]
        self.pages[id] = {"meta": bundle["meta"], "blocks": blocks, "syncedAt": bundle["syncedAt"]}

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
