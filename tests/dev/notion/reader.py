"""A plain reader over HTTP, with the official client: it reads whole sources, asks nothing twice,
and counts."""

from typing import Any

from notion_client import APIResponseError, Client

LINKED_VIEW_TITLE = "Untitled"
MEETING_PARTS = ("summary", "notes", "transcript")


class Reader:
    """Reads sources with all that belongs to their pages. `trees` and `pages` are by page id,
    `requests` a number.

    Requests for the schemas of sources count as `schema_requests`: a reader may know these from
    before.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.requests = 0
        self.schema_requests = 0
        self.pages: dict[str, Any] = {}
        self.trees: dict[str, list[Any]] = {}
        self.rows: dict[str, list[Any]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._lost: dict[str, str] = {}
        self._standing: set[str] = set()
        self._copied: list[str] = []
        self._parents: dict[str, Any] = {}
        self._schemas: dict[str, Any] = {}

    def read(self, *database_ids: str) -> "Reader":
        waiting: list[str] = []
        for id in database_ids:
            for source in self._get(f"databases/{id}")["data_sources"]:
                waiting += [row["id"] for row in self._listed(source["id"]) if not _is_draft(row)]
        while waiting:
            id = waiting.pop(0)
            if id not in self.pages:
                self.pages[id] = self._get(f"pages/{id}")
            elif self.pages[id]["parent"]["type"] == "data_source_id":
                self.pages[id] = self._completed(self.pages[id])
            self.trees[id] = self._children(id, (id,), True, waiting)
        for original in dict.fromkeys(self._copied):
            self._find_page(original)
        return self

    def _listed(self, source: str) -> list[Any]:
        rows, _ = self._paged("POST", f"data_sources/{source}/query")
        self.rows[source] = rows
        self.pages |= {row["id"]: row for row in rows}
        return rows

    def _children(self, id: str, path: tuple[str, ...], own: bool, waiting: list[str]) -> list[Any]:
        if id not in self._lists:
            self._lists[id], _ = self._paged("GET", f"blocks/{id}/children")
        return [self._block(dict(block), path, own, waiting) for block in self._lists[id]]

    def _block(self, block: Any, path: tuple[str, ...], own: bool, waiting: list[str]) -> Any:
        kind = block["type"]
        if own:
            self._standing.add(block["id"])
        if kind == "child_page" and own:
            waiting.append(block["id"])
        if kind == "unsupported":
            return {**block, "unavailable": "unsupported"}
        if kind == "child_database":
            return self._database(block)
        if kind == "meeting_notes":
            ids = [block[kind]["children"][f"{part}_block_id"] for part in MEETING_PARTS]
            parts = [
                {"id": id, "children": self._children(id, (*path, id), own, waiting)} for id in ids
            ]
            return {**block, "children": parts}
        synced_from = block.get("synced_block", {}).get("synced_from")
        if kind == "child_page" or (not block["has_children"] and not synced_from):
            return block
        inside = synced_from["block_id"] if synced_from else block["id"]
        if synced_from:
            self._copied.append(inside)
        if inside in path:
            return {**block, "unavailable": "cycle"}
        if inside not in self._lost:
            try:
                return {
                    **block,
                    "children": self._children(
                        inside, (*path, inside), own and not synced_from, waiting
                    ),
                }
            except APIResponseError as error:
                assert error.status == 404
                self._lost[inside] = "unshared"
        return {**block, "unavailable": self._lost[inside]}

    def _database(self, block: Any) -> Any:
        id = block["id"]
        if id not in self._lost and id not in self._lists:
            try:
                found = self._get(f"databases/{id}")["data_sources"]
            except APIResponseError:
                linked = block["child_database"]["title"] == LINKED_VIEW_TITLE
                self._lost[id] = "linked view" if linked else "unshared"
            else:
                self._lists[id] = []
                for source in found:
                    self._schemas[source["id"]] = self._get(f"data_sources/{source['id']}")[
                        "properties"
                    ]
                    self.rows[source["id"]] = [
                        self._completed(row) for row in self._listed(source["id"])
                    ]
        return {**block, "unavailable": self._lost[id]} if id in self._lost else block

    def _completed(self, page: Any) -> Any:
        computed = self._computed_from_many(page)
        for property in page["properties"].values():
            kind = property["type"]
            if _is_cut(property) or property["id"] in computed:
                path = f"pages/{page['id']}/properties/{property['id']}"
                if kind == "formula":
                    property[kind] = self._get(path)[kind]
                    continue
                items, last = self._paged("GET", path)
                if kind == "rollup":
                    property[kind] = last["property_item"][kind]
                    if property[kind]["type"] == "array":
                        property[kind]["array"] = [_as_on_a_page(item) for item in items]
                else:
                    property[kind] = [item[kind] for item in items]
            if kind == "relation":
                property["has_more"] = False
        return page

    def _computed_from_many(self, page: Any) -> set[str]:
        """The ids of the rollups and formulas of a page that look at a relation of more than 25."""
        ids = {
            property["id"] for property in page["properties"].values() if property.get("has_more")
        }
        if not ids:
            return set()
        schema = self._schema(page["parent"]["data_source_id"]).values()
        for _ in schema:
            ids |= {property["id"] for property in schema if _refers_to(property, ids)}
        return {
            property["id"] for property in schema if property["type"] in ("rollup", "formula")
        } & ids

    def _schema(self, source: str) -> Any:
        if source not in self._schemas:
            self.schema_requests += 1
            self._schemas[source] = self._client.data_sources.retrieve(source)["properties"]  # type: ignore[index]
        return self._schemas[source]

    def _find_page(self, original: str) -> None:
        id = original
        while id not in self._standing and id not in self._parents and original not in self._lost:
            parent = self._get(f"blocks/{id}")["parent"]
            self._parents[id] = parent
            if parent["type"] != "block_id":
                return
            id = parent["block_id"]

    def _paged(self, method: str, path: str) -> tuple[list[Any], Any]:
        """The items of a list, and its last page."""
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            answer = self._request(method, path, cursor)
            items += answer["results"]
            if not answer["has_more"]:
                return items, answer
            cursor = {"start_cursor": answer["next_cursor"]}

    def _get(self, path: str) -> Any:
        answer = self._request("GET", path, {})
        return {name: value for name, value in answer.items() if name != "request_id"}

    def _request(self, method: str, path: str, paging: dict[str, str]) -> Any:
        self.requests += 1
        return self._client.request(
            path, method, **{"body" if method == "POST" else "query": paging}
        )


def _is_draft(row: Any) -> bool:
    named = {name.lower(): property for name, property in row["properties"].items()}
    visibility = named["visibility"][named["visibility"]["type"]] or {}
    return bool(visibility.get("name") == "draft")


def _is_cut(property: Any) -> bool:
    value = property[property["type"]]
    match property["type"]:
        case "relation":
            return bool(property["has_more"])
        case "people":
            return len(value) >= 25
        case "title" | "rich_text":
            return (
                len(
                    [
                        item
                        for item in value
                        if item.get("mention", {}).get("type") in ("page", "user")
                    ]
                )
                >= 25
            )
        case "rollup":
            return len(value.get("array", [])) >= 25
    return False


def _refers_to(property: Any, ids: set[str]) -> bool:
    match property["type"]:
        case "rollup":
            return property["rollup"]["relation_property_id"] in ids
        case "formula":
            return any(f":block_property:{id}:" in property["formula"]["expression"] for id in ids)
    return False


def _as_on_a_page(item: Any) -> Any:
    kind = item["type"]
    return {"type": kind, kind: [item[kind]] if kind in ("title", "rich_text") else item[kind]}
