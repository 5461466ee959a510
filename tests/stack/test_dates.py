"""A row appears and goes at the moments that its date names, when nothing else happens."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dev.notion.generate import PAGES
from dev.stack import Stack
from tests.stack.site import Site, unlimited

VISIT, COLLECTION = (f"aaaaaaaa-0000-4000-8000-{number:012}" for number in (2, 4))
AN_HOUR = 3_600.0
WITHIN_SECONDS = 30.0
SURE_SECONDS = 2.0
"""Notion tells its time in whole seconds, so for a second after a moment nobody knows that it has
come."""


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    """A site whose rows have the property `publish`, a date."""
    [data_source] = site.notion.workspace.nodes[PAGES].children
    site.notion.edit.rename_property(data_source, "date", "publish")
    with unlimited(stack):
        yield site


def hours_ahead(site: Site, hours: float) -> str:
    return (site.notion.clock.now() + timedelta(hours=hours)).isoformat()


def set_date(site: Site, page_id: str, start: float, end: float | None = None) -> None:
    """Dates in hours from now."""
    bounds = {"start": hours_ahead(site, start)}
    if end is not None:
        bounds["end"] = hours_ahead(site, end)
    site.notion.edit.set_property(page_id, "publish", bounds)


def waiting(site: Site) -> list[dict[str, Any]]:
    """The bodies of the messages for dates that are on their way."""
    ahead = [one for one in site.qstash.messages if one.state == "CREATED" and not one.attempts]
    return [json.loads(one.publication.body) for one in ahead]


def pass_time(site: Site, seconds: float) -> None:
    """Time passes for Notion, a little more of it for QStash, and what it brings has come to its
    end."""
    site.notion.clock.advance(seconds + SURE_SECONDS)
    site.notion.log.clear()
    site.qstash.advance(seconds + WITHIN_SECONDS)
    site.qstash.drain()


def test_a_row_appears_and_goes_at_its_moments_without_anybody_asking(site: Site) -> None:
    set_date(site, VISIT, 1, 2)
    assert site.sync()["status"] == "delivered"
    assert VISIT not in site.published()
    [opening] = waiting(site)

    pass_time(site, AN_HOUR - 120)
    assert VISIT not in site.published()
    assert site.notion.log.requests == []

    pass_time(site, 120)
    assert VISIT in site.published()
    [closing] = waiting(site)
    assert len(closing["runId"]) == len(opening["runId"])  # of however many dates it is the last

    pass_time(site, AN_HOUR)
    assert VISIT not in site.published()
    assert waiting(site) == []
    site.check()


def test_two_rows_of_one_moment_take_one_message(site: Site) -> None:
    moment = {"start": hours_ahead(site, 1)}
    for page_id in (VISIT, COLLECTION):
        site.notion.edit.set_property(page_id, "publish", moment)
    site.sync()
    site.sync()
    assert len(waiting(site)) == 1

    pass_time(site, AN_HOUR)

    assert {VISIT, COLLECTION} <= site.published().keys()
    assert waiting(site) == []


def test_an_earlier_date_gets_its_message_and_the_later_one_keeps_its_own(site: Site) -> None:
    set_date(site, VISIT, 2)
    site.sync()
    set_date(site, COLLECTION, 1)
    site.sync()
    assert len(waiting(site)) == 2

    pass_time(site, AN_HOUR)
    assert COLLECTION in site.published()
    assert len(waiting(site)) == 1

    pass_time(site, AN_HOUR)
    assert VISIT in site.published()


def test_a_date_that_was_moved_is_not_kept(site: Site) -> None:
    set_date(site, VISIT, 1)
    site.sync()
    set_date(site, VISIT, 2)
    site.later()
    site.sync()

    pass_time(site, AN_HOUR)
    assert VISIT not in site.published()

    pass_time(site, AN_HOUR)
    assert VISIT in site.published()


def test_a_date_whose_message_is_lost_is_kept_by_the_next_run(site: Site) -> None:
    set_date(site, VISIT, 1)
    site.sync()
    site.qstash.reset()
    site.notion.clock.advance(AN_HOUR)

    site.sync()

    assert VISIT in site.published()
    site.check()
