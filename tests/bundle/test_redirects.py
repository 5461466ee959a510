"""Redirects lead to a live page in one step, or are none."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.redirects import update


def test_a_renamed_page_keeps_its_old_address() -> None:
    assert update({}, {"old": "new"}, {"new"}.__contains__) == {"old": "new"}


def test_a_page_renamed_twice_is_found_in_one_step() -> None:
    assert update({"first": "second"}, {"second": "third"}, {"third"}.__contains__) == {
        "first": "third",
        "second": "third",
    }


def test_a_page_renamed_back_has_no_redirect_to_itself() -> None:
    assert update({"a": "b"}, {"b": "a"}, {"a"}.__contains__) == {"b": "a"}


def test_a_slug_that_another_page_took_over_redirects_no_more() -> None:
    assert update({"a": "b"}, {}, {"a", "b"}.__contains__) == {}


def test_a_page_that_is_gone_takes_its_redirects_along() -> None:
    assert update({"a": "b", "c": "d"}, {}, {"d"}.__contains__) == {"c": "d"}


def test_a_slug_that_moves_again_leads_to_its_newest_page() -> None:
    assert update({"a": "b"}, {"a": "c"}, {"b", "c"}.__contains__) == {"a": "c"}


def test_pages_that_swap_their_slugs_leave_no_redirects() -> None:
    assert update({}, {"a": "b", "b": "a"}, {"a", "b"}.__contains__) == {}


def test_a_circle_of_dead_slugs_is_dropped() -> None:
    assert update({"a": "b", "b": "c", "c": "b"}, {}, {"z"}.__contains__) == {}


slugs = st.sampled_from("abcdefg")
moves = st.dictionaries(slugs, slugs)


@given(moves, moves, st.sets(slugs))
def test_every_redirect_leads_from_a_dead_slug_to_a_live_one(
    redirects: dict[str, str], moved: dict[str, str], live: set[str]
) -> None:
    updated = update(redirects, moved, live.__contains__)
    assert not set(updated) & live
    assert set(updated.values()) <= live
    assert update(updated, {}, live.__contains__) == updated
    direct = {old: new for old, new in {**redirects, **moved}.items() if new in live and old not in live}
    assert direct.items() <= updated.items()


@given(st.lists(slugs, min_size=2, unique=True))
def test_a_page_renamed_again_and_again_is_found_under_all_its_names(names: list[str]) -> None:
    redirects: dict[str, str] = {}
    for old, new in pairwise(names):
        redirects = update(redirects, {old: new}, {new}.__contains__)
    assert redirects == dict.fromkeys(names[:-1], names[-1])
