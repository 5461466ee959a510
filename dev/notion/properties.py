"""A page's properties as Notion shows them: cut at 25 references, computed where they are
computed."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from dev.notion.clock import minute
from dev.notion.nodes import JSON, Page
from dev.notion.references import referred_to
from dev.notion.values import EMPTY, FROM_25
from dev.notion.workspace import Workspace

CUT_AT = 25
"""References that a page shows of one property:
https://developers.notion.com/reference/retrieve-a-page."""

LISTED = ("title", "rich_text", "relation", "people", "rollup")
"""Types whose property items come as a list; of every other there is one item."""

ONLY_IN_SCHEMAS = ("location", "last_visited_time")


class Properties:
    """Reads the properties of pages; values still lack the addresses of files and the names of what
    is mentioned."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of(self, page: Page, whole: bool = False) -> JSON:
        """All properties by name; `whole` leaves nothing out, where Notion would show 25
        references."""
        return {
            name: self.one(page, column, whole)
            for name, column in self._workspace.schema_of(page).items()
            if column["type"] not in ONLY_IN_SCHEMAS
        }

    def one(self, page: Page, column: JSON, whole: bool = False) -> JSON:
        kind = column["type"]
        value = self.value(page, column, references=None if whole else CUT_AT)
        shown: JSON = {
            "id": column["id"],
            "type": kind,
            kind: value if whole else _cut(kind, value),
        }
        if kind == "relation":
            shown["has_more"] = len(value) > len(shown[kind])
        return shown

    def named(self, page: Page, reference: str) -> JSON | None:
        """The property with an id, in the spelling of an answer or decoded."""
        schema = self._workspace.schema_of(page).values()
        return next(
            (column for column in schema if reference in (column["id"], unquote(column["id"]))),
            None,
        )

    def items(self, page: Page, column: JSON) -> list[JSON]:
        """The property items of a listed type, all of them."""
        kind = column["type"]
        if kind == "rollup":
            items = [
                {"id": column["id"], **_single(one)}
                for one in self._rolled_up(page, column["rollup"])
            ]
        else:
            items = [
                {"type": kind, "id": column["id"], kind: one} for one in self.value(page, column)
            ]
        return [{"object": "property_item", **item} for item in items]

    def computed_from_many(self, page: Page, column: JSON) -> bool:
        """Whether a rollup or formula looks, at any remove, at a relation of its page that is
        cut."""
        return any(
            len(self.value(page, relation)) > CUT_AT
            for relation in self._relations_behind(page, column)
        )

    def value(self, page: Page, column: JSON, references: int | None = None) -> Any:
        """The whole value under the property's type; what is computed looks at that many references
        (None: at all)."""
        workspace, kind = self._workspace, column["type"]
        kept: Any = page.values.get(column["id"], EMPTY.get(kind))
        match kind:
            case "created_time":
                return minute(page.created)
            case "last_edited_time":
                return minute(page.edited)
            case "created_by":
                return workspace.users[page.created_by]
            case "last_edited_by":
                return workspace.users[page.edited_by]
            case "unique_id":
                return {"prefix": column["unique_id"].get("prefix"), "number": page.number}
            case "button":
                return {}
            case "people":
                return [workspace.users[target_id] for target_id in kept]
            case "relation":
                return [{"id": target_id} for target_id in kept if self._is_there(target_id)]
            case "rollup":
                return self._rollup(page, column, kept, references)
            case "formula":
                return self._given(page, column, kept, references)
            case "verification":
                verified_by = kept["verified_by"]
                return {
                    **kept,
                    "verified_by": workspace.users[verified_by] if verified_by else None,
                }
        return kept

    def _is_there(self, page_id: str) -> bool:
        """Relations don't show what is in the trash or not shared."""
        page = self._workspace.find(page_id, Page)
        return (
            page is not None
            and self._workspace.is_visible(page)
            and not self._workspace.is_trashed(page)
        )

    def _relations_behind(self, page: Page, column: JSON) -> list[JSON]:
        by_id = {one["id"]: one for one in self._workspace.schema_of(page).values()}
        met: set[str] = set()
        ahead = {column["id"]}
        while ahead:
            met |= ahead
            ahead = {
                column_id
                for one in ahead
                for column_id in referred_to(by_id[one], page.parent or "")
            } & set(by_id) - met
        return [by_id[column_id] for column_id in met if by_id[column_id]["type"] == "relation"]

    def _rollup(self, page: Page, column: JSON, kept: JSON | None, references: int | None) -> JSON:
        function = column["rollup"]["function"]
        if kept is not None:
            return {**self._given(page, column, kept, references), "function": function}
        kind, reduce = REDUCTIONS.get(function, ("unsupported", lambda rolled: {}))
        rolled = self._rolled_up(page, column["rollup"], references)
        return {"type": kind, kind: reduce(rolled), "function": function}

    def _given(self, page: Page, column: JSON, kept: JSON, references: int | None) -> JSON:
        """A result that a sample gives: the one from 25 references where no more are looked at and
        there are more."""
        if references is not None and FROM_25 in kept and self.computed_from_many(page, column):
            part: JSON = kept[FROM_25]
            return part
        return {name: value for name, value in kept.items() if name != FROM_25}

    def _rolled_up(self, page: Page, settings: JSON, references: int | None = None) -> list[JSON]:
        """The property of each related page, or of the first ones, without its id: {"type": …,
        type: value}."""
        relation = self.named(page, settings["relation_property_id"])
        rolled: list[JSON] = []
        for reference in self.value(page, relation)[:references] if relation else []:
            related = self._workspace.get(reference["id"], Page)
            column = self._workspace.schema_of(related).get(settings["rollup_property_name"])
            if column is not None:
                kind = column["type"]
                rolled.append({"type": kind, kind: self.value(related, column)})
        return rolled


def _cut(kind: str, value: Any) -> Any:
    if kind in ("people", "relation"):
        return value[:CUT_AT]
    if kind in ("title", "rich_text"):
        return _with_few_mentions(value)
    if kind == "rollup" and value["type"] == "array":
        return {**value, "array": value["array"][:CUT_AT]}
    return value


def _with_few_mentions(text: list[JSON]) -> list[JSON]:
    """The text up to the mention of a 26th page or person; one that is mentioned again doesn't
    count."""
    mentioned: set[str] = set()
    for position, item in enumerate(text):
        mention = item.get("mention", {})
        if mention.get("type") in ("page", "user"):
            mentioned.add(mention[mention["type"]]["id"])
        if len(mentioned) > CUT_AT:
            return text[:position]
    return text


def mentions(text: list[JSON]) -> int:
    """How many pages and people a text mentions, each counted once."""
    found = [
        item["mention"] for item in text if item.get("mention", {}).get("type") in ("page", "user")
    ]
    return len({mention[mention["type"]]["id"] for mention in found})


def _single(rolled: JSON) -> JSON:
    """An item of a rollup: of a text or a list it holds the first part only."""
    kind = rolled["type"]
    value = rolled[kind]
    if kind in ("title", "rich_text", "people", "relation"):
        return {"type": kind, kind: value[0] if value else None}
    return rolled


def _numbers(rolled: list[JSON]) -> list[float]:
    return [one["number"] for one in rolled if one.get("number") is not None]


def _latest(rolled: list[JSON]) -> JSON | None:
    dates = [one["date"] for one in rolled if one.get("date")]
    return max(dates, key=lambda date: str(date["start"])) if dates else None


REDUCTIONS: dict[str, tuple[str, Callable[[list[JSON]], Any]]] = {
    "count": ("number", len),
    "sum": ("number", lambda rolled: sum(_numbers(rolled))),
    "latest_date": ("date", _latest),
    "show_original": ("array", lambda rolled: rolled),
}
"""Rollup functions that are computed, with the type of their result; others are unsupported unless
given."""
