"""Objects as Notion may give them, drawn from the types of its official client.

What a string has to say (an id, a time, an address …) is seen by the name of its member.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from lib.model import JSON
from tests.odd.official import (
    NEVER,
    Items,
    Literal,
    Members,
    Names,
    OneOf,
    Plain,
    Shape,
    names_ending,
    shape_of,
)

PAGE_ID = "1c0ffee0-0000-4000-8000-000000000001"
HOLDER_ID = "b10c0000-0000-4000-8000-000000000000"
PEOPLE = "people.example"
"""What no bundle may show: where people get their mail,"""
PORTRAITS = "portraits.example"
"""and where their portraits are."""

MEANINGFUL = ("slug", "Slug", "visibility", "Visibility", "sync", "order", "date")
"""Names of properties that mean something."""
OTHERS = (
    "Intro",
    "Intro__rich",
    "Étage",
    "__proto__",
    "",
    "A property of a name that is longer than is shown " * 3,
)

_WORDS = st.sampled_from(
    [
        "Rye & Oats",
        "",
        " ",
        "draft",
        "paused",
        "thé",
        "🥐 au beurre",
        '<b>"\\n"</b>',
        "\u2028\u0000\u202e",
        "line\nline",
    ]
) | st.text(st.characters(codec="utf-8"), max_size=8)
_IDS = st.integers(1, 40).map(lambda number: f"07e40000-0000-4000-8000-{number:012x}")
_TIMES = st.sampled_from(
    [
        "2026-05-01T10:00:00.000Z",
        "2026-10-01T08:00:00.000Z",
        "2024-02-29T23:59:00.000Z",
        "2026-06-27T16:49:48.076+00:00",
    ]
)
_DAYS = st.sampled_from(
    ["2026-05-01", "2026-05-01T10:00:00.000+02:00", "1889-03-31", "2026-12-31T23:59:00.000Z"]
)
_ADDRESSES = st.sampled_from(
    ["https://bakery.example/a?b=1#c", "/07e40000000040008000000000000001", "draft", ""]
)
_SIGNED = st.integers(1, 9).map(
    lambda number: (
        f"https://prod-files-secure.s3.us-west-2.amazonaws.com/space/{number}/oven.jpg?X-Amz-Signature=0f"
    )
)
_NUMBERS = (
    st.sampled_from([0, 1, -1, 2.5, 1e300, 2**53 - 1]) | st.integers(-99, 99) | st.floats(-9, 9)
)

_BY_NAME: dict[str, st.SearchStrategy[str]] = {
    "id": _IDS,
    "attendees": _IDS,
    "start": _DAYS,
    "end": _DAYS,
    "timestamp": _TIMES,
    "url": _ADDRESSES,
    "href": _ADDRESSES,
    "avatar_url": st.just(f"https://{PORTRAITS}/ada.png"),
    "emoji": st.sampled_from(["🥐", "👩\u200d🍳"]),
    "time_zone": st.just("Europe/Paris"),
}
_BY_END = {"_id": _IDS, "_ids": _IDS, "_time": _TIMES, "_url": _ADDRESSES}


@cache
def objects(name: str) -> st.SearchStrategy[Any]:
    """Return what draws objects of an official type."""
    return of_shape(shape_of(name))


@cache
def pages() -> st.SearchStrategy[JSON]:
    """Rows with a title and a few properties more, some of which mean something."""
    names = st.sampled_from(MEANINGFUL) | st.sampled_from(OTHERS)
    properties = st.dictionaries(
        names, objects("PagePropertyValueWithIdResponse"), min_size=1, max_size=4
    )
    texts = st.lists(objects("RichTextItemResponse"), max_size=2)
    titles = texts.map(lambda text: {"id": "title", "type": "title", "title": text})

    def whole(drawn: tuple[JSON, JSON, JSON]) -> JSON:
        page, more, title = drawn
        return {**page, "properties": {"Name": title, **more}, "id": PAGE_ID}

    return st.tuples(objects("PageObjectResponse"), properties, titles).map(whole)


@cache
def trees() -> st.SearchStrategy[tuple[list[JSON], list[JSON]]]:
    """Blocks of a page, and those inside its first block."""
    blocks = st.lists(
        objects("BlockObjectResponse") | objects("PartialBlockObjectResponse"), max_size=2
    )
    holder = objects("BlockObjectResponse").map(
        lambda block: {**block, "id": HOLDER_ID, "has_children": True}
    )

    def told_apart(drawn: tuple[JSON, list[JSON], list[JSON]]) -> tuple[list[JSON], list[JSON]]:
        first, beside, inside = drawn
        return [first, *_numbered(beside, 1)], _numbered(inside, 101)

    return st.tuples(holder, blocks, blocks).map(told_apart)


@cache
def pages_with_blocks() -> st.SearchStrategy[JSON]:
    def whole(drawn: tuple[JSON, tuple[list[JSON], list[JSON]]]) -> JSON:
        page, (blocks, inside) = drawn
        return {"page": page, "blocks": blocks, "inside": inside}

    return st.tuples(pages(), trees()).map(whole)


@cache
def databases() -> st.SearchStrategy[JSON]:
    """A database, its data source, and rows of it."""

    def whole(drawn: tuple[JSON, JSON, list[JSON]]) -> JSON:
        database, source, rows = drawn
        told_apart = [{**row, "id": f"{PAGE_ID[:-1]}{number}"} for number, row in enumerate(rows)]
        return {"database": database, "source": source, "rows": told_apart}

    source = objects("DataSourceObjectResponse") | objects("PartialDataSourceObjectResponse")
    return st.tuples(objects("DatabaseObjectResponse"), source, st.lists(pages(), max_size=2)).map(
        whole
    )


@cache
def property_lists() -> st.SearchStrategy[JSON]:
    """Answers of the property endpoint."""
    kinds = ("title", "rich_text", "people", "relation")
    items = {kind: objects(_item_type(kind)) for kind in kinds}
    alike = [st.lists(items[kind], max_size=3).map(_list_of(kind)) for kind in kinds]
    mixed = st.lists(objects("PropertyItemObjectResponse"), max_size=3).map(_list_of(""))
    return st.one_of(*alike, mixed)


@cache
def events() -> st.SearchStrategy[JSON]:
    """What Notion's webhook sends, of every type."""
    ids = st.uuids().map(str)
    drawn = [
        st.tuples(objects(name), ids)
        for name in names_ending("WebhookPayload")
        if name != "BaseWebhookPayload"
    ]
    return st.one_of(*drawn).map(lambda both: {"event": {**both[0], "id": both[1]}})


def _item_type(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_")) + "PropertyItemObjectResponse"


def _list_of(kind: str) -> Callable[[list[JSON]], JSON]:
    return lambda items: {"kind": kind, "items": items}


def _numbered(blocks: list[JSON], first: int) -> list[JSON]:
    return [
        {**block, "id": f"b10c0000-0000-4000-8000-{number:012d}"}
        for number, block in enumerate(blocks, first)
    ]


def of_shape(shape: Shape, name: str = "", around: str = "") -> st.SearchStrategy[Any]:
    """Return what draws values of a shape, in the member `name` of the object in the member
    `around`."""
    match shape:
        case Literal(value):
            return st.just(value)
        case Plain("string"):
            return _strings(name, around)
        case Plain("boolean"):
            return st.booleans()
        case Plain():
            return _NUMBERS
        case Items(Names()):
            return st.just([])
        case Items(item):
            return st.lists(of_shape(item, name, around), max_size=2)
        case Names(member) if member == NEVER:
            return st.just({})
        case Names(member):
            return st.dictionaries(st.sampled_from(OTHERS), of_shape(member, "", name), max_size=3)
        case Members():
            needed = {
                key: of_shape(member, key, name) for key, member, is_needed in shape if is_needed
            }
            more = {
                key: of_shape(member, key, name)
                for key, member, is_needed in shape
                if not is_needed
            }
            return (
                st.fixed_dictionaries(needed, optional=more)
                if more
                else st.fixed_dictionaries(needed)
            )
        case OneOf(options):
            return st.one_of(*(of_shape(option, name, around) for option in options))


def _strings(name: str, around: str) -> st.SearchStrategy[str]:
    if name == "email":
        return st.just(f"ada@{PEOPLE}" if around == "person" else "hello@bakery.example")
    if name == "url" and around == "file":
        return _SIGNED
    by_end = next((strings for end, strings in _BY_END.items() if name.endswith(end)), _WORDS)
    return _BY_NAME.get(name, by_end)
