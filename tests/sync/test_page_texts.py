"""The text of a page, made anew of its published bundle, with the rows that its readers may see."""

import json
from typing import Any

import pytest

from lib.bundle.text.tables import first_rows
from lib.model import BUNDLE_VERSION, JSON
from lib.store.site import Known, PageText, Table
from lib.sync.work.page_texts import PageTexts
from tests.sync.records import MINUTE, record

PAGE, PAINTS = "aaaaaaaa-0000-4000-8000-000000000001", "dddddddd-0000-4000-8000-000000000004"


def database(visibility: str, *names: str) -> JSON:
    """A child database as a site reads it."""
    return {
        "id": PAINTS,
        "title": "Paints",
        "visibility": visibility,
        "properties": {"Name": {"id": "title", "type": "title", "title": {}}},
        "items": [{"id": name, "properties": {"Name": name, "more": 1}} for name in names],
    }


def head(**members: Any) -> str:
    meta = {
        "id": PAGE,
        "slug": "a",
        "title": "A",
        "visibility": "public",
        "properties": {},
        "childPages": [],
    }
    block = {"id": PAINTS, "type": "child_database", "child_database": {"title": "Paints"}}
    bundle = {"v": BUNDLE_VERSION, "meta": meta | members, "refs": [], "blocks": [block]}
    return json.dumps(bundle, separators=(",", ":"))


async def made(text: str, value: JSON, known: Known | None = None) -> list[PageText]:
    class Site:
        async def bundle_at(self, slug: str) -> str:
            return text

    site: Any = Site()
    pages = {PAGE: known or Known(record=record(), slug="a")}
    return await PageTexts(site, 1_000_000, lambda: MINUTE).texts_of(
        pages, {PAINTS: Table("0", value)}
    )


@pytest.mark.parametrize(
    ("rows", "page", "is_shown"),
    [
        ("public", "public", True),
        ("public", "members", True),
        ("members", "members", True),
        ("members", "public", False),
        ("members", "friends", False),
    ],
)
async def test_rows_are_shown_to_those_who_may_see_them(
    rows: str, page: str, is_shown: bool
) -> None:
    [text] = await made(head(visibility=page), first_rows(database(rows, "Red")))

    doc = json.loads(text.text)
    assert (text.is_read, "Red" in doc["text"], "| Red |" in doc["markdown"]) == (
        *(False, is_shown),
        is_shown,
    )
    assert f"[Paints](db:{PAINTS})" in doc["markdown"]


def test_a_table_has_the_first_hundred_rows_and_what_they_show() -> None:
    found = first_rows(database("public", *(f"row {number}" for number in range(101))))

    assert (len(found["items"]), found["items"][0], found["properties"]) == (
        100,
        {"properties": {"Name": "row 0"}},
        {"Name": {"type": "title"}},
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no bundle",
        head(id="other"),
        head()[:-1],
        head().replace(f'"v":{BUNDLE_VERSION}', f'"v":{BUNDLE_VERSION - 1}'),
    ],
)
async def test_a_page_whose_bundle_is_not_at_hand_is_read(text: str) -> None:
    [page] = await made(text, first_rows(database("public", "Red")))

    assert (page.is_read, page.text) == (True, "")


@pytest.mark.parametrize(
    "known",
    [
        Known(record=record(parts=2), slug="a"),
        Known(record=record(), slug="a", is_still=True),
        Known(slug="a"),
    ],
)
async def test_a_page_in_parts_and_one_that_stays_as_it_is_are_left(known: Known) -> None:
    assert await made(head(), first_rows(database("public", "Red")), known) == []
