"""Blocks of every kind, in random trees: another parser finds the same words in the same order."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.text.kinds import KINDS, PageContext
from lib.bundle.text.walk import BothForms, text_of
from lib.model import JSON
from tests.bundle.samples import BLOCK_ID, BLOCKS, block, deep, mention, plain
from tests.bundle.text.reading import headings_in, kinds_of, text_in, words_in

PAGE = "aaaaaaaa-0000-4000-8000-00000000000a"
SIGNS = r"*_`~[]()<>&#!|\-+=:.1)$ " + "\n" + "“é日”"


def text(*blocks: Any, database: Callable[[str], Any] = lambda _: None) -> BothForms:
    return text_of(blocks, PageContext({}, database))


def says(kind: str, words: str, *children: JSON, **own: Any) -> JSON:
    payload = {"rich_text": [plain(words)], **own}
    return block(kind, payload, children=list(children)) if children else block(kind, payload)


class Tree:
    """A block, and the texts in it as they have to be read, one below the other."""

    def __init__(self, given_block: JSON, *texts: str) -> None:
        self.block = given_block
        self.texts = list(texts)

    def holding(self, inside: list["Tree"]) -> "Tree":
        children = [tree.block for tree in inside]
        return Tree(
            {**self.block, "children": children},
            *self.texts,
            *(one for tree in inside for one in tree.texts),
        )


WORDS = st.text("ab1é日", min_size=1, max_size=3)
TEXTS = st.lists(WORDS | st.text(SIGNS, max_size=4), min_size=1, max_size=5).map("".join)
TEXTED = [
    "paragraph",
    "quote",
    "callout",
    "bulleted_list_item",
    "numbered_list_item",
    "to_do",
    "toggle",
    "template",
]
HEADINGS = ["heading_1", "heading_2", "heading_3", "heading_4"]
HOLDERS = ["column_list", "column", "synced_block", "tab"]


@st.composite
def rich_texts(draw: st.DrawFn) -> list[JSON]:
    styles = st.sets(st.sampled_from(["bold", "italic", "strikethrough", "code"]), max_size=2)
    return [
        plain(draw(TEXTS), **dict.fromkeys(draw(styles), True))
        for _ in range(draw(st.integers(0, 3)))
    ]


def plain_text(items: list[JSON]) -> str:
    return "".join(item["plain_text"] for item in items)


@st.composite
def leaves(draw: st.DrawFn) -> Tree:
    items = draw(rich_texts())
    words = plain_text(items)
    match draw(
        st.sampled_from(
            [*TEXTED, *HEADINGS, *HOLDERS, "code", "image", "table", "child_page", "hologram"]
        )
    ):
        case "code":
            return Tree(
                block("code", {"rich_text": items, "caption": items, "language": "c`\n d"}),
                words,
                words,
            )
        case "image":
            picture = {
                "type": "external",
                "external": {"url": "https://a.example/b(.png"},
                "caption": items,
            }
            return Tree(block("image", picture), words)
        case "table":
            return draw(tables())
        case "child_page":
            title = draw(TEXTS.filter(str.strip))
            return Tree(block("child_page", {"title": title}, id=PAGE), title)
        case "hologram":
            return Tree(block("hologram", {"rich_text": items, "depth": 3}), words)
        case kind if kind in HOLDERS:
            return Tree(block(kind, {}))
        case kind:
            own = {
                "rich_text": items,
                "checked": draw(st.booleans()),
                "list_start_index": draw(st.none() | st.just(7)),
            }
            return Tree(block(kind, own), words)


@st.composite
def tables(draw: st.DrawFn) -> Tree:
    cells = draw(st.lists(st.lists(rich_texts(), max_size=3), max_size=3))
    rows = [block("table_row", {"cells": row}) for row in cells]
    table = block("table", {"has_column_header": draw(st.booleans())}, children=rows)
    return Tree(table, *(plain_text(one) for row in cells for one in row))


def with_children(inside: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    holders = leaves().filter(lambda tree: "children" not in tree.block)
    return st.tuples(holders, st.lists(inside, min_size=1, max_size=4)).map(
        lambda both: both[0].holding(both[1])
    )


trees = st.recursive(leaves(), with_children, max_leaves=15)


@given(st.lists(trees, max_size=5))
def test_the_words_of_every_tree_come_back_in_their_order(given_trees: list[Tree]) -> None:
    found = text(*(tree.block for tree in given_trees))
    expected = words_in("\n".join(one for tree in given_trees for one in tree.texts))
    assert words_in(text_in(found.markdown)) == expected, found.markdown
    assert words_in(found.plain) == expected


@given(st.lists(trees, max_size=5))
def test_the_outline_has_the_headings_that_are_read(given_trees: list[Tree]) -> None:
    found = text(*(tree.block for tree in given_trees))
    read = [(level, " ".join(words.split())) for level, words in headings_in(found.markdown)]
    assert read == [(one["level"], one["text"]) for one in found.outline], found.markdown


@pytest.mark.parametrize(
    "kind", [*BLOCKS, "column", "meeting_notes_summary", "transcription_notes"]
)
def test_every_kind_is_known_and_shows_what_stands_in_it(kind: str) -> None:
    assert kind in KINDS
    inside = (
        says("paragraph", "inside")
        if kind != "table"
        else block("table_row", {"cells": [[plain("inside")]]})
    )
    found = text(block(kind, BLOCKS.get(kind, {}), children=[inside]))
    assert "inside" in words_in(text_in(found.markdown))
    assert "inside" in words_in(found.plain)
    assert found.unknown == {}


@pytest.mark.parametrize("kind", list(BLOCKS))
def test_what_could_not_be_read_says_so(kind: str) -> None:
    found = text(
        block(kind, BLOCKS[kind], unavailable="not shared [with] us"), says("paragraph", "after")
    )
    name = "ai block" if kind == "unsupported" else kind.replace("_", " ")
    told = f"Not available: {name} (not shared [with] us)"
    assert text_in(found.markdown).split("\n")[-2:] == [told, "after"]
    assert found.plain.split("\n")[-2:] == [told, "after"]
    assert "db:" not in found.markdown
    assert "page:b10c" not in found.markdown


def test_kinds_that_are_yet_to_come_are_counted_and_read() -> None:
    found = text(
        says("hologram", "seen", says("hologram", "deeper")),
        block("mirror", {"title": [plain("itself")]}),
        {"id": "x"},
    )
    assert found.unknown == {"hologram": 2, "mirror": 1, "block": 1}
    assert found.plain == "seen\ndeeper\nitself"


def markdown(*blocks: JSON) -> str:
    return text(*blocks).markdown


def test_lists_are_close_and_other_blocks_apart() -> None:
    item = "bulleted_list_item"
    assert markdown(
        says(item, "a", says(item, "b", says("paragraph", "c")), says("numbered_list_item", "d")),
        says(item, "e"),
        says("to_do", "f", checked=True),
        says("toggle", "g", says("quote", "h", says("paragraph", "i"), says(item, "j"))),
        says("numbered_list_item", "k", list_start_index=9),
        says("numbered_list_item", "l", says(item, "m")),
        says("paragraph", "n"),
        says("numbered_list_item", "o"),
    ).split("\n") == [
        "- a",
        "  - b",
        "",
        "    c",
        "",
        "  1. d",
        "- e",
        "- [x] f",
        "- g",
        "",
        "  > h",
        "  >",
        "  > i",
        "  >",
        "  > - j",
        "",
        "9. k",
        "10. l",
        "    - m",
        "",
        "n",
        "",
        "1. o",
    ]


def test_what_is_empty_is_not_there_unless_something_stands_in_it() -> None:
    empty = [says(kind, " \n") for kind in [*TEXTED, *HEADINGS, "code"]] + [
        block("table", {}),
        block("equation", {}),
    ]
    assert text(*empty) == BothForms("", "", [], "", {})
    assert markdown(says("to_do", "", says("to_do", "a"))) == "- &nbsp;\n  - [ ] a"
    assert markdown(says("quote", "", says("paragraph", "a"))) == "> a"


def test_a_table_has_a_header_and_rows_of_one_length() -> None:
    cells = [[[plain("a|b")], [plain("c|d", code=True)]], [[plain("e\nf")]], [[], [], [plain("g")]]]
    rows = [block("table_row", {"cells": row}) for row in cells]
    table = block("table", {"has_column_header": True}, children=rows)
    assert (
        markdown(table) == "| a\\|b | `c\\|d` |  |\n| --- | --- | --- |\n| e f |  |  |\n|  |  | g |"
    )
    assert text(table).plain == "a|b\tc|d\ne f\ng"
    without = {**table, "table": {}}
    assert markdown(without).startswith("|  |  |  |\n| --- | --- | --- |\n| a")


def test_pages_are_linked_by_their_ids() -> None:
    around = PageContext({PAGE: "Rye [and] Oats"}, lambda _: None)
    bare = PAGE.replace("-", "")
    blocks = [
        block("link_to_page", {"type": "page_id", "page_id": PAGE}),
        block("child_page", {"title": "Rye"}, id=PAGE),
        block(
            "bookmark",
            {"url": f"https://www.notion.so/Rye-{bare}#{'b' * 32}", "caption": [plain("here")]},
        ),
        block("bookmark", {"url": f"https://www.notion.so/Rye-{bare}"}),
        block("paragraph", {"rich_text": [mention("page", {"id": PAGE}, "Rye")]}),
        block(
            "image",
            {"external": {"url": "/a.png"}, "caption": [mention("page", {"id": PAGE}, "Rye")]},
        ),
    ]
    assert text_of(blocks, around).markdown.split("\n\n") == [
        f"[Rye \\[and\\] Oats](page:{PAGE})",
        f"[Rye \\[and\\] Oats](page:{PAGE})",
        f"[here](page:{PAGE}#{'b' * 32})",
        f"[Linked page](page:{PAGE})",
        f"[Rye](page:{PAGE})",
        "![](/a.png)",
        f"[Rye](page:{PAGE})",
    ]


def database(rows: int) -> JSON:
    schema = {
        "Size": {"type": "number"},
        "Name": {"type": "title"},
        "Of": {"type": "relation"},
        "File": {"type": "files"},
    }
    values = {
        "Size": 2.5,
        "Name": "a|b",
        "Of": [PAGE, "odd"],
        "File": [{"name": "x|y", "url": "https://a.example/f"}],
    }
    items = [{"id": str(number), "properties": values} for number in range(rows)]
    return {"id": "d", "title": "Recipes", "properties": schema, "items": items}


def test_a_child_database_is_a_table_of_its_first_rows() -> None:
    child = block("child_database", {"title": "old"}, id=PAGE)
    found = text(child, database={PAGE: database(101)}.get)
    link, rows = found.markdown.split("\n\n")
    assert link == f"[Recipes](db:{PAGE})"
    row = rf"| a\|b | 2.5 | [→](page:{PAGE}) | [x\|y](https://a.example/f) |"
    assert rows.split("\n") == [
        "| Name | Size | Of | File |",
        "| --- | --- | --- | --- |",
        *[row] * 100,
    ]
    assert text(child).markdown == f"[old](db:{PAGE})"
    assert text(child).plain == "old"


def test_equations_stand_between_dollar_signs() -> None:
    assert markdown(block("equation", {"expression": "a\n+ b"})) == "$$\na + b\n$$"
    assert markdown(block("equation", {"expression": "- a"})) == "$$- a$$"
    assert markdown(block("equation", {"expression": "a % b\nc"})) == "```math\na % b\nc\n```"


def test_meeting_notes_name_their_parts() -> None:
    parts = [
        block("meeting_notes_summary", {}, children=[says("paragraph", "We paint.")]),
        block("meeting_notes_transcript", {}, children=[]),
    ]
    times = {"calendar_event": {"start_time": "2026-05-08T10:00", "end_time": None}}
    notes = block("meeting_notes", {"title": [plain("Spring")], **times}, children=parts)
    assert markdown(notes) == "**Spring** 2026-05-08T10:00\n\n**Summary**\n\nWe paint."


def test_five_thousand_levels_are_read_and_lists_are_nested_no_deeper_than_parsers_go() -> None:
    for kind in ("toggle", "quote", "column"):
        found = text(*deep(900, kind=kind))
        assert words_in(found.plain) == words_in(text_in(found.markdown))
    found = text(*deep(5_000))
    assert words_in(found.plain) == [
        word for number in range(1, 5_001) for word in ("down", str(number))
    ]
    assert len(found.markdown) < 5_000 * 40
    assert kinds_of(found.markdown).count("list_item_open") == 5_000


ODD: list[Any] = [None, 7, -0.5, "odd", True, [], {}, [None, 7, "odd", [[]], {}], {"type": "odd"}]


def places_in(value: Any) -> list[list[Any]]:
    """Every place in a value, as a path of names and positions."""
    found: list[list[Any]] = []
    ahead: list[tuple[list[Any], Any]] = [([], value)]
    while ahead:
        path, one = ahead.pop()
        members = (
            one.items()
            if isinstance(one, dict)
            else enumerate(one)
            if isinstance(one, list)
            else ()
        )
        for name, member in members:
            found.append([*path, name])
            ahead.append(([*path, name], member))
    return found


def changed(value: Any, path: list[Any], odd: Any) -> Any:
    copy = json.loads(json.dumps(value))
    holder = copy
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = odd
    return copy


@pytest.mark.parametrize("kind", list(BLOCKS))
def test_no_odd_value_takes_what_stands_around_it(kind: str) -> None:
    """Every place in a block of every kind holds every odd value once."""
    given_block = block(kind, BLOCKS[kind], children=[says("paragraph", "inside")])
    for path in places_in(given_block):
        for odd in ODD:
            blocks = [
                says("paragraph", "before"),
                odd,
                changed(given_block, path, odd),
                says("paragraph", "after"),
            ]
            found = text(*blocks, database=dict.fromkeys([BLOCK_ID], odd).get)
            words = words_in(text_in(found.markdown))
            assert (words[0], words[-1]) == ("before", "after"), (path, odd)
