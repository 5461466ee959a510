"""Slugs: asked for, made safe, and told apart."""

import string
from itertools import islice
from unicodedata import category, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.slugs import slug_segment, told_apart, wanted_slug
from lib.model import JSON
from tests.bundle.samples import PAGE_ID, page, plain, prop

UNSAFE = '?#\\<>"'


def slug_of(written: str, name: str = "slug") -> str:
    return wanted_slug(page({name: prop("rich_text", [plain(written)])}))


@pytest.mark.parametrize("name", ["slug", "Slug", "SLUG"])
@pytest.mark.parametrize(
    "property",
    [
        prop("rich_text", [plain("our-"), plain("bread")]),
        prop("formula", {"type": "string", "string": "our-bread"}),
        prop("title", [plain("our-bread")]),
        prop("url", "/our-bread/"),
        prop("url", "https://bakery.example/our-bread"),
        prop("url", "HTTP://bakery.example/our-bread"),
    ],
)
def test_the_slug_is_read_from_the_property_slug(name: str, property: JSON) -> None:
    assert wanted_slug(page({name: property})) == "our-bread"


def test_of_two_properties_that_differ_in_case_the_one_spelt_slug_counts() -> None:
    cases = {name: prop("rich_text", [plain(name)]) for name in ("SLUG", "slug", "Slug")}
    assert wanted_slug(page(cases)) == "slug"


@pytest.mark.parametrize(
    "property",
    [
        prop("rich_text", []),
        prop("rich_text", [plain(" \u200b/ / ")]),
        prop("formula", {"type": "string", "string": None}),
        prop("formula", {"type": "number", "number": 4}),
        prop("url", None),
        prop("url", "https://bakery.example"),
        prop("checkbox", True),
    ],
)
def test_without_a_written_slug_the_title_is_slugified(property: JSON) -> None:
    assert wanted_slug(page({"slug": property})) == "rye-oats"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Žluťoučký kůň", "zlutoucky-kun"),
        ("日本語", "ri-ben-yu"),
        ("AT&amp;T &#65; &#x41;", "at-amp-t-65-x41"),
        ("&#99999999999999999999;", "99999999999999999999"),
        ("Half a pair \ud83d", "half-a-pair"),
        ("🥐", PAGE_ID.replace("-", "")),
        ("", PAGE_ID.replace("-", "")),
    ],
)
def test_a_title_becomes_ascii_and_a_page_without_one_goes_by_its_id(name: str, slug: str) -> None:
    assert wanted_slug(page({"Name": prop("title", [plain(name)])})) == slug


@pytest.mark.parametrize(
    ("written", "slug"),
    [
        ("  /Docs/Getting_Started/ ", "Docs/Getting_Started"),
        ("été/東京", "été/東京"),
        ("our  daily\u00a0bread", "our-daily-bread"),
        ("docs / first steps", "docs/first-steps"),
        ("a//b/./c/../d", "a/b/c/d"),
        ("what?#now", "whatnow"),
        ("a\u0000b\u200bc\ufeff\ud800", "abc"),
        ("line\nbreak", "line-break"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🍳", "👩\u200d🍳"),
        ("big:part:12", "big-part-12"),
        ("a:part:one", "a:part:one"),
        ("a:part:1st", "a:part:1st"),
        (r"/\evil.example", "evil.example"),
        ("/\\t/\\\\/evil.example", "t/evil.example"),
        ('a<b>c"d', "abcd"),
        (".?./.<", ""),
        ("https://bakery.example/docs/a?x=1#y", "docs/a"),
        ("https://bakery.example/docs/a#y?x=1", "docs/a"),
        ("https://bakery.example?page=/docs", ""),
        ("\ufeff https://bakery.example/th%C3%A9/a%20b", "thé/a-b"),
        ("https://bakery.example/a%3Fb%00%2e%2e/%2e%2e/%2Fc", "ab../c"),
        ("https://bakery.example/100%25", "100%"),
        ("https://bakery.example/100%25/%ff", "100%25/%ff"),
        ("100%25", "100%25"),
        (r"https://bakery.example\docs", "docs"),
    ],
)
def test_a_written_slug_is_kept_but_made_safe(written: str, slug: str) -> None:
    assert slug_of(written) == (slug or "rye-oats")


@pytest.mark.parametrize(
    ("typed", "twin"),
    [
        ("the\u0301", "thé"),
        ("the\u200b\u0301", "thé"),
        ("e\u0323\u0302", "e\u0302\u0323"),
        ("bread\u200d", "bread"),
        ("br\u200cead", "bread"),
        ("é\u200dé", "éé"),
        ("\u200d/bread", "bread"),
        ("bread\ufe0f", "bread"),
        ("br\u034fead", "bread"),
        ("bread\u3164\u2800\u115f", "bread"),
        ("bread\U000e0061", "bread"),
        ("❤\ufe0f", "❤"),
        ("👩\u200c🍳", "👩🍳"),
        ("👩\u200d\u200d🍳", "👩\u200d🍳"),
        ("می\u200dخواهم", "میخواهم"),
    ],
)
def test_twins_that_look_alike_are_one_slug(typed: str, twin: str) -> None:
    assert slug_of(typed) == slug_of(twin)


@pytest.mark.parametrize("written", ["👩🏽\u200d🍳", "क्\u200dष", "ن\u0651\u200cه", "ന്\u200d"])
def test_a_joiner_that_is_seen_is_kept(written: str) -> None:
    assert slug_of(written) == normalize("NFC", written)


def test_no_character_becomes_an_unsafe_one_when_it_is_composed() -> None:
    unsafe = {point for point in range(0x110000) if set(normalize("NFC", chr(point))) & set(UNSAFE)}
    assert unsafe == set(map(ord, UNSAFE))


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_is_written_a_slug_is_safe(written: str) -> None:
    slug = slug_of(written)
    assert slug
    assert not set(slug) & set(UNSAFE)
    assert slug == normalize("NFC", slug)
    assert not any(map(str.isspace, slug))
    assert {character for character in slug if category(character) in ("Cc", "Cf", "Cs")} <= {
        "\u200c",
        "\u200d",
    }
    assert all(segment not in ("", ".", "..") for segment in slug.split("/"))
    slug.encode()


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=200))
def test_a_slug_of_plain_characters_is_taken_to_the_letter(written: str) -> None:
    assert slug_of(written) == written


odd = st.text(st.characters(exclude_categories=()), max_size=40)
marks = st.text("\u200c\u200d\u0301\u0323\u0651یم👩🍳🏽क्e-./:\\?", max_size=60)
long = st.builds(
    lambda text, times: text * times,
    st.text("ab-/. é\u200d👩:part1", min_size=1, max_size=12),
    st.just(60),
)


@given(odd | marks | long)
def test_a_safe_slug_stays_as_it_is(written: str) -> None:
    assert slug_of(slug_of(written)) == slug_of(written)


@pytest.mark.parametrize(
    "written", [*("a", "word ", "é/", "/..", "e\u0301\u0323", "👩\u200d🍳", ":part:1", "<\\", " -")]
)
@pytest.mark.parametrize("name", ["slug", "Name"])
def test_no_slug_is_longer_than_200_however_much_is_written(written: str, name: str) -> None:
    kind = "title" if name == "Name" else "rich_text"
    slug = wanted_slug(page({name: prop(kind, [plain(written * (1_000_000 // len(written)))])}))
    assert 0 < len(slug) <= 200
    assert slug[-1] not in "-/.\u200d"


@pytest.mark.parametrize(
    ("written", "slug"),
    [
        ("a" * 201, "a" * 200),
        ("a" * 200 + "-b", "a" * 200),
        ("a" * 199 + "-b", "a" * 199),
        ("a" * 150 + "-" + "b" * 60, "a" * 150),
        ("a" * 150 + "/" + "b" * 60, "a" * 150),
        ("a" * 20 + "-" + "b" * 190, "a" * 20 + "-" + "b" * 179),
        ("a" * 150 + "--/" + "b" * 60, "a" * 150),
        ("a" * 198 + ".." + "b" * 60, "a" * 198),
        ("a" * 193 + ":part:1st", "a" * 193 + "-part-1"),
        ("-" * 300, "rye-oats"),
    ],
)
def test_a_slug_is_cut_between_words_where_that_leaves_enough_of_it(
    written: str, slug: str
) -> None:
    assert slug_of(written) == slug


def test_a_long_title_is_cut_between_words() -> None:
    slug = wanted_slug(page({"Name": prop("title", [plain("Our daily bread " * 20)])}))
    assert slug == "-".join(["our-daily-bread"] * 12) + "-our"


ID = "bbbbbbbb-2222-4000-8000-000000000000"


def test_a_child_page_asks_for_its_title_slugified_and_without_one_for_its_id() -> None:
    assert slug_segment("Opening\u00a0hours ", ID) == "opening-hours"
    assert slug_segment("🥐", ID) == ID.replace("-", "")


def test_a_page_is_told_apart_by_the_start_of_its_id_and_by_more_of_it_where_that_is_taken() -> (
    None
):
    assert list(islice(told_apart("bread", ID), 3)) == [
        "bread-bbbbbbbb",
        "bread-bbbbbbbb2",
        "bread-bbbbbbbb22",
    ]


def test_a_page_can_be_told_apart_even_when_its_whole_id_is_taken() -> None:
    slugs = list(islice(told_apart("bread", ID), 60))

    assert len(set(slugs)) == 60
    assert f"bread-{ID.replace('-', '')}b" in slugs


def test_who_is_told_apart_by_its_id_stays_within_200_characters() -> None:
    long = "-".join(["bread"] * 33) + "xx"

    assert len(long) == 199
    assert next(told_apart(long, ID)) == "-".join(["bread"] * 32) + "-bbbbbbbb"


def test_a_child_page_is_told_apart_within_its_own_200_characters_below_the_path_of_its_parent() -> (
    None
):
    path, words = "about/" + "us" * 97 + "/", slug_segment("team " * 60, ID)

    assert words == "-".join(["team"] * 40)
    assert next(told_apart(path + words, ID, path)) == f"{path}{words[: 38 * 5 - 1]}-bbbbbbbb"


@given(
    st.text("ab-/.é", min_size=1, max_size=260),
    st.uuids().map(str),
    st.sampled_from(["", "about/", "a/b/c/"]),
)
def test_every_slug_that_tells_apart_is_another_and_keeps_to_the_path(
    own: str, page_id: str, path: str
) -> None:
    slugs = list(islice(told_apart(path + own, page_id, path), 40))

    assert len(set(slugs)) == len(slugs)
    assert all(slug.startswith(path) and len(slug) - len(path) <= 200 for slug in slugs)
