"""Where Notion's answers come in: pages, lists of blocks, databases and data sources, made sound or
refused.

Everything behind these functions may trust its values: an id is a text, a time can be read, a
property has a type. Whatever was odd is noted with the name of the page and the place, for the
run's warnings.
"""

from http import HTTPStatus
from typing import Any

import msgspec

from lib.errors import Unreadable
from lib.model import JSON
from lib.notion.border.blocks import block_of
from lib.notion.border.properties import item_of, property_of
from lib.notion.border.shapes import (
    Note,
    Odd,
    beneath,
    defaulted,
    flag,
    kind_of,
    list_of,
    moment,
    optional,
    plain,
    record,
    required,
    sound_text,
    text,
)
from lib.notion.border.texts import file_of, icon_of, rich_text
from lib.times import UNKNOWN

MOST_NOTED = 100
"""Sentences that are kept about one listing or one page."""
NAME_CHARACTERS = 80


class Oddities(msgspec.Struct, omit_defaults=True):
    """What was odd in something that was read: the first sentences, and how many there were in
    all."""

    sentences: list[str] = []
    count: int = 0

    def note(self, sentence: str) -> None:
        """Take one more; the same sentence counts once while it is among those that are kept."""
        if sentence in self.sentences:
            return
        self.count += 1
        if len(self.sentences) < MOST_NOTED:
            self.sentences.append(sentence)

    @property
    def warnings(self) -> list[str]:
        """The sentences, and one about those that were not kept."""
        more = self.count - len(self.sentences)
        return (
            [*self.sentences, f"{more} more values of Notion's were odd"]
            if more > 0
            else self.sentences
        )


def page_of(value: Any, oddities: Oddities) -> JSON | None:
    """Return a sound page object, or None for what is no page; `is_partial` tells one of which
    there is only an id.

    `id`, `created_time` and `last_edited_time` are sound, `properties` hold sound values, `parent`
    is an object or null.
    """
    if not is_page(value):
        if kind_of_object(value) not in PASSED_OVER:
            oddities.note(
                f"{_named_value(value)} that is no page stands among the rows; it is passed over"
            )
        return None
    if is_partial(value):
        return {"object": "page", "id": value["id"]}
    notes: list[str] = []
    properties = {
        sound_text(name, notes.append): property_of(
            one, _note_at(f'property "{_short_name(name)}"', notes)
        )
        for name, one in value["properties"].items()
    }
    around = {
        sound_text(name, notes.append): plain(member, beneath(name, notes.append))
        for name, member in value.items()
        if name != "properties"
    }
    page: JSON = {**_PAGE(around, notes.append), "properties": properties}
    for what in notes:
        oddities.note(f'"{name_of(page)}": {what}')
    return page


def pages_of(values: list[Any], oddities: Oddities) -> tuple[list[JSON], list[str]]:
    """Return the sound pages among these values, and the ids of those of which there is only an
    id."""
    pages = [page for value in values if (page := page_of(value, oddities)) is not None]
    whole = [page for page in pages if not is_partial(page)]
    return whole, [page["id"] for page in pages if is_partial(page)]


def name_of(page: JSON) -> str:
    """Return what people know a sound page by: its title, else its id."""
    titles = (
        one["title"]
        for one in page["properties"].values()
        if one["type"] == "title" and one["title"]
    )
    return _short_name(" ".join(plain_text(next(titles, [])).split()) or page["id"])


def is_page(value: Any) -> bool:
    """Return whether an answer, or an item of one, is a page, whole or partial."""
    return isinstance(value, dict) and value.get("object") == "page" and _is_id(value.get("id"))


def kind_of_object(value: Any) -> str:
    """Return what Notion says an object is; "" where it says nothing of use."""
    kind = value.get("object") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else ""


def is_partial(page: JSON) -> bool:
    """Return whether Notion gives little more than the page's id: that proves neither a change nor
    that it is gone."""
    return not isinstance(page.get("properties"), dict)


def blocks_of(values: list[Any], oddities: Oddities) -> list[JSON]:
    """Return the blocks of a list; what is no block is left out, what can't be shown says why."""
    blocks = []
    for value in values:
        notes: list[str] = []
        try:
            block = block_of(value, notes.append)
        except Odd as odd:
            oddities.note(f"a block is left out: {odd}")
            continue
        blocks.append(block)
        for what in notes:
            oddities.note(
                f"block {block['id'] or 'without id'}"
                f" ({_short_name(block.get('type', 'no type'))}): {what}"
            )
    return blocks


def database_of(value: JSON, oddities: Oddities) -> JSON:
    """Return a sound database or data source: `title` is a rich text, `data_sources` are objects
    with ids."""
    notes: list[str] = []
    found: JSON = _DATABASE(
        plain({"title": [], **value, "properties": None}, notes.append), notes.append
    )
    for what in notes:
        oddities.note(f'database "{_short_name(plain_text(found["title"]))}": {what}')
    return found


def schema_of(value: JSON, oddities: Oddities) -> JSON:
    """Return the properties of a data source by name, as Notion gives them; odd ones are left
    out."""
    notes: list[str] = []
    properties = value.get("properties")
    if not isinstance(properties, dict):
        oddities.note(f"{kind_of(properties)} instead of the properties of a database")
        return {}
    schema = {}
    for name, one in properties.items():
        if isinstance(one, dict):
            schema[sound_text(name, notes.append)] = plain(one, notes.append)
        else:
            notes.append(f"{kind_of(one)} instead of what a property is")
        for what in notes:
            oddities.note(f'property "{_short_name(name)}" of a database: {what}')
        notes.clear()
    return schema


def items_of(values: list[Any], kind: str, oddities: Oddities) -> list[JSON]:
    """Return the items of the property endpoint, without odd ones. `kind`: the type each has to be;
    "": any."""
    items = []
    for value in values:
        notes: list[str] = []
        try:
            item = item_of(value, notes.append)
            if kind and item["type"] != kind:
                raise Odd(f'"{_short_name(item["type"])}" in a list of "{kind}"')
            if kind and isinstance(item[kind], list):
                raise Odd(f'a list in a list of "{kind}"')
            items.append(item)
        except Odd as odd:
            notes.append(f"an item is left out: {odd}")
        for what in notes:
            oddities.note(what)
    return items


def value_of(answer: JSON, given: JSON, oddities: Oddities) -> JSON:
    """Return a property with the one value that the property endpoint gives: a formula's or a
    rollup's.

    `given` is the property as the page shows it. Raises Unreadable where the answer is no such
    value.
    """
    kind, notes = given["type"], list[str]()
    found = property_of({"id": given["id"], "type": kind, kind: answer.get(kind)}, notes.append)
    if found.get("is_odd") or found[kind] is None:
        raise Unreadable(f"Notion gave no {kind}", HTTPStatus.OK)
    for what in notes:
        oddities.note(what)
    return {**given, kind: found[kind]}


def parent_of(answer: JSON) -> JSON:
    """Return what a block or page gives as its parent; an empty object where it names none."""
    try:
        found: JSON = _PARENT(answer.get("parent"), lambda what: None)
    except Odd:
        return {}
    return found


def says_where(answer: JSON) -> bool:
    """Return whether a block or page names what it stands in, so that one can tell that it is not
    elsewhere."""
    above = parent_of(answer)
    kind = above.get("type")
    return bool(kind) and (kind not in _CLIMBED or bool(above.get(kind)))


def plain_text(rich_text: list[JSON]) -> str:
    """Return what a sound rich text says."""
    return "".join(item["plain_text"] for item in rich_text)


PASSED_OVER = frozenset({"data_source", "database"})
"""A wiki has databases among its pages."""

_CLIMBED = ("page_id", "block_id", "data_source_id")
_PARENT = record(type=optional(text), **dict.fromkeys(_CLIMBED, optional(text)))
_PAGE = record(
    created_time=defaulted(moment, lambda: UNKNOWN),
    last_edited_time=defaulted(moment, lambda: UNKNOWN),
    icon=optional(icon_of),
    cover=optional(file_of),
    url=optional(text),
    parent=optional(_PARENT),
    **dict.fromkeys(("in_trash", "is_archived", "archived"), optional(flag)),
)
_DATABASE = record(
    title=defaulted(rich_text, list),
    data_sources=optional(list_of(record(id=required(text), name=optional(text)))),
    parent=optional(record(database_id=optional(text))),
    **dict.fromkeys(("in_trash", "is_archived", "archived"), optional(flag)),
)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value.isascii()


def _named_value(value: Any) -> str:
    """What a value is, with its id where it has one."""
    given = value.get("id") if isinstance(value, dict) else None
    return (
        f"{kind_of(value)} ({_short_name(given)})"
        if isinstance(given, str) and given
        else kind_of(value)
    )


def _note_at(place: str, notes: list[str]) -> Note:
    return lambda what: notes.append(f"{place}: {what}")


def _short_name(name: str) -> str:
    name = sound_text(name, lambda what: None)
    return name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}…"
