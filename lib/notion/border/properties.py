"""Property values: what each kind has to be."""

from typing import Any

from lib.model import JSON
from lib.notion.border.shapes import (
    Note,
    Odd,
    Shape,
    defaulted,
    flag,
    kind_of,
    list_of,
    moment,
    nullable,
    number,
    optional,
    plain,
    record,
    required,
    text,
)
from lib.notion.border.texts import file_of, person, rich_text, rich_text_item

option = record(name=required(text))
date = record(start=defaulted(text, lambda: None), end=optional(text), time_zone=optional(text))
reference = record(id=required(text))
place = record(
    lat=required(number), lon=required(number), name=optional(text), address=optional(text)
)


def property_of(value: Any, note: Note) -> JSON:
    """Return a property of a page: `{"id", "type", <type>: value}`.

    One that can't be used carries `"is_odd": true` beside a null value: what it says is not known,
    which is something else than an empty one. One that lost something on the way, such as an item,
    `"is_partly_odd": true`.
    """
    notes: list[str] = []
    value = plain(value, notes.append)
    try:
        sound = _typed_value(value, notes.append)
    except Odd as odd:
        note(f"{odd}; it is published as null")
    else:
        for what in notes:
            note(what)
        return {**sound, "is_partly_odd": True} if notes else sound
    given = value if isinstance(value, dict) else {}
    property_id, kind = given.get("id"), given.get("type")
    kind = kind if isinstance(kind, str) else "unknown"
    return {
        "id": property_id if isinstance(property_id, str) else "",
        "type": kind,
        kind: None,
        "is_odd": True,
    }


def _typed_value(value: Any, note: Note) -> JSON:
    """A value with its type; also that of a formula, of a rollup and of its items, which have the
    same form."""
    if not isinstance(value, dict):
        raise Odd(f"{kind_of(value)} instead of a property")
    kind = value.get("type")
    if not isinstance(kind, str):
        raise Odd(f"{kind_of(kind)} instead of the type")
    shape = SHAPES.get(kind)
    if shape is None:
        raise Odd(f'the type "{kind[:40]}" is not known here')
    if kind not in value and kind not in WITHOUT_VALUE:
        raise Odd(f'no value of its type "{kind}"')
    return {**value, kind: shape(value.get(kind), note)}


def item_of(value: Any, note: Note) -> JSON:
    """Return one item of the property endpoint. Raises Odd.

    A list there consists of items with one person, page or piece of text each.
    """
    value = plain(value, note)
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in SINGLE and not isinstance(value.get(kind), list):
        return {**value, kind: SINGLE[kind](value.get(kind), note)}
    return _typed_value(value, note)


def _named_file(value: Any, note: Note) -> JSON:
    """A file of a files property, which has a name beside what other files have."""
    file: JSON = file_of(value, note)
    if value.get("name") is None:
        note("a file without a name")
    return file


def _no_value(value: Any, note: Note) -> Any:
    """Buttons have none, and what Notion calls unsupported shows none."""
    if value is not None and not isinstance(value, dict):
        raise Odd(f"{kind_of(value)} instead of an object")


def _computed_shape(*kinds: str) -> Shape:
    """The result of a formula or a rollup: a value of one of these types."""

    def shaped(value: Any, note: Note) -> Any:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            raise Odd(f"{kind_of(value)} of no known type as a result")
        return _typed_value(value, note)

    return shaped


SHAPES: dict[str, Shape] = {
    "title": rich_text,
    "rich_text": rich_text,
    "number": nullable(number),
    "select": nullable(option),
    "status": nullable(option),
    "multi_select": list_of(option),
    "date": nullable(date),
    "people": list_of(person),
    "files": list_of(_named_file),
    "checkbox": flag,
    "url": nullable(text),
    "email": nullable(text),
    "phone_number": nullable(text),
    "relation": list_of(reference),
    "created_time": moment,
    "last_edited_time": moment,
    "last_visited_time": nullable(moment),
    "created_by": nullable(person),
    "last_edited_by": nullable(person),
    "unique_id": nullable(record(prefix=optional(text), number=optional(number))),
    "verification": nullable(
        record(
            state=defaulted(text, lambda: None), verified_by=optional(person), date=optional(date)
        )
    ),
    "place": nullable(place),
    "formula": nullable(_computed_shape("string", "number", "boolean", "date", "unsupported")),
    "rollup": nullable(_computed_shape("number", "date", "array", "incomplete", "unsupported")),
    # Results of formulas and rollups:
    "string": nullable(text),
    "boolean": nullable(flag),
    "array": list_of(_typed_value),
    "button": _no_value,
    "incomplete": _no_value,
    "unsupported": _no_value,
}
"""https://developers.notion.com/reference/page-property-values"""

WITHOUT_VALUE = frozenset({"button", "incomplete", "unsupported"})

SINGLE: dict[str, Shape] = {
    "title": rich_text_item,
    "rich_text": rich_text_item,
    "people": person,
    "relation": reference,
}
"""Of a list, the property endpoint gives items with one each."""
