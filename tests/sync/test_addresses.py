"""Who gets which slug: it follows from what pages ask for, where they stand and how old they
are."""

import pytest

from lib.bundle.slugs import slug_segment
from lib.model import Observation
from lib.store.site import Move
from tests.sync.records import seen
from tests.sync.town import Town

DAYS = [f"2026-05-{day:02}T10:00:00.000Z" for day in range(1, 29)]


def page_id(letter: str) -> str:
    return f"{letter * 8}-0000-4000-8000-000000000000"


A, B, C, D, E = map(page_id, "abcde")


def row(wanted: str, day: int = 0, **more: bool) -> Observation:
    return seen(wanted, title=wanted.title(), created=DAYS[day], **more)


def child(parent: str, title: str, day: int = 0) -> Observation:
    return seen(slug_segment(title, "c"), title=title, created=DAYS[day], parent=parent)


@pytest.fixture
def town() -> Town:
    return Town()


# Rows.


async def test_a_page_gets_the_slug_that_it_asks_for(town: Town) -> None:
    await town.publish(A, row("bread"))

    assert (town.places, town.waiting, town.warnings) == ({A: "bread"}, {}, [])


async def test_the_older_of_two_pages_has_the_slug_whichever_was_read_first(town: Town) -> None:
    await town.publish(B, row("bread", 1))
    await town.publish(A, row("bread", 0))
    await town.publish(C, row("bread", 2))

    assert town.places == {A: "bread", B: "bread-bbbbbbbb", C: "bread-cccccccc"}
    assert set(town.waiting["bread"]) == {B, C}


async def test_of_two_pages_of_one_minute_the_id_decides(town: Town) -> None:
    await town.publish(B, row("bread"))
    await town.publish(A, row("bread"))

    assert town.places == {A: "bread", B: "bread-bbbbbbbb"}


async def test_ages_are_compared_as_instants(town: Town) -> None:
    await town.publish(B, seen("bread", created="2026-05-01T11:30:00.000+02:00"))
    await town.publish(A, seen("bread", created="2026-05-01T10:00:00.000Z"))

    assert town.places[B] == "bread"


async def test_a_warning_names_both_titles_and_both_slugs(town: Town) -> None:
    await town.publish(A, seen("bread", title="Our bread"))
    await town.publish(B, seen("bread", title="My bread"))

    [warning] = town.warnings
    for word in ('"Our bread"', '"My bread"', '"bread"', '"bread-bbbbbbbb"'):
        assert word in warning


async def test_a_page_that_leaves_gives_its_slug_to_the_oldest_that_waits(town: Town) -> None:
    for page, day in ((A, 0), (C, 2), (B, 1)):
        await town.publish(page, row("bread", day))
    await town.publish(A, row("cake", 0))

    assert town.places == {A: "cake", B: "bread", C: "bread-cccccccc"}
    assert town.waiting == {"bread": (C,)}


async def test_the_slug_of_a_page_that_is_unpublished_goes_to_the_oldest_that_waits(
    town: Town,
) -> None:
    for page, day in ((A, 0), (B, 1), (C, 2)):
        await town.publish(page, row("bread", day))
    await town.hide(A)

    assert town.places == {B: "bread", C: "bread-cccccccc"}
    await town.hide(B)
    assert (town.places, town.waiting) == ({C: "bread"}, {})


async def test_a_plan_that_leaves_a_slug_goes_by_nobody_or_somebody_waiting_for_it(
    town: Town,
) -> None:
    """Who begins to wait meanwhile would not be given it: the plan is made anew."""
    await town.publish(A, row("bread"), {B: child(A, "Crumbs")})
    book = town.book
    await book.look_up([A])
    book.note_page(A, row("cake"), [B])
    await book.place_all(A)

    plan = book.planned_changes()
    assert {move.new for move in plan.moves} == {"cake", "cake/crumbs"}
    assert plan.waited == {"bread": "", "bread/crumbs": ""}


async def test_who_has_gone_or_asks_for_something_else_by_now_is_passed_over(town: Town) -> None:
    for page, day in ((A, 0), (B, 1), (C, 2), (D, 3)):
        await town.publish(page, row("bread", day))
    await town.hide(B)
    await town.publish(C, row("cake", 2))
    await town.hide(A)

    assert (town.places, town.waiting) == ({C: "cake", D: "bread"}, {})


async def test_two_pages_swap_their_slugs_in_one_plan(town: Town) -> None:
    await town.publish(A, row("one", 0))
    await town.publish(B, row("two", 1))
    town.observed |= {A: row("two", 0), B: row("one", 1)}  # both were listed, and one is read first

    book = town.book
    book.note_page(A, row("two", 0))
    await book.place_all(A)

    assert {move.page_id: (move.old, move.new) for move in book.planned_changes().moves} == {
        A: ("one", "two"),
        B: ("two", "one"),
    }


async def test_a_chain_of_three_moves_on_in_one_plan(town: Town) -> None:
    for page, wanted in ((A, "one"), (B, "two"), (C, "three")):
        await town.publish(page, row(wanted))
    town.observed |= {B: row("three"), C: row("four")}
    await town.publish(A, row("two"))

    assert town.places == {A: "two", B: "three", C: "four"}


async def test_a_page_takes_a_slug_that_the_start_of_an_id_made_and_that_one_gets_more_of_its_id(
    town: Town,
) -> None:
    await town.publish(A, row("bread", 0))
    await town.publish(B, row("bread", 1))
    await town.publish(C, row("bread-bbbbbbbb", 2))

    assert town.places == {A: "bread", B: "bread-bbbbbbbb0", C: "bread-bbbbbbbb"}


async def test_what_is_asked_for_and_has_been_given_is_no_change(town: Town) -> None:
    await town.publish(A, row("bread", 0))
    await town.publish(B, row("bread", 1))

    for page in (A, B):
        book = town.book
        await book.look_up([page])
        await book.place_all(page)
        plan = book.planned_changes()
        assert (plan.moves, plan.waiting) == ([], {})
        assert plan.places == {page: town.places[page]}, "and it is proven that it still has it"


async def test_a_plan_names_what_it_was_made_from(town: Town) -> None:
    await town.publish(A, row("bread", 1))
    book = town.book
    await book.look_up([B])
    book.note_page(B, row("bread", 0))
    await book.place_all(B)
    plan = book.planned_changes()

    assert {move.page_id: move for move in plan.moves} == {
        A: Move(A, "bread", "bread-aaaaaaaa"),
        B: Move(B, "", "bread"),
    }
    assert plan.slugs == {"bread": A, "bread-aaaaaaaa": ""}
    assert plan.places == {A: "bread", B: ""}
    assert plan.waiting == {"bread": A}


async def test_a_slug_that_is_taken_for_free_has_to_be_proven_so(town: Town) -> None:
    await town.publish(A, row("bread"))
    book = town.book
    await book.look_up([B])
    book.note_page(B, row("bread", 1))
    book.assume_free("bread")
    await book.place_all(B)

    assert book.planned_changes().slugs == {"bread": ""}, "which the publication finds to be wrong"


async def test_pages_that_nobody_has_read_yet_hold_no_slug_against_anybody(town: Town) -> None:
    town.observed[A] = row("bread", 0)
    await town.publish(B, row("bread", 1))

    assert town.places == {B: "bread"}


async def test_a_page_that_is_read_while_an_older_one_waits_does_not_take_the_slug_before_it(
    town: Town,
) -> None:
    for page, day in ((A, 0), (B, 1)):
        await town.publish(page, row("bread", day))
    town.remove(A)  # and nobody has given its slug away yet
    await town.publish(C, row("bread", 2))

    assert town.places == {B: "bread", C: "bread-cccccccc"}


async def test_a_slug_that_is_left_goes_to_the_oldest_that_waits_and_not_to_who_was_pushed_out_elsewhere(
    town: Town,
) -> None:
    await town.publish(A, row("bread", 0))
    await town.publish(B, row("cake", 2))
    await town.publish(C, row("bread", 1))
    town.observed |= {B: row("bread", 2)}
    await town.publish(A, row("cake", 0))

    assert town.places == {A: "cake", B: "bread-bbbbbbbb", C: "bread"}


async def test_a_slug_whose_page_asks_for_another_goes_to_the_oldest_that_waits(town: Town) -> None:
    await town.publish(A, row("bread", 0))
    await town.publish(C, row("bread", 1))
    town.observed |= {A: row("cake", 0)}
    await town.publish(B, row("bread", 2))

    assert town.places == {A: "cake", B: "bread-bbbbbbbb", C: "bread"}


async def test_a_page_that_stands_nowhere_gets_the_slug_that_is_written_down_for_it(
    town: Town,
) -> None:
    town.slugs["bread"] = A  # as after a loss in KV
    await town.publish(A, row("bread"))

    assert town.places == {A: "bread"}


async def test_a_page_that_was_told_apart_and_still_is_moves_nothing_below_it(town: Town) -> None:
    await town.publish(A, row("bread", 0))
    await town.publish(B, row("bread", 1), {C: child(B, "Team")})
    town.asked.clear()
    book = town.book
    await book.look_up([B])
    await book.place_all(B)

    assert town.asked == [B, A]


# Pauses.


async def test_a_paused_page_keeps_its_slug_before_an_older_one(town: Town) -> None:
    await town.publish(B, row("home", 1))
    town.observed[B] = row("home", 1, is_paused=True)
    await town.publish(A, row("home", 0))

    assert town.places == {A: "home-aaaaaaaa", B: "home"}


async def test_a_paused_page_that_was_renamed_stays_where_it_is(town: Town) -> None:
    await town.publish(A, row("old"))
    await town.publish(A, row("new", is_paused=True))

    assert town.places == {A: "old"}


async def test_a_page_that_is_paused_no_more_makes_way_for_the_older_one(town: Town) -> None:
    await town.publish(B, row("home", 1, is_paused=True))
    await town.publish(A, row("home", 0))
    await town.publish(B, row("home", 1))
    await town.publish(A, row("home", 0))

    assert town.places == {A: "home", B: "home-bbbbbbbb"}


# Child pages.


async def test_a_child_page_stands_below_its_parent_to_any_depth(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Our Team")})
    await town.publish(B, child(A, "Our Team"), {C: child(B, "Ada")})

    assert town.places == {A: "top", B: "top/our-team", C: "top/our-team/ada"}


async def test_of_child_pages_with_one_title_the_older_keeps_the_path(town: Town) -> None:
    await town.publish(A, row("top"), {C: child(A, "Team", 2), B: child(A, "Team", 1)})

    assert town.places == {A: "top", B: "top/team", C: "top/team-cccccccc"}


async def test_what_stands_below_a_page_moves_along_with_it(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team")})
    await town.publish(B, child(A, "Team"), {C: child(B, "Ada")})
    await town.publish(A, row("about"), {B: child(A, "Team")})

    assert town.places == {A: "about", B: "about/team", C: "about/team/ada"}
    assert set(town.slugs) == {"about", "about/team", "about/team/ada"}


async def test_a_subtree_that_moved_to_another_page_moves_in_the_reading_of_its_new_parent(
    town: Town,
) -> None:
    await town.publish(A, row("one"), {C: child(A, "Team")})
    await town.publish(C, child(A, "Team"), {D: child(C, "Ada")})
    await town.publish(B, row("two"), {C: child(B, "Team")})

    assert town.places == {A: "one", B: "two", C: "two/team", D: "two/team/ada"}
    await town.publish(A, row("one"))
    assert town.places == {A: "one", B: "two", C: "two/team", D: "two/team/ada"}


async def test_pages_below_two_parents_that_swap_their_slugs_swap_theirs(town: Town) -> None:
    await town.publish(A, row("one"), {C: child(A, "Team")})
    await town.publish(B, row("two"), {D: child(B, "Team")})
    town.observed |= {B: row("one")}
    await town.publish(A, row("two"), {C: child(A, "Team")})

    assert town.places == {A: "two", B: "one", C: "two/team", D: "one/team"}


async def test_a_row_gets_the_slug_of_its_own_child_page_which_goes_below(town: Town) -> None:
    await town.publish(A, row("top", 9), {B: child(A, "Team", 0)})
    await town.publish(A, row("top/team", 9), {B: child(A, "Team", 0)})

    assert town.places == {A: "top/team", B: "top/team/team"}
    assert town.warnings == []


async def test_a_row_gets_the_slug_of_a_page_deep_below_it(town: Town) -> None:
    await town.publish(A, row("top", 9), {B: child(A, "Team", 0)})
    await town.publish(B, child(A, "Team", 0), {C: child(B, "Ada", 1)})
    await town.publish(A, row("top/team/ada", 9), {B: child(A, "Team", 0)})

    assert town.places == {A: "top/team/ada", B: "top/team/ada/team", C: "top/team/ada/team/ada"}
    assert town.warnings == []


async def test_a_row_that_asks_for_the_slug_of_its_own_child_page_frees_it_for_an_older_one(
    town: Town,
) -> None:
    """The older one waits: the child page had the slug by right until the row around it moved."""
    await town.publish(A, row("top", 9), {B: child(A, "Team", 0)})
    await town.publish(C, row("top/team", 5))
    assert town.places == {A: "top", B: "top/team", C: "top/team-cccccccc"}

    await town.publish(A, row("top/team", 9), {B: child(A, "Team", 0)})

    assert town.places == {
        A: "top/team-aaaaaaaa",
        B: "top/team-aaaaaaaa/team",
        C: "top/team",
    }


async def test_a_row_and_a_child_page_of_another_are_rivals_like_any_others(town: Town) -> None:
    await town.publish(A, row("top"), {C: child(A, "Team", 2)})
    await town.publish(B, row("top/team", 1))
    assert town.places == {A: "top", B: "top/team", C: "top/team-cccccccc"}

    await town.publish(D, row("top/team", 0))
    await town.hide(D)
    await town.hide(B)
    assert town.places == {A: "top", C: "top/team"}


async def test_who_waits_below_a_page_that_moved_waits_there_no_more(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team", 1), C: child(A, "Team", 2)})
    await town.publish(A, row("about"), {B: child(A, "Team", 1), C: child(A, "Team", 2)})

    assert town.places == {A: "about", B: "about/team", C: "about/team-cccccccc"}
    assert town.waiting["about/team"] == (C,)
    await town.publish(D, row("top/team", 3))
    await town.hide(D)
    assert town.places[C] == "about/team-cccccccc"


async def test_a_child_page_that_is_gone_frees_its_path_for_a_sibling_in_the_same_plan(
    town: Town,
) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team", 1), C: child(A, "Team", 2)})
    await town.publish(A, row("top"), {C: child(A, "Team", 2)}, gone=[B])

    assert (town.places, town.slugs) == ({A: "top", C: "top/team"}, {"top": A, "top/team": C})


async def test_a_row_gets_the_path_of_a_child_page_in_the_plan_that_removes_it(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team", 1)})
    await town.publish(C, row("top/team", 2))
    book = town.book
    await book.look_up([A, B])
    book.note_page(A, row("top"), [])
    book.forget_page(B)
    await book.place_all(A)

    assert book.planned_changes().moves == [Move(C, "top/team-cccccccc", "top/team")]


async def test_what_stands_below_a_page_that_is_gone_frees_its_slugs_too(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team")})
    await town.publish(C, row("top/team", 1))
    await town.hide(A)

    assert town.places == {C: "top/team"}


async def test_a_child_page_whose_parent_has_no_slug_gets_none(town: Town) -> None:
    town.observed[A] = row("top")
    book = town.book
    await book.look_up([B])
    book.note_page(B, child(A, "Team"))
    await book.place_all(B)

    assert (book.slug_of(B), book.planned_changes().moves) == ("", [])


async def test_a_child_page_of_a_paused_page_that_was_renamed_keeps_to_its_path(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team")})
    town.observed[A] = row("new", is_paused=True)
    await town.publish(B, child(A, "People"))

    assert town.places == {A: "top", B: "top/people"}


async def test_a_paused_row_that_moved_into_a_page_stands_at_the_path_of_that_page(
    town: Town,
) -> None:
    await town.publish(A, row("top"))
    await town.publish(B, row("team"))
    town.still.add(B)
    await town.publish(A, row("top"), {B: child(A, "People")})

    assert town.places == {A: "top", B: "top/people"}


async def test_a_row_becomes_a_child_page_and_a_row_again(town: Town) -> None:
    await town.publish(A, row("top"))
    await town.publish(B, row("team"))
    await town.publish(A, row("top"), {B: child(A, "Team")})
    assert town.places == {A: "top", B: "top/team"}

    await town.publish(B, row("team"))
    assert town.places == {A: "top", B: "team"}


async def test_a_child_page_is_looked_up_only_where_it_is_concerned(town: Town) -> None:
    await town.publish(A, row("top"), {B: child(A, "Team")})
    await town.publish(B, child(A, "Team"), {C: child(B, "Ada")})
    town.asked.clear()
    book = town.book
    await book.look_up([A])
    book.note_page(A, row("top"), [B])
    await book.place_all(A)

    assert town.asked == [A]
