"""A child database stands in the text of the pages that show it, as it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from dev.stack import Stack
from tests.stack.site import Site, synced

PAINTS = "dddddddd-0000-4000-8000-000000000004"


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    yield from synced(site, stack)


def holder(site: Site) -> Any:
    """The meta of the page that shows the paints."""
    [meta] = [
        page["meta"]
        for page in site.published().values()
        if any(block["id"] == PAINTS for block in blocks_of(page["blocks"]))
    ]
    return meta


def blocks_of(blocks: list[Any]) -> Iterator[Any]:
    for block in blocks:
        yield block
        yield from blocks_of(block.get("children", []))


def test_the_text_of_a_page_shows_the_rows_of_its_child_database(site: Site) -> None:
    doc = site.read(f"doc:{holder(site)['slug']}")

    rows = [item["properties"]["Paint"] for item in site.read(f"db:{PAINTS}")["items"]]
    assert rows
    assert [row for row in rows if f"| {row} |" not in doc["markdown"]] == []
    assert [row for row in rows if row not in doc["text"]] == []
    assert f"](db:{PAINTS})" in doc["markdown"]


def test_a_row_that_changes_is_in_the_text_though_no_block_of_the_page_is_asked_for(
    site: Site,
) -> None:
    page = holder(site)
    row = site.read(f"db:{PAINTS}")["items"][0]["id"]
    site.notion.edit.set_title(row, "Vermilion")
    before = len(site.notion.log.requests)

    run = site.sync()

    assert "| Vermilion |" in site.read(f"doc:{page['slug']}")["markdown"]
    asked = [request["path"] for request in site.notion.log.requests[before:]]
    assert [path for path in asked if page["id"] in path] == []
    assert (run["toSync"], run["written"]) == ("0", "1")
    site.check()


def test_a_page_that_is_published_anew_keeps_the_rows_of_a_database_that_did_not_change(
    site: Site,
) -> None:
    page = holder(site)
    before = site.read(f"doc:{page['slug']}")
    site.notion.edit.set_title(page["id"], "Colours")

    site.sync(page=page["id"])

    after = site.read(f"doc:{page['slug']}")
    assert (after["title"], after["markdown"]) == ("Colours", before["markdown"])
