"""How samples and edits write properties, and what the workspace keeps of them: Notion's own
values, but whole.

People and relations are kept as lists of ids; what is looked up or computed is added when a page is
read.

    title, rich_text: a text      select, status: "name"      multi_select: ["name", …]      date:
    "2026-05-01" or {…} people, relation: [id, "@name", {"repeat": 30, "id": "@name-{n}"}]
    files: [{"file": name}, {"external": url}] formula, rollup: a plain value, {"date": …}, {"type":
    …} or "unsupported"; {"whole": value, "from_25": value} for one that comes out otherwise when
    only 25 references are looked at      anything else: as Notion gives it
"""

from typing import Any

from dev.notion.ids import named_id, resolved
from dev.notion.nodes import JSON
from dev.notion.notation import file
from dev.notion.rich_text import filled, rich_text

FROM_25 = "from_25"


def property_schema(name: str, written: str | JSON) -> JSON:
    """A property of a data source: its type, or an object of its `type`, its settings and, if it
    matters, its `id`.

    The settings of select, multi_select and status are the names of their options; a relation's
    lead to the `database` and its `data_source`.
    """
    given: JSON = {"type": written} if isinstance(written, str) else written
    kind: str = given["type"]
    settings: Any = given.get(kind, {})
    match kind:
        case "select" | "multi_select" | "status":
            settings = _options(kind, settings)
        case "relation":
            settings = _relation(settings)
        case "rollup":
            settings = _rollup(settings)
        case "number":
            settings = {"format": "number", **settings}
        case "unique_id":
            settings = {"prefix": None, **settings}
    return {
        "id": "title" if kind == "title" else given.get("id", _property_id(name)),
        "name": name,
        "description": given.get("description"),
        "type": kind,
        kind: settings,
    }


def _property_id(name: str) -> str:
    return named_id(f"property {name}")[:4]


def _relation(settings: JSON) -> JSON:
    return {
        "database_id": resolved(settings["database"]),
        "data_source_id": resolved(settings["data_source"]),
        "type": "single_property",
        "single_property": {},
    }


def _rollup(settings: JSON) -> JSON:
    return {
        "relation_property_id": _property_id(settings["relation_property_name"]),
        "rollup_property_id": _property_id(settings["rollup_property_name"]),
        **settings,
    }


def _options(kind: str, names: list[str] | JSON) -> JSON:
    options = [option(name) for name in names]
    if kind != "status":
        return {"options": options}
    groups = [
        {"id": named_id(f"group {name}"), "name": name, "color": color, "option_ids": ids}
        for name, color, ids in (
            ("To-do", "gray", [option["id"] for option in options[:1]]),
            ("In progress", "blue", [option["id"] for option in options[1:-1]]),
            ("Complete", "green", [option["id"] for option in options[1:][-1:]]),
        )
    ]
    return {"options": options, "groups": groups}


COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")


def option(name: str) -> JSON:
    """An option of a select; its id and colour follow from its name."""
    option_id = named_id(f"option {name}")
    return {
        "id": option_id,
        "name": name,
        "color": COLORS[int(option_id[:2], 16) % len(COLORS)],
        "description": None,
    }


def value(kind: str, written: Any) -> Any:
    """A property value, whole, as the workspace keeps it and Notion gives it under its type."""
    match kind:
        case "title" | "rich_text":
            return rich_text(written)
        case "select" | "status":
            return _chosen(written) if written else None
        case "multi_select":
            return [_chosen(name) for name in written or []]
        case "date":
            return date(written)
        case "people" | "relation":
            return _references(written)
        case "files":
            return [
                {"name": one.get("name") or one.get("file", ""), **file(one)}
                for one in written or []
            ]
        case "formula" | "rollup":
            return _computed(written)
        case "verification":
            return _verification(written)
        case "place":
            return {
                "name": None,
                "address": None,
                "aws_place_id": None,
                "google_place_id": None,
                **written,
            }
    return written


def _chosen(name: str) -> JSON:
    return {member: option(name)[member] for member in ("id", "name", "color")}


def _references(written: list[str | JSON] | None) -> list[str]:
    return [
        resolved(target_id)
        for one in written or []
        for target_id in (
            [filled(one["id"], n) for n in range(1, one["repeat"] + 1)]
            if isinstance(one, dict)
            else [one]
        )
    ]


def date(written: str | JSON | None) -> JSON | None:
    if written is None:
        return None
    given = {"start": written} if isinstance(written, str) else written
    return {"start": None, "end": None, "time_zone": None, **given}


def _computed(written: Any) -> JSON:
    """The result of a formula or a rollup: {"type": …} as it is, or a plain value; `from_25` is
    kept beside it."""
    match written:
        case {"whole": whole, "from_25": part}:
            return {**_computed(whole), FROM_25: _computed(part)}
        case {"type": _}:
            return dict(written)
        case bool():
            return {"type": "boolean", "boolean": written}
        case int() | float():
            return {"type": "number", "number": written}
        case {"date": given}:
            return {"type": "date", "date": date(given)}
        case "unsupported":
            return {"type": "unsupported", "unsupported": {}}
        case dict():
            raise ValueError(
                f"the result of a formula or a rollup is not to be understood: {written}"
            )
    return {"type": "string", "string": written}


def _verification(written: JSON) -> JSON:
    """`by` is a user; an unverified page has neither a date nor anybody."""
    by = written.get("by")
    return {
        "state": written["state"],
        "verified_by": resolved(by) if by else None,
        "date": date(written.get("date")),
    }


EMPTY: JSON = {
    "title": [],
    "rich_text": [],
    "multi_select": [],
    "people": [],
    "relation": [],
    "files": [],
    "checkbox": False,
    "formula": {"type": "string", "string": None},
    "verification": {"state": "unverified", "verified_by": None, "date": None},
}
"""What a row has where nothing was written; null for the other types."""
