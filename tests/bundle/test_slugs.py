"""Slugs: asked for, made safe, and never given twice."""

import random
import string
from unicodedata import category

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.slugs import Candidate, assign, children, wanted
from lib.model import JSON, ChildPage
from tests.bundle.samples import PAGE_ID, page, plain, prop


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
    ],
)
def test_a_written_slug_is_kept_but_made_safe(written: str, slug: str) -> None:
    assert slug_of(written) == slug


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_is_written_a_slug_is_safe(written: str) -> None:
    slug = slug_of(written)
    assert slug
    assert not set(slug) & set("?#")
    assert not any(map(str.isspace, slug))
    assert {character for character in slug if category(character) in ("Cc", "Cf", "Cs")} <= {"\u200c", "\u200d"}
    assert all(segment not in ("", ".", "..") for segment in slug.split("/"))
    slug.encode()


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=1))
def test_a_slug_of_plain_characters_is_taken_to_the_letter(written: str) -> None:
    assert slug_of(written) == written


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_a_safe_slug_stays_as_it_is(written: str) -> None:
    assert slug_of(slug_of(written)) == slug_of(written)


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
