"""Slugs: asked for, made safe, and never given twice."""

import random
import string
from unicodedata import category, normalize

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.slugs import Candidate, assign, children, wanted
from lib.model import JSON, ChildPage
from tests.bundle.samples import PAGE_ID, page, plain, prop

UNSAFE = '?#\\<>"'


def slug_of(written: str, name: str = "slug") -> str:
    return wanted(page({name: prop("rich_text", [plain(written)])}))


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
    assert wanted(page({name: property})) == "our-bread"


def test_of_two_properties_that_differ_in_case_the_one_spelt_slug_counts() -> None:
    cases = {name: prop("rich_text", [plain(name)]) for name in ("SLUG", "slug", "Slug")}
    assert wanted(page(cases)) == "slug"


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
    assert wanted(page({"slug": property})) == "rye-oats"


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
    assert wanted(page({"Name": prop("title", [plain(name)])})) == slug


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
    assert {character for character in slug if category(character) in ("Cc", "Cf", "Cs")} <= {"\u200c", "\u200d"}
    assert all(segment not in ("", ".", "..") for segment in slug.split("/"))
    slug.encode()


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=200))
def test_a_slug_of_plain_characters_is_taken_to_the_letter(written: str) -> None:
    assert slug_of(written) == written


odd = st.text(st.characters(exclude_categories=()), max_size=40)
marks = st.text("\u200c\u200d\u0301\u0323\u0651یم👩🍳🏽क्e-./:\\?", max_size=60)
long = st.builds(
    lambda text, times: text * times, st.text("ab-/. é\u200d👩:part1", min_size=1, max_size=12), st.just(60)
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
    slug = wanted(page({name: prop(kind, [plain(written * (1_000_000 // len(written)))])}))
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
def test_a_slug_is_cut_between_words_where_that_leaves_enough_of_it(written: str, slug: str) -> None:
    assert slug_of(written) == slug


def test_a_long_title_is_cut_between_words() -> None:
    slug = wanted(page({"Name": prop("title", [plain("Our daily bread " * 20)])}))
    assert slug == "-".join(["our-daily-bread"] * 12) + "-our"


def candidate(id: str, wanted: str, created_time: str = "2026-05-01T10:00:00.000Z", title: str = "Bread") -> Candidate:
    return Candidate(id=id, wanted=wanted, created_time=created_time, title=title)


OLD = candidate("aaaaaaaa-1111-4000-8000-000000000000", "bread", "2026-05-01T10:00:00.000Z", "Our bread")
NEW = candidate("bbbbbbbb-2222-4000-8000-000000000000", "bread", "2026-05-02T10:00:00.000Z", "My bread")


def test_the_older_page_keeps_the_slug_and_the_other_gets_the_start_of_its_id() -> None:
    assert assign([NEW, OLD]).slugs == {OLD.id: "bread", NEW.id: "bread-bbbbbbbb"}


def test_a_warning_names_both_titles_and_both_slugs() -> None:
    [warning] = assign([NEW, OLD]).warnings
    for word in ('"Our bread"', '"My bread"', '"bread"', '"bread-bbbbbbbb"'):
        assert word in warning


def test_a_page_that_is_settled_keeps_its_slug_before_an_older_one_and_the_warning_says_why() -> None:
    assignment = assign([OLD, msgspec.structs.replace(NEW, settled=True)])
    assert assignment.slugs == {OLD.id: "bread-aaaaaaaa", NEW.id: "bread"}
    assert "the one that has it keeps it" in assignment.warnings[0]
    assert "the older page keeps it" in assign([OLD, NEW]).warnings[0]


def test_nobody_gets_a_slug_that_a_page_apart_from_these_has() -> None:
    assignment = assign([OLD], taken={"bread", "bread-aaaaaaaa"})
    assert assignment.slugs == {OLD.id: "bread-aaaaaaaa1"}
    assert "which another page has" in assignment.warnings[0]


def test_no_warning_where_nobody_wants_the_same() -> None:
    assert assign([OLD, candidate(NEW.id, "cake")]).warnings == []


def test_of_two_made_in_one_minute_the_id_decides() -> None:
    twin = candidate("cccccccc-3333-4000-8000-000000000000", "bread", OLD.created_time)
    assert assign([twin, OLD]).slugs[OLD.id] == "bread"


def test_creation_times_are_compared_as_instants() -> None:
    later_on_paper = candidate("ffffffff-0000-4000-8000-000000000000", "bread", "2026-05-01T11:30:00.000+02:00")
    assert assign([OLD, later_on_paper]).slugs[later_on_paper.id] == "bread"


def test_who_is_told_apart_by_its_id_stays_within_200_characters() -> None:
    long = "-".join(["bread"] * 33)
    twins = [msgspec.structs.replace(one, wanted=long + "xx") for one in (OLD, NEW)]
    assert len(twins[0].wanted) == 199
    assert assign(twins).slugs == {OLD.id: long + "xx", NEW.id: "-".join(["bread"] * 32) + "-bbbbbbbb"}


def test_more_of_the_id_is_used_where_its_start_is_taken() -> None:
    squatter = candidate("dddddddd-4444-4000-8000-000000000000", "bread-bbbbbbbb", "2026-09-01T10:00:00.000Z")
    slugs = assign([OLD, NEW, squatter]).slugs
    assert slugs[squatter.id] == "bread-bbbbbbbb"
    assert slugs[NEW.id] == "bread-bbbbbbbb2"


ids = st.sampled_from([f"{digit * 8}-0000-4000-8000-00000000000{tail}" for digit in "ab" for tail in "0123"])
slugs_wanted = st.sampled_from(["a", "b", "a-aaaaaaaa", "a-aaaaaaaa0", "a-bbbbbbbb", f"a-{'a' * 8}{'0' * 4}4"])
times = st.sampled_from(["2026-05-01T10:00:00.000Z", "2026-05-02T10:00:00.000Z"])
candidates = st.lists(st.builds(candidate, ids, slugs_wanted, times), unique_by=lambda one: one.id)


@given(candidates, st.randoms(use_true_random=False))
def test_no_slug_is_given_twice_and_the_order_of_the_pages_does_not_matter(
    pages: list[Candidate], chance: random.Random
) -> None:
    assignment = assign(pages)
    assert set(assignment.slugs) == {one.id for one in pages}
    assert len(set(assignment.slugs.values())) == len(pages)
    assert {one.wanted for one in pages} <= set(assignment.slugs.values())
    assert len(assignment.warnings) == sum(assignment.slugs[one.id] != one.wanted for one in pages)
    shuffled = list(pages)
    chance.shuffle(shuffled)
    assert assign(shuffled) == assignment


def test_child_pages_have_full_paths_in_document_order() -> None:
    pages = [
        ChildPage("22222222-0000-4000-8000-000000000000", "Opening\u00a0hours ", "2026-05-02T10:00:00.000Z"),
        ChildPage("11111111-0000-4000-8000-000000000000", "🥐", "2026-05-01T10:00:00.000Z"),
    ]
    found, warnings = children("about/us", pages)
    assert found == [
        {"id": pages[0].id, "slug": "about/us/opening-hours", "title": "Opening hours"},
        {"id": pages[1].id, "slug": f"about/us/{pages[1].id.replace('-', '')}", "title": "🥐"},
    ]
    assert warnings == []


def test_a_child_page_gets_no_path_that_another_page_has() -> None:
    page = ChildPage("22222222-0000-4000-8000-000000000000", "Team", "2026-05-02T10:00:00.000Z")
    [found], [warning] = children("about", [page], taken={"about/team"})
    assert found["slug"] == "about/team-22222222"
    assert '"Team" asks for the slug "about/team"' in warning


def test_of_siblings_with_one_title_the_older_keeps_the_path() -> None:
    pages = [
        ChildPage("22222222-0000-4000-8000-000000000000", "Team", "2026-05-02T10:00:00.000Z"),
        ChildPage("11111111-0000-4000-8000-000000000000", "Team", "2026-05-01T10:00:00.000Z"),
    ]
    found, warnings = children("about", pages)
    assert [page["slug"] for page in found] == ["about/team-22222222", "about/team"]
    assert len(warnings) == 1


def test_each_child_page_has_200_characters_of_its_own_below_the_path_of_its_parent() -> None:
    parent = "about/" + "us" * 97
    pages = [
        ChildPage(f"{digit * 8}-0000-4000-8000-000000000000", "team " * 60, "2026-05-01T10:00:00.000Z")
        for digit in "12"
    ]
    found, _ = children(parent, pages)
    words = "-".join(["team"] * 40)
    assert [page["slug"] for page in found] == [f"{parent}/{words}", f"{parent}/{words[: 38 * 5 - 1]}-22222222"]
    assert max(len(page["slug"].rpartition("/")[2]) for page in found) <= 200
