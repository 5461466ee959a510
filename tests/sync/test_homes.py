"""Which source a page is a row of."""

from typing import Any

import pytest

from lib.model import Source
from lib.sync.homes import Homes

HOMES = Homes({name: Source(name, "db", home) for name, home in (("pages", "h1"), ("posts", "h2"), ("again", "h1"))})


def test_a_row_belongs_to_the_source_whose_data_source_holds_it() -> None:
    assert HOMES.source_of({"parent": {"type": "data_source_id", "data_source_id": "h2"}}) == "posts"


def test_of_two_names_of_one_data_source_the_first_counts() -> None:
    assert HOMES.name_of("h1") == "pages"


@pytest.mark.parametrize("parent", [None, {}, {"page_id": "h1"}, {"data_source_id": "other"}, {"data_source_id": None}])
def test_what_stands_elsewhere_is_a_row_of_none_of_ours(parent: Any) -> None:
    assert HOMES.source_of({"parent": parent}) is None


def test_a_page_that_does_not_say_where_it_stands_is_a_row_of_none_of_ours() -> None:
    assert HOMES.source_of({}) is None


def test_what_a_survey_adds_is_its_own() -> None:
    known = {"pages": Source("pages", "db", "h1")}
    homes = Homes(known)
    homes.sources["posts"] = Source("posts", "db", "h2")

    assert (homes.name_of("h2"), list(known)) == ("posts", ["pages"])
