"""Histories that went wrong once, each as short as it can be told."""

from collections.abc import Callable

import pytest

from dev.notion.nodes import Page
from dev.upstash import Fault
from tests.stack.histories.history import History, Run, Step
from tests.stack.histories.workspace import HOURS
from tests.stack.histories.world import World

Edits = Callable[[World], None]


def row(world: World, name: str) -> str:
    """The id of a row by its title."""
    pages = [
        node
        for node in world.notion.workspace.nodes.values()
        if isinstance(node, Page) and node.parent
    ]
    return next(page.id for page in pages if page.values["title"][0]["plain_text"] == name)


def two_child_pages_swap_their_titles(world: World) -> None:
    world.notion.edit.set_title("@about", "Team")
    world.notion.edit.set_title("@team", "About")


def a_child_page_takes_the_title_of_one_that_is_trashed(world: World) -> None:
    world.notion.edit.trash("@team")
    world.notion.edit.set_title("@about", "Team")


def a_row_asks_for_the_slug_of_a_child_page(world: World) -> None:
    world.notion.edit.set_property(row(world, "Calm"), "slug", "home/about")


def a_child_page_is_born_at_the_slug_of_a_row(world: World) -> None:
    world.notion.edit.set_property(row(world, "Calm"), "slug", "visit/news")
    world.trigger()
    world.notion.edit.create_page(
        row(world, "Visit"), "News", [{"paragraph": "The boat sails again"}]
    )


def a_child_page_is_not_shared_any_more(world: World) -> None:
    world.notion.edit.unshare("@team")


def a_forced_run_meets_a_child_page_that_is_not_shared_any_more(world: World) -> None:
    world.notion.edit.unshare("@team")
    world.kv.fail(Fault(how="html", nth=30, times=12))
    world.here(force="1")
    world.kv.heal()


def a_child_page_is_shared_again(world: World) -> None:
    world.notion.edit.unshare("@team")
    world.trigger()
    world.step(125)
    world.notion.edit.share("@team")


def a_child_database_is_shared_again(world: World) -> None:
    world.notion.edit.unshare(HOURS)
    world.trigger()
    world.step(125)
    world.notion.edit.share(HOURS)


def the_page_of_an_original_is_trashed(world: World) -> None:
    world.notion.edit.trash("@words")


def the_page_of_an_original_is_restored(world: World) -> None:
    world.notion.edit.trash("@words")
    world.trigger()
    world.step(125)
    world.notion.edit.restore("@words")


def the_row_of_an_original_is_archived(world: World) -> None:
    world.notion.edit.archive(row(world, "Home"))


def the_row_of_an_original_is_not_shared_any_more(world: World) -> None:
    world.notion.edit.unshare(row(world, "Home"))


def a_slug_has_a_quotation_mark(world: World) -> None:
    world.notion.edit.set_property(row(world, "Calm"), "slug", 'so "calm"')
    world.trigger()
    world.notion.edit.set_property(row(world, "Calm"), "slug", "calm")


@pytest.mark.parametrize(
    "edits",
    [
        two_child_pages_swap_their_titles,
        a_child_page_takes_the_title_of_one_that_is_trashed,
        a_row_asks_for_the_slug_of_a_child_page,
        a_child_page_is_born_at_the_slug_of_a_row,
        a_child_page_is_not_shared_any_more,
        a_forced_run_meets_a_child_page_that_is_not_shared_any_more,
        a_child_page_is_shared_again,
        a_child_database_is_shared_again,
        the_page_of_an_original_is_trashed,
        the_page_of_an_original_is_restored,
        the_row_of_an_original_is_archived,
        the_row_of_an_original_is_not_shared_any_more,
        a_slug_has_a_quotation_mark,
    ],
    ids=lambda edits: edits.__name__,
)
def test_kv_follows_when(world: World, edits: Edits) -> None:
    world.begin(0.0)
    history = History(world)
    history.play(Run(), Step(125.0))
    edits(world)
    history.end()
