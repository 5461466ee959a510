"""Who can open what, and for how long: each sentence of SECURITY.md's paragraph. What Blob adds to it
is in test_copies.py, how long a redirect may be kept in test_media.py."""

from collections.abc import Iterator

import pytest

from dev.stack import Stack
from tests.stack.site import Site, synced
from tests.stack.test_media import ask, opened
from tests.stack.test_tables import PAINTS, holder

MEMBERS_ONLY = "members"


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    """A synced site, one of whose child databases has a row with a file."""
    for published in synced(site, stack):
        row = published.read(f"db:{PAINTS}")["items"][0]["id"]
        published.notion.edit.set_icon(row, {"file": "tin.png"})
        published.sync()
        yield published


def icon(site: Site) -> str:
    return str(site.read(f"db:{PAINTS}")["items"][0]["icon"])


def show_to(site: Site, word: str) -> None:
    """Say who may see the page around the child database."""
    site.notion.edit.set_property(holder(site)["id"], "visibility", word)
    site.sync()


def test_a_child_database_is_for_those_who_may_see_the_page_around_it(site: Site) -> None:
    slug = holder(site)["slug"]
    assert site.read(f"db:{PAINTS}")["visibility"] == "public"

    show_to(site, MEMBERS_ONLY)
    keys = (f"page:{slug}", f"doc:{slug}", f"db:{PAINTS}")
    page, doc, database = map(site.read, keys)
    assert {page["meta"]["visibility"], doc["visibility"], database["visibility"]} == {MEMBERS_ONLY}
    assert "| White |" in doc["markdown"]

    show_to(site, "public")
    assert site.read(f"db:{PAINTS}")["visibility"] == "public"
    site.check()


def test_a_file_opens_for_whoever_has_its_address_while_what_names_it_is_published(
    site: Site,
) -> None:
    address = icon(site)
    show_to(site, MEMBERS_ONLY)
    assert icon(site) == address
    assert opened(address).status_code == 200

    show_to(site, "draft")

    answer = ask(address)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "public, max-age=60")
    assert site.read(f"db:{PAINTS}") is None
