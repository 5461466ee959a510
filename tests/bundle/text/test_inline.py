"""Rich text in Markdown: every parser gives back every character of it, formatted as it was."""

import string
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib.bundle.text.inline import inline
from lib.model import JSON
from tests.bundle.samples import EQUATION, mention, plain
from tests.bundle.text.reading import Letter, kinds_of, letters_of, links_in, text_in, words_in

PAGE = "aaaaaaaa-0000-4000-8000-00000000000a"
LINK = "https://bakery.example/a_b?x=1&copy=2"
LETTERS = "aB1é日本ん한ß²Ω\u0301\u200d\u0e19"
SIGNS = string.punctuation + "“”‘’«»–—…、。（）「」€©🏮→\ufe0f"
BLANKS = " \t\n\r\u00a0\u3000\u2028"
WORDS = (
    st.text(LETTERS, min_size=1, max_size=3)
    | st.text(SIGNS, max_size=3)
    | st.text(BLANKS, max_size=2)
)
TEXTS = st.lists(WORDS | st.text(max_size=2), max_size=6).map("".join)
STYLES = ("bold", "italic", "strikethrough", "code")


@st.composite
def pieces(draw: st.DrawFn) -> JSON:
    styles = dict.fromkeys(draw(st.sets(st.sampled_from(STYLES), max_size=3)), True)
    piece = plain(draw(TEXTS), **styles)
    return {**piece, "href": draw(st.sampled_from([None, None, LINK, f"/{PAGE}"]))}


def is_seen(character: str) -> bool:
    """Whether it is neither a blank, nor a control character, nor none at all."""
    is_none = 0xFDD0 <= ord(character) <= 0xFDEF or ord(character) & 0xFFFE == 0xFFFE
    return not (is_none or character.isspace() or unicodedata.category(character) == "Cc")


def expected(items: list[JSON]) -> list[Letter]:
    """What has to be seen, from the items alone."""
    ends = {LINK: LINK, f"/{PAGE}": f"page:{PAGE}"}
    return [
        Letter(
            character, frozenset([*(name for name in STYLES if item["annotations"][name]), *end])
        )
        for item in items
        for end in [[ends[item["href"]]] if item["href"] else []]
        for character in item["plain_text"]
        if is_seen(character)
    ]


@given(st.lists(pieces(), max_size=5))
@example([plain("a"), plain("b", bold=True), plain("c", italic=True), plain("d")])
@example([plain("「", bold=True), plain("日")])
@example([plain("1"), plain(". one")])
@example([plain("see!"), {**plain("x"), "href": LINK}])
@example([plain("a\n", code=True), plain("\n---\n"), plain("b\n===", bold=True)])
def test_every_character_comes_back_as_it_was_formatted(items: list[JSON]) -> None:
    markdown = inline(items).markdown
    assert letters_of(markdown) == expected(items), markdown
    assert kinds_of(markdown) in ([], ["paragraph_open", "inline"]), markdown


@given(st.lists(pieces(), max_size=4))
def test_every_character_comes_back_in_one_line(items: list[JSON]) -> None:
    markdown = inline(items, one_line=True).markdown
    assert "\n" not in markdown
    assert letters_of(f"# {markdown}") == expected(items), markdown


@given(st.lists(pieces(), max_size=4))
def test_plain_text_has_every_character(items: list[JSON]) -> None:
    written = "".join(item["plain_text"] for item in items)
    assert "".join(inline(items).plain.split()) == "".join(filter(is_seen, written))
    assert inline(items, one_line=True).plain == " ".join(inline(items).plain.split())


@pytest.mark.parametrize(
    ("items", "markdown"),
    [
        ([plain("Rye & Oats, 3 < 4, snake_case C# 50%!")], r"Rye & Oats, 3 \< 4, snake_case C# 50%\!"),
        ([plain("a * b [c] `d` $5 x|y ~z \\")], r"a \* b \[c\] \`d\` \$5 x\|y \~z \\"),
        ([plain("&amp; &#38; & &"), plain("b", bold=True)], r"\&amp; \&\#38; & \&**b**"),
        ([plain("- a\n+ b\n1. c\n2) d")], "\\- a\\\n\\+ b\\\n1\\. c\\\n2\\) d"),
        ([plain("# e\n> f\n===\n---\n:-")], "\\# e\\\n\\> f\\\n\\===\\\n\\---\\\n\\:-"),
        ([plain("so "), plain("good ", bold=True), plain("bread")], "so **good** bread"),
        ([plain("so", bold=True), plain(" "), plain("good", bold=True)], "**so good**"),
        ([plain("so", bold=True), plain(" good", bold=True, italic=True)], "**so _good_**"),
        ([plain("un", italic=True), plain("believable")], "_un_&#98;elievable"),
        ([plain("a`b", code=True), plain("x\ny", code=True)], "``a`bx``\\\n`y`"),
        ([plain("`", code=True)], "`` ` ``"),
        ([plain(" \n ")], ""),
        ([plain("red", color="red", underline=True)], "red"),
        ([{**plain("x"), "href": "javascript:alert(1)"}], "x"),
        ([{**plain("x"), "href": "java\nscript:alert(1)"}], "x"),
        ([{**plain("x"), "href": "https://a.example/b (c)?d=<e>&amp;"}], r"[x](https://a.example/b%20\(c\)?d=%3Ce%3E\&amp;)"),
        ([{**plain("x"), "href": f"/Rye-{PAGE.replace('-', '')}?pvs=4#{'b' * 32}"}], f"[x](page:{PAGE}#{'b' * 32})"),
        ([mention("page", {"id": PAGE}, "Rye")], f"[Rye](page:{PAGE})"),
        ([{**mention("database", {"id": PAGE}, "Recipes"), "href": f"https://www.notion.so/{PAGE}"}], "Recipes"),
        ([mention("date", {"start": "2026-05-01"}, "2026-05-01")], "2026-05-01"),
        ([plain("so "), EQUATION, plain(" is it")], "so $e=mc^2$ is it"),
    ],
)  # fmt: skip
def test_what_needs_no_escape_has_none(items: list[JSON], markdown: str) -> None:
    assert inline(items).markdown == markdown


TEX = [
    r"\frac{a}{b}",
    "x_1",
    "x^{2}",
    "<",
    ">",
    "&",
    "&amp;",
    r"\\",
    r"\,",
    "[3]",
    "](x)",
    "[",
    "*",
    "`",
    "$",
    r"\$",
    "|",
]
TEX += [r"\|", "%", "\n", " ", "~~", "!", "b", "12", "_", "{", "}", "#", "\\"]


@given(st.lists(st.sampled_from(TEX), min_size=1, max_size=6).map("".join), st.booleans())
@example("", False)
def test_an_equation_keeps_its_words_and_those_around_it(tex: str, is_linked: bool) -> None:
    item = {
        **EQUATION,
        "plain_text": tex,
        "equation": {"expression": tex},
        "href": LINK if is_linked else None,
    }
    markdown = inline([plain("before "), item, plain(" after")]).markdown
    assert words_in(text_in(markdown)) == words_in(f"before {tex} after"), markdown
    if is_linked and tex.strip():
        assert links_in(markdown) == [LINK]


ODD: list[Any] = [None, 7, "odd", True, {}, [], [None, 7, "odd", [[]]], {"type": "odd"}]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "member", ["plain_text", "annotations", "href", "text", "mention", "equation", "type"]
)
def test_an_odd_member_costs_no_more_than_itself(member: str, odd: Any) -> None:
    around = [
        plain("before "),
        {**mention("page", {"id": PAGE}), **EQUATION, member: odd},
        plain(" after"),
        odd,
    ]
    found = words_in(text_in(inline(around).markdown))
    assert (found[0], found[-1]) == ("before", "after")


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_are_empty(odd: Any) -> None:
    assert inline(odd) == ("", "")
