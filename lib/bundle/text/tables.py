"""Tables as GitHub's Markdown has them, and as lines of plain text."""

from collections.abc import Mapping, Sequence
from typing import Any

from lib.bundle.refs import dashed_id
from lib.bundle.text.escaping import cell, escaped
from lib.bundle.text.inline import Inline, linked
from lib.model import JSON

MOST_ROWS = 100
"""Rows of a child database that are shown."""

YES, NO = "yes", "no"
RELATED = "→"
"""Stands for a page to which a relation leads: its title is not known here."""

Row = list[Inline]


def table(rows: Sequence[Row], *, has_header: bool) -> Inline:
    """Return rows as a table; without a header it has an empty one, for Markdown knows no other
    tables."""
    width = max(map(len, rows), default=0)
    if not width:
        return Inline()
    head, body = (rows[0], rows[1:]) if has_header else ([], rows)
    lines = [
        _table_line(head, width),
        f"|{' --- |' * width}",
        *(_table_line(row, width) for row in body),
    ]
    plain = "\n".join(filter(None, ("\t".join(one.plain for one in row).strip() for row in rows)))
    return Inline("\n".join(lines), plain)


def database_table(value: Mapping[str, Any]) -> Inline:
    """Return the first rows of a child database, as a site reads it; nothing for what is none."""
    schema, items = value.get("properties"), value.get("items")
    if not isinstance(schema, Mapping) or not isinstance(items, list):
        return Inline()
    kinds = {
        name: one.get("type") if isinstance(one, Mapping) else None for name, one in schema.items()
    }
    names = sorted(kinds, key=lambda name: kinds[name] != "title")
    rows = [
        [_value_in_cell(properties.get(name), kinds[name]) for name in names]
        for one in items[:MOST_ROWS]
        if isinstance(one, Mapping) and isinstance(properties := one.get("properties"), Mapping)
    ]
    return table([[_text_in_cell(name) for name in names], *rows], has_header=True)


def first_rows(value: Mapping[str, Any]) -> JSON:
    """Return of a child database, as a site reads it, what its table is made of and who may see
    that."""
    schema: Mapping[str, Any] = value["properties"]
    return {
        "title": value["title"],
        "visibility": value["visibility"],
        "properties": {name: {"type": one.get("type")} for name, one in schema.items()},
        "items": [
            {"properties": {name: item["properties"].get(name) for name in schema}}
            for item in value["items"][:MOST_ROWS]
        ],
    }


def words_of(value: Any) -> str:
    """Return a property's value, as bundles have it, in words."""
    match value:
        case bool():
            return YES if value else NO
        case int() | float():
            return str(value)
        case str():
            return " ".join(value.split())
        case list():
            return ", ".join(filter(None, map(words_of, value)))
        case {"start": str(start), "end": str(end)}:
            return f"{start} – {end}"
        case (
            {"start": str(text)}
            | {"name": str(text)}
            | {"address": str(text)}
            | {"state": str(text)}
        ):
            return text
        case {"plain_text": str(text)}:
            return text
    return ""


def _value_in_cell(value: Any, kind: Any) -> Inline:
    """A property's value in a cell: files and related pages are links."""
    if kind == "relation" and isinstance(value, list):
        related = [
            linked(RELATED, f"page:{one}")
            for one in value
            if isinstance(one, str) and dashed_id(one)
        ]
        return Inline(" ".join(related))
    if kind == "files" and isinstance(value, list):
        links = [_file_link(one) for one in value if isinstance(one, Mapping)]
        return Inline(
            cell(", ".join(link.markdown for link in links)),
            ", ".join(link.plain for link in links),
        )
    return _text_in_cell(words_of(value))


def _file_link(file: Mapping[str, Any]) -> Inline:
    name, address = (
        one if isinstance(one := file.get(member), str) else "" for member in ("name", "url")
    )
    label = " ".join(name.split()) or "File"
    return Inline(linked(label, address, in_cell=True), label)


def _text_in_cell(text: str) -> Inline:
    return Inline(cell(escaped(text, in_cell=True)), text)


def _table_line(row: Row, width: int) -> str:
    cells = [one.markdown for one in row] + [""] * (width - len(row))
    return f"| {' | '.join(cells)} |"
