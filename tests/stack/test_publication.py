"""What is published by the owner's rule and by dates, as the next run sees it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dev.notion.generate import PAGES
from dev.stack import Stack
from tests.stack.site import Site, unlimited

DONE = {1, 2, 3, 5, 6, 10, 11}
"""Rows of the sample's pages whose Status is Done; 9, a draft, is among those that are Writing."""
WRITING = {4, 7, 9}


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    with unlimited(stack):
        yield site
    for name in ("NOTION_PUBLISHED", "TIME_ZONE"):
        stack.set(name, "")


def row(number: int) -> str:
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def published(site: Site) -> dict[int, str]:
    """The rows in the pages' index by their numbers, each with its visibility."""
    items = site.bundles().of_index("pages")
    assert {item["slug"] for item in items} <= {
        key.removeprefix("page:") for key in site.site_keys()
    }
    return {int(item["id"][-4:]): item["visibility"] for item in items}


def warnings(run: dict[str, str]) -> list[str]:
    found: list[str] = json.loads(run.get("warnings", "[]"))
    return found


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("Status: Done", DONE),
        ("status: writing,  DONE", DONE | WRITING),
        ("Step-free: yes", {1, 2}),
        ("Step-free: no", set(range(3, 13))),
        ("Tags: Light, Food", {1, 3, 6}),
        ("Is ready: yes", {1}),
        ("Label: Skerry Light · Done", {1}),
        ("Slug: home, visit", {1, 2}),
    ],
)
def test_only_rows_that_say_a_word_of_the_rule_are_published(
    site: Site, stack: Stack, rule: str, numbers: set[int]
) -> None:
    stack.set("NOTION_PUBLISHED", rule)

    run = site.sync(source="pages")

    assert run["status"] == "delivered"
    assert published(site) == dict.fromkeys(numbers, "public")


def test_a_row_goes_and_comes_with_its_word(site: Site, stack: Stack) -> None:
    stack.set("NOTION_PUBLISHED", "Status: Done")
    site.sync(source="pages")
    site.later()
    site.notion.edit.set_property(row(1), "Status", "Idea")
    site.notion.edit.set_property(row(9), "Status", "Done")

    site.sync(page=row(1))
    site.sync(source="pages")

    assert set(published(site)) == DONE - {1} | {9}
    assert site.read("page:home") is None


def test_another_rule_counts_from_the_next_run_on(site: Site, stack: Stack) -> None:
    site.sync(source="pages")
    assert (published(site)[10], 12 in published(site)) == ("members", True)

    stack.set("NOTION_PUBLISHED", "Status: Done")
    site.sync(source="pages")
    assert published(site) == dict.fromkeys(DONE, "public")

    stack.set("NOTION_PUBLISHED", "")
    site.sync(source="pages")
    assert (published(site)[10], 9 in published(site), 12 in published(site)) == (
        "members",
        False,
        True,
    )


def test_a_property_that_is_renamed_in_notion_takes_nothing_away_and_is_named(
    site: Site, stack: Stack
) -> None:
    stack.set("NOTION_PUBLISHED", "Status: Done")
    site.sync(source="pages")
    site.later()
    [data_source] = site.notion.workspace.nodes[PAGES].children
    site.notion.edit.rename_property(data_source, "Status", "Stage")

    run = site.sync(source="pages")

    assert set(published(site)) == DONE
    told = (
        '"Skerry Light": it has no property "Status", which NOTION_PUBLISHED names: the page stays'
        " as it is"
    )
    assert told in warnings(run)


def test_a_word_that_a_property_never_says_is_named_until_it_does(site: Site, stack: Stack) -> None:
    stack.set("NOTION_PUBLISHED", "Status: Doen, Writing")
    told = 'source pages: the property "Status" never says "Doen"; what it can say: "Idea"'

    for _ in range(2):
        run = site.sync(source="pages")
        assert set(published(site)) == WRITING
        assert [one for one in warnings(run) if one.startswith(told)] == warnings(run)[:1]
    stack.set("NOTION_PUBLISHED", "Status: Done, Writing")
    assert warnings(site.sync(source="pages")) == []
    site.later()
    assert warnings(site.sync(source="pages")) == []
    [data_source] = site.notion.workspace.nodes[PAGES].children
    asked = [request["path"] for request in site.notion.log.requests]
    assert f"/v1/data_sources/{data_source}" not in asked


def test_a_rule_by_which_no_row_is_published_is_named(site: Site, stack: Stack) -> None:
    stack.set("NOTION_PUBLISHED", "Label: nothing says this")

    run = site.sync(source="pages")

    assert published(site) == {}
    told = 'source pages: by NOTION_PUBLISHED ("Label": "nothing says this") none of its 12 rows is'
    assert [one for one in warnings(run) if one.startswith(told)]


def test_a_row_is_published_while_its_date_says_so(site: Site, stack: Stack) -> None:
    [data_source] = site.notion.workspace.nodes[PAGES].children
    site.notion.edit.rename_property(data_source, "date", "publish")
    now = datetime.now(UTC)
    ahead, behind = ((now + timedelta(days=days)).isoformat() for days in (1, -1))
    for number, date in {
        1: behind,
        2: ahead,
        3: {"start": behind, "end": ahead},
        4: {"start": "2026-01-01", "end": "2026-01-02"},
        5: "soon",
        9: behind,
    }.items():
        site.notion.edit.set_property(row(number), "publish", date)

    run = site.sync(source="pages")

    assert set(published(site)) == {1, 3, 6, 7, 8, 10, 11, 12}
    assert (
        '"Keepers": property "publish" is no date that can be read: the page stays as it is'
        in warnings(run)
    )
    site.later()
    site.notion.edit.set_property(row(2), "publish", behind)
    site.notion.edit.set_property(row(3), "publish", {"start": behind, "end": now.isoformat()})
    site.sync(page=row(3))
    site.sync(source="pages")
    assert set(published(site)) == {1, 2, 6, 7, 8, 10, 11, 12}


def test_a_day_is_one_of_the_time_zone(site: Site, stack: Stack) -> None:
    [data_source] = site.notion.workspace.nodes[PAGES].children
    site.notion.edit.rename_property(data_source, "date", "publish")
    first_there = datetime.now(UTC) + timedelta(hours=14)  # the day that is first on Kiritimati …
    last_there = datetime.now(UTC) - timedelta(hours=11)  # … and last on Pago Pago
    site.notion.edit.set_property(row(1), "publish", first_there.date().isoformat())
    site.notion.edit.set_property(
        row(2), "publish", (last_there.date() + timedelta(days=1)).isoformat()
    )

    stack.set("TIME_ZONE", "Pacific/Kiritimati")
    site.sync(source="pages")
    assert {1, 2} <= set(published(site))

    stack.set("TIME_ZONE", "Pacific/Pago_Pago")
    site.sync(source="pages")
    assert {1, 2}.isdisjoint(published(site))
