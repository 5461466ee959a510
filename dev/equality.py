"""What a site must find in KV, told by the workspace itself: nothing missing, nothing left over, nothing stale."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Self

from slugify import slugify

from dev.notion import truth
from dev.notion.nodes import Block, Database, DataSource, Node, Page
from dev.notion.workspace import Workspace

JSON = dict[str, Any]
SIZE = re.compile(r'("url":"[^"]*"),"width":\d+,"height":\d+')
"""A copied picture's size, which Notion does not know."""
PART = re.compile(r"^page:(?P<slug>.*):part:(?P<number>\d+)$")


class Bundles:
    """Everything a site can read, by key, and the pages among it by their ids, parts put together."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.pages: dict[str, JSON] = {}
        self.problems: list[str] = []
        self.doubles: list[str] = []
        """Pages at two addresses: a renamed one keeps the old one until its run ends."""
        for key, value in values.items():
            if key.startswith("page:") and not PART.match(key):
                self._take(key, value)
        for key in values:
            if (part := PART.match(key)) and int(part["number"]) > self._parts(part["slug"]):
                self.problems.append(f"{key}: a part of no bundle")

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Of the values as KV holds them."""
        return cls({key: json.loads(SIZE.sub(r"\1", text)) for key, text in texts.items()})

    def _take(self, key: str, bundle: JSON) -> None:
        id = bundle["meta"]["id"]
        if key != f"page:{bundle['meta']['slug']}":
            self.problems.append(f"{key} holds the bundle of {bundle['meta']['slug']}")
        if id in self.pages:
            self.doubles.append(f"{key}: published as {self.pages[id]['meta']['slug']} too")
        parts = [self.values.get(f"{key}:part:{number}") for number in range(1, bundle.get("parts", 0) + 1)]
        if None in parts:
            self.problems.append(f"{key}: lacks a part")
        blocks = bundle["blocks"] if not parts else [block for part in parts if part for block in part["blocks"]]
        self.pages[id] = {"meta": bundle["meta"], "blocks": blocks, "syncedAt": bundle["syncedAt"]}

    def _parts(self, slug: str) -> int:
        return int((self.values.get(f"page:{slug}") or {}).get("parts", 0))

    def of_index(self, source: str) -> list[JSON]:
        first = self.values.get(f"{source}:index") or {"items": []}
        rest = [self.values.get(f"{source}:index:{number}") for number in range(2, first.get("pages", 1) + 1)]
        return [item for page in (first, *rest) for item in (page or {"items": []})["items"]]

    def dangling(self, sources: Mapping[str, str]) -> list[str]:
        """What no site may ever meet, also in the middle of a run."""
        problems = list(self.problems)
        for source in sources:
            for item in self.of_index(source):
                bundle = self.values.get(f"page:{item['slug']}")
                if bundle is None or bundle["meta"]["id"] != item["id"]:
                    problems.append(f"{source}:index names {item['slug']}, which has no bundle")
        if "X-Amz" in json.dumps(self.values):
            problems.append("an address in KV expires")
        return problems


class Truth:
    """Compares bundles with a workspace. `media` is the public address of the functions; `copies` the one of the Blob
    store where every file has been copied.

    `still` are bundles that have to stand as they are, by id: paused pages; `doubtful` ones may be gone as well.
    """

    def __init__(
        self,
        workspace: Workspace,
        sources: Mapping[str, str],
        media: str,
        still: Mapping[str, JSON] | None = None,
        doubtful: frozenset[str] = frozenset(),
        copies: str = "",
    ) -> None:
        self._workspace, self._sources, self._media, self._copies = workspace, sources, media, copies
        self._still, self._doubtful = still or {}, doubtful

    def problems(self, bundles: Bundles) -> list[str]:
        """Every difference in words; [] where KV equals the workspace."""
        problems = [*bundles.dangling(self._sources), *bundles.doubles]
        live = set(truth.published_pages(self._workspace, self._sources.values())) - set(self._still)
        must = live | (set(self._still) - self._doubtful)
        problems += [f"{self._name(id)} is not published" for id in sorted(must - set(bundles.pages))]
        surplus = set(bundles.pages) - live - set(self._still)
        problems += [f"{bundles.pages[id]['meta']['slug']} is published still" for id in sorted(surplus)]
        for id, bundle in bundles.pages.items():
            if id in self._still:
                problems += [f"{bundle['meta']['slug']} was not to change"] * (bundle != self._still[id])
            elif id in live:
                problems += self._page(id, bundle, bundles)
        problems += self._slugs(live, bundles)
        for source in self._sources:
            problems += self._index(source, bundles)
        return [*problems, *self._databases(live, bundles), *_redirects(bundles)]

    def _page(self, id: str, bundle: JSON, bundles: Bundles) -> Iterator[str]:
        meta = bundle["meta"]
        expected = self._meta(id, meta, bundles)
        yield from _differences(f"{meta['slug']}: meta", meta, expected)
        yield from _differences(f"{meta['slug']}: blocks", comparable(bundle["blocks"]), comparable(self.blocks(id)))

    def blocks(self, page_id: str) -> list[JSON]:
        """A page's blocks with the lasting addresses of their files."""
        return [self._settled(block, block["id"]) for block in truth.tree(self._workspace, page_id)]

    def _meta(self, id: str, meta: JSON, bundles: Bundles) -> JSON:
        page = truth.expected_page(self._workspace, id)
        row, source = self._row_of(id)
        visibility = _named(truth.expected_page(self._workspace, row)["properties"], "visibility")
        return {
            "id": id,
            "slug": meta["slug"],
            "title": _title(page),
            "source": source,
            "visibility": (visibility and visibility["name"]) or "public",
            "lastEdited": page["last_edited_time"],
            "createdTime": page["created_time"],
            "icon": self._icon(page["icon"], id),
            "cover": self._file(page["cover"], id),
            "url": page["url"],
            "properties": self._properties(page, meta["properties"]),
            "childPages": self._child_pages(id, meta, bundles),
            "parent": None if id == row else self._parent_page(id),
        }

    def _properties(self, page: JSON, given: JSON) -> JSON:
        plain: JSON = {}
        for name, property in page["properties"].items():
            plain[name] = self._plain(property, page["id"])
            rich = given.get(f"{name}__rich")
            if rich is not None and "".join(item["plain_text"] for item in rich) == plain[name]:
                plain[f"{name}__rich"] = rich
        return plain

    def _plain(self, property: JSON, page_id: str) -> Any:
        """A property's value as a site reads it."""
        kind, value = property["type"], property[property["type"]]
        match kind:
            case "files":
                return [{"name": file["name"], "url": self._file(file, page_id)} for file in value]
            case "formula" | "rollup":
                return self._plain(value, page_id)
            case "array":
                return [self._plain(item, page_id) for item in value]
        return PLAIN[kind](value) if kind in PLAIN else None

    def _icon(self, icon: JSON | None, page_id: str) -> str | None:
        match icon:
            case {"type": "emoji", "emoji": emoji}:
                return str(emoji)
            case {"type": "custom_emoji", "custom_emoji": {"url": url}}:
                return str(url)
            case {"type": "icon", "icon": {"name": name, "color": color}}:
                return f"https://www.notion.so/icons/{name}_{color}.svg"
        return self._file(icon, page_id)

    def _file(self, file: JSON | None, page_id: str) -> str | None:
        if file is None:
            return None
        url: str = file[file["type"]]["url"]
        return url if file["type"] == "external" else self._address("page", page_id, url)

    def _address(self, holder: str, id: str, url: str) -> str:
        file = sha256(url.encode()).hexdigest()[:16]
        if self._copies:
            return f"{self._copies}/notion/{file}/{url.rpartition('/')[2]}"
        return f"{self._media}/api/media?{holder}={id}&file={file}"

    def _settled(self, value: Any, block_id: str) -> Any:
        """Blocks with the lasting addresses of their hosted files."""
        if isinstance(value, list):
            return [self._settled(one, one.get("id", block_id) if _is_block(one) else block_id) for one in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "file" and set(value.get("file") or {}) == {"url"}:
            return {**value, "file": {"url": self._address("block", block_id, value["file"]["url"])}}
        return {name: self._settled(one, block_id) for name, one in value.items()}

    def _child_pages(self, id: str, meta: JSON, bundles: Bundles) -> list[JSON]:
        children = []
        for child in filter(self._workspace.is_visible, _child_pages(self._workspace, self._workspace.nodes[id])):
            known = {one["id"]: one["slug"] for one in meta["childPages"]}
            published = bundles.pages.get(child.id)
            slug = published["meta"]["slug"] if published else known.get(child.id)
            children.append({"id": child.id, "slug": slug, "title": _title_of(child)})
        return children

    def _slugs(self, live: set[str], bundles: Bundles) -> Iterator[str]:
        """Everybody has the slug he asks for; of rows that ask for the same, the oldest."""
        owners = {page["meta"]["slug"]: id for id, page in bundles.pages.items()}
        for id in sorted(live & set(bundles.pages)):
            slug, wanted = bundles.pages[id]["meta"]["slug"], self._wanted(id, bundles)
            if slug == wanted:
                continue
            owner = owners.get(wanted)
            if slug != f"{wanted}-{id.replace('-', '')[:8]}" or owner is None:
                yield f"{wanted} is published as {slug}"
            elif self._is_younger(owner, id, live) and self._wanted(owner, bundles) == wanted:
                yield f"{wanted} belongs to the older page, {slug}"

    def _wanted(self, id: str, bundles: Bundles) -> str:
        page = truth.expected_page(self._workspace, id)
        bare = id.replace("-", "")
        if (parent := self._parent_page(id)) is not None:
            above = bundles.pages.get(parent)
            return f"{above['meta']['slug'] if above else '?'}/{slugify(_title(page)) or bare}"
        written = _named(page["properties"], "slug") or []
        return "".join(item["plain_text"] for item in written).strip().strip("/") or slugify(_title(page)) or bare

    def _is_younger(self, owner: str, id: str, live: set[str]) -> bool:
        """Whether a row that could have yielded a slug to an older row has it."""
        rows = owner in live and self._parent_page(owner) is None and self._parent_page(id) is None
        return rows and self._age(owner) > self._age(id)

    def _age(self, id: str) -> tuple[str, str]:
        return truth.expected_page(self._workspace, id)["created_time"], id

    def _index(self, source: str, bundles: Bundles) -> Iterator[str]:
        items = bundles.of_index(source)
        rows = [
            page["meta"]
            for page in bundles.pages.values()
            if page["meta"]["source"] == source and page["meta"]["parent"] is None
        ]
        if items != sorted(rows, key=_rank):
            yield f"{source}:index shows {[item['slug'] for item in items]}, of {[row['slug'] for row in rows]}"
        if (index := bundles.values.get(f"{source}:index")) and index["total"] != len(items):
            yield f"{source}:index counts {index['total']} of {len(items)}"

    def _databases(self, live: set[str], bundles: Bundles) -> Iterator[str]:
        shown = {id for page in live for id in _shown_databases(truth.tree(self._workspace, page))}
        still = {id for page in self._still.values() for id in _shown_databases(page["blocks"])}
        given = {key.removeprefix("db:"): value for key, value in bundles.values.items() if key.startswith("db:")}
        yield from (f"db:{id} is missing" for id in sorted(shown - set(given)))
        yield from (f"db:{id} is left over" for id in sorted(set(given) - shown - still))
        for id in sorted(shown & set(given)):
            body = {name: member for name, member in given[id].items() if name != "syncedAt"}
            created = [truth.expected_page(self._workspace, item["id"])["created_time"] for item in body["items"]]
            if created != sorted(created):
                yield f"db:{id}: its rows are not in the order of their making"
            body["items"] = sorted(body["items"], key=lambda item: str(item["id"]))
            yield from _differences(f"db:{id}", body, self._database(id))

    def _database(self, id: str) -> JSON:
        database = self._workspace.get(id, Database)
        sources = [self._workspace.get(source, DataSource) for source in database.children]
        rows = [row for source in sources for row in truth.expected_rows(self._workspace, source.id)]
        items = {item["id"]: item for item in sorted(rows, key=lambda row: str(row["id"]))}
        return {
            "id": id,
            "title": "".join(text["plain_text"] for text in database.title),
            "properties": {name: property for source in sources for name, property in source.schema.items()},
            "items": [
                {
                    "id": id,
                    "lastEdited": row["last_edited_time"],
                    "icon": self._icon(row["icon"], id),
                    "cover": self._file(row["cover"], id),
                    "properties": {name: self._plain(one, id) for name, one in row["properties"].items()},
                }
                for id, row in items.items()
            ],
        }

    def _row_of(self, id: str) -> tuple[str, str]:
        """The row that a page stands below (itself, mostly) and the name of its source."""
        pages = [node for node in self._workspace.up(self._workspace.nodes[id]) if isinstance(node, Page)]
        homes = {self._workspace.nodes[database].children[0]: name for name, database in self._sources.items()}
        return next((page.id, homes[page.parent]) for page in pages if page.parent in homes)

    def _parent_page(self, id: str) -> str | None:
        parent = self._workspace.nodes[self._workspace.nodes[id].parent or ""]
        page = self._workspace.page_of(parent)
        return None if isinstance(parent, DataSource) or page is None else page.id

    def _name(self, id: str) -> str:
        node = self._workspace.nodes[id]
        return f"{_title_of(node)} ({id})" if isinstance(node, Page) else id


PLAIN: dict[str, Callable[[Any], Any]] = {
    "title": lambda texts: "".join(text["plain_text"] for text in texts),
    "rich_text": lambda texts: "".join(text["plain_text"] for text in texts),
    "number": lambda number: number,
    "string": lambda text: text,
    "boolean": lambda checked: checked,
    "checkbox": lambda checked: checked,
    "url": lambda url: url,
    "email": lambda email: email,
    "phone_number": lambda number: number,
    "select": lambda option: option and option["name"],
    "status": lambda option: option and option["name"],
    "multi_select": lambda options: [option["name"] for option in options],
    "relation": lambda pages: [page["id"] for page in pages],
    "people": lambda people: [person.get("name") or person["id"] for person in people],
    "created_by": lambda person: person.get("name") or person["id"],
    "last_edited_by": lambda person: person.get("name") or person["id"],
    "created_time": lambda time: time,
    "last_edited_time": lambda time: time,
    "date": lambda date: date and {"start": date["start"], "end": date["end"], "timeZone": date["time_zone"]},
    "unique_id": lambda id: f"{id['prefix']}-{id['number']}" if id["prefix"] else str(id["number"]),
    "place": lambda place: place,
    "verification": lambda given: (
        given
        and {
            "state": given["state"],
            "by": given["verified_by"] and given["verified_by"]["name"],
            "date": PLAIN["date"](given["date"]),
        }
    ),
}
"""What a property becomes, told a second time and more simply than the bundle builder does; others become null."""


def comparable(blocks: list[Any]) -> Any:
    """Blocks without what legitimately differs: the words for what can't be read; and when and by whom a page or
    database that stands among them was edited, and whether it is empty, which is its own affair."""
    return [_comparable(block) for block in blocks]


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return [_comparable(one) for one in value]
    if not isinstance(value, dict):
        return value
    members = {name: _comparable(one) for name, one in value.items() if name != "unavailable"}
    if value.get("type") in ("child_page", "child_database"):
        own = ("has_children", "last_edited_time", "last_edited_by")
        members = {name: one for name, one in members.items() if name not in own}
    if set(value) - {"id", "object", "type", "has_children", "children", "unavailable"} <= {
        f"{kind}_{part}" for kind in ("meeting_notes", "transcription") for part in ("summary", "notes", "transcript")
    }:
        members = {name: one for name, one in members.items() if name in ("id", "children")}
    return members | ({"unavailable": True} if "unavailable" in value else {})


def _differences(where: str, given: Any, expected: Any) -> Iterator[str]:
    """Each place in which two JSON values differ."""
    if given == expected:
        return
    if isinstance(given, dict) and isinstance(expected, dict):
        for name in {**given, **expected}:
            yield from _differences(f"{where}.{name}", given.get(name, "missing"), expected.get(name, "missing"))
    elif isinstance(given, list) and isinstance(expected, list) and len(given) == len(expected):
        for number, (one, other) in enumerate(zip(given, expected, strict=True)):
            yield from _differences(f"{where}[{number}]", one, other)
    else:
        yield f"{where} is {given!r}, not {expected!r}"


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and ("object" in value or "children" in value) and "id" in value


def _child_pages(workspace: Workspace, node: Node) -> Iterator[Page]:
    for child in workspace.live_children(node):
        if isinstance(child, Page):
            yield child
        elif isinstance(child, Block):
            yield from _child_pages(workspace, child)


def _shown_databases(blocks: list[JSON]) -> Iterator[str]:
    for block in blocks:
        if block.get("type") == "child_database" and "unavailable" not in block:
            yield block["id"]
        yield from _shown_databases(block.get("children", []))


def _redirects(bundles: Bundles) -> Iterator[str]:
    live = {page["meta"]["slug"] for page in bundles.pages.values()}
    for old, new in (bundles.values.get("redirects") or {}).items():
        if old in live:
            yield f"{old} has a page and redirects to {new}"
        if new not in live:
            yield f"{old} redirects to {new}, which has no page"


def _rank(meta: JSON) -> Any:
    """`order` ascending, then the newest `date`, then the newest page; what is missing comes last."""
    order = next((value for name, value in meta["properties"].items() if name.lower() == "order"), None)
    date = next((value for name, value in meta["properties"].items() if name.lower() == "date"), None)
    return (
        (order is None, order or 0),
        (date is None, _reverse((date or {"start": ""})["start"])),
        _reverse(meta["createdTime"]),
        meta["id"],
    )


def _reverse(text: str) -> list[int]:
    return [-ord(letter) for letter in text]


def _named(properties: JSON, name: str) -> Any:
    found = next((property for key, property in properties.items() if key.lower() == name), None)
    return found and found[found["type"]]


def _title(page: JSON) -> str:
    texts = next(one["title"] for one in page["properties"].values() if one["type"] == "title")
    return " ".join("".join(text["plain_text"] for text in texts).split())


def _title_of(page: Page) -> str:
    return " ".join("".join(text["plain_text"] for text in page.values.get("title", [])).split())
