"""Which source a page is a row of."""

from typing import Any

import pytest

from lib.errors import Hopeless, Unreadable
from lib.model import Source
from lib.sync.homes import Homes

HOMES = Homes(
    {
        name: Source(name, "db", home)
        for name, home in (("pages", "h1"), ("posts", "h2"), ("again", "h1"))
    }
)


async def test_a_row_belongs_to_the_source_whose_data_source_holds_it() -> None:
    assert (
        await HOMES.home_of({"parent": {"type": "data_source_id", "data_source_id": "h2"}})
        == "posts"
    )


def test_of_two_names_of_one_data_source_the_first_counts() -> None:
    assert HOMES.name_of("h1") == "pages"


@pytest.mark.parametrize(
    "parent", [None, {}, {"page_id": "h1"}, {"data_source_id": "other"}, {"data_source_id": None}]
)
async def test_what_stands_elsewhere_is_a_row_of_none_of_ours(parent: Any) -> None:
    assert await HOMES.home_of({"parent": parent}) is None


async def test_a_page_that_does_not_say_where_it_stands_is_a_row_of_none_of_ours() -> None:
    assert await HOMES.home_of({}) is None


def test_what_a_survey_adds_is_its_own() -> None:
    known = {"pages": Source("pages", "db", "h1")}
    homes = Homes(known)
    homes.sources["posts"] = Source("posts", "db", "h2")

    assert (homes.name_of("h2"), list(known)) == ("posts", ["pages"])


async def find(name: str, reference: str) -> Source:
    if reference == "closed":
        raise Hopeless("it is not shared")
    return Source(name, "db", reference)


async def test_sources_that_nobody_has_looked_for_are_found_before_a_page_is_said_to_stand_in_none() -> (
    None
):
    homes = Homes(
        {"pages": Source("pages", "db", "h1")}, references={"pages": "h1", "posts": "h2"}, find=find
    )

    assert await homes.home_of({"parent": {"data_source_id": "h1"}}) == "pages"
    assert list(homes.sources) == ["pages"]
    assert await homes.home_of({"parent": {"data_source_id": "h2"}}) == "posts"
    assert await homes.home_of({"parent": {"data_source_id": "h3"}}) is None


async def test_where_a_source_is_not_to_be_found_nobody_says_that_a_page_stands_in_none() -> None:
    homes = Homes(
        {"pages": Source("pages", "db", "h1")},
        references={"pages": "h1", "posts": "closed"},
        find=find,
    )

    assert await homes.home_of({"parent": {"data_source_id": "h1"}}) == "pages"
    with pytest.raises(Unreadable, match="not shared"):
        await homes.home_of({"parent": {"data_source_id": "h2"}})
