"""Changes in Notion that move no page's time, and that nobody tells of: the next run sees them all
the same."""

from collections.abc import Iterator

import pytest

from dev.notion.nodes import Page
from dev.stack import Stack
from tests.stack.site import DATABASES, Site, synced

PAINTS = "dddddddd-0000-4000-8000-000000000004"
BIG_ROWS = 10


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    yield from synced(site, stack)


def data_source(site: Site, database: str) -> str:
    return site.notion.workspace.nodes[database].children[0]


def test_a_renamed_property_of_a_source_is_published_by_the_next_run(site: Site) -> None:
    site.notion.edit.rename_property(data_source(site, DATABASES[1]), "Wind", "Beaufort")

    site.sync()

    assert all("Beaufort" in item["properties"] for item in site.bundles().of_index("posts"))
    site.check()
    site.later()
    assert site.sync()["toSync"] == "0"


def test_a_renamed_option_is_published_by_the_next_run(site: Site) -> None:
    posts = [
        page
        for page in site.notion.workspace.nodes.values()
        if isinstance(page, Page) and page.parent
    ]
    options = [
        value for page in posts for value in page.values.values() if is_option(value, "public")
    ]
    for option in options:
        option["name"] = "everyone"

    site.sync()

    assert "everyone" in {item["visibility"] for item in site.bundles().of_index("pages")}
    site.check()


def is_option(value: object, name: str) -> bool:
    return isinstance(value, dict) and value.get("name") == name


def test_a_renamed_property_of_a_child_database_is_published_by_the_next_run(site: Site) -> None:
    site.notion.edit.rename_property(data_source(site, PAINTS), "Litres", "Tins")

    run = site.sync()

    assert all("Tins" in item["properties"] for item in site.read(f"db:{PAINTS}")["items"])
    assert (run["written"], run["toSync"]) == ("1", "0")
    site.check()
    site.later()
    assert site.sync().get("written", "0") == "0"


def test_a_renamed_property_of_a_big_source_costs_one_question_to_see(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.sync.survey.listings.BIG_SOURCE_ROWS", BIG_ROWS)
    posts = data_source(site, DATABASES[1])
    site.sync(source="posts")  # learns the schema
    site.later()
    site.sync(source="posts")
    asked = [
        request["path"]
        for request in site.notion.log.requests
        if "/data_sources/" in request["path"]
    ]
    assert asked == [f"/v1/data_sources/{posts}", f"/v1/data_sources/{posts}/query"]

    site.notion.edit.rename_property(posts, "Wind", "Beaufort")
    site.later()
    site.sync(source="posts")

    assert all("Beaufort" in item["properties"] for item in site.bundles().of_index("posts"))
    site.check()
