"""A child database's bundle."""

import json

import pytest

from lib.bundle.database import build_database, encode_database
from lib.model import JSON, ChildDatabase
from tests.bundle.samples import ADDRESS, OTHER_ID, emoji, external, hosted, page, prop

SYNCED_AT = "2026-11-01T12:00:00.000Z"
SCHEMA: JSON = {"Name": {"id": "title", "name": "Name", "type": "title", "title": {}}}


def database(*rows: JSON) -> ChildDatabase:
    return ChildDatabase(id=OTHER_ID, title="Recipes", properties=SCHEMA, rows=list(rows))


def test_the_value_has_the_members_of_the_contract_in_their_order() -> None:
    row = page(
        {"Size": prop("number", 3)},
        icon=emoji(),
        cover=external("https://pictures.example/rye.jpg"),
    )
    value = json.loads(encode_database(build_database(database(row), ADDRESS), SYNCED_AT))
    item = {
        "id": row["id"],
        "lastEdited": row["last_edited_time"],
        "icon": "🥐",
        "cover": "https://pictures.example/rye.jpg",
        "properties": {"Name": "Rye & Oats", "Size": 3},
    }
    assert list(value.items()) == [
        *(("id", OTHER_ID), ("title", "Recipes"), ("visibility", "public"), ("properties", SCHEMA)),
        *(("items", [item]), ("syncedAt", SYNCED_AT)),
    ]
    assert list(value["items"][0]) == list(item)


def test_rows_stay_in_the_order_given() -> None:
    rows = [page(id=id) for id in ("c", "a", "b")]
    assert [item["id"] for item in build_database(database(*rows), ADDRESS).body["items"]] == [
        "c",
        "a",
        "b",
    ]


@pytest.mark.parametrize("flag", ["in_trash", "is_archived", "archived"])
def test_rows_in_the_trash_or_archived_are_left_out(flag: str) -> None:
    assert build_database(database({**page(), flag: True}), ADDRESS).body["items"] == []


def test_two_readings_of_an_unchanged_database_have_one_digest_and_nothing_expires() -> None:
    def read(signature: str) -> ChildDatabase:
        query = f"?X-Amz-Signature={signature}"
        photos = prop("files", [{"name": "oven", **hosted(query=query)}])
        return database(
            page({"Photos": photos}, cover=hosted("c.png", query), icon=hosted("i.png", query))
        )

    one, two = build_database(read("1"), ADDRESS), build_database(read("2"), ADDRESS)
    assert one.digest == two.digest
    assert one.id == OTHER_ID
    assert "X-Amz" not in encode_database(one, SYNCED_AT)
    assert "expiry_time" not in encode_database(one, SYNCED_AT)


def test_a_changed_row_a_new_title_and_a_new_schema_change_the_digest() -> None:
    first = build_database(database(page()), ADDRESS).digest
    others = [
        database(page({"Size": prop("number", 3)})),
        database(page(), page(id="another")),
        ChildDatabase(id=OTHER_ID, title="Cakes", properties=SCHEMA, rows=[page()]),
        ChildDatabase(id=OTHER_ID, title="Recipes", properties={}, rows=[page()]),
    ]
    assert first not in [build_database(other, ADDRESS).digest for other in others]


def test_another_visibility_changes_the_digest_and_stands_in_the_value() -> None:
    seen = build_database(database(page()), ADDRESS, "members")

    assert seen.digest != build_database(database(page()), ADDRESS).digest
    assert json.loads(encode_database(seen, SYNCED_AT))["visibility"] == "members"
