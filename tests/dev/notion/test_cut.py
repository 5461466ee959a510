"""What a page shows of many references: 25 of a relation, and rollups and formulas that are
computed from these."""

from typing import Any

import pytest
from notion_client import Client

from dev.notion import NotionStandIn, truth
from dev.notion.generate import PAGES, POSTS, generate
from tests.dev.notion.reader import Reader
from tests.dev.notion.test_objects import HOME
from tests.dev.notion.test_query import query
from tests.dev.notion.test_truth import settled

MANY = 34
COMPUTED = ("Number of posts", "Sum of orders", "Titles", "By tag", "Summary")

BOATS = "dddddddd-0000-4000-8000-00000000b0a7"
BOAT_ROWS = "d5d5d5d5-0000-4000-8000-00000000b0a7"


@pytest.fixture
def source(notion: NotionStandIn, client: Client) -> str:
    """The data source whose first page refers to 34 posts."""
    notion.workspace.become(generate(pages=2, posts=120, references=MANY))
    found: Any = client.databases.retrieve(PAGES)
    return str(found["data_sources"][0]["id"])


def first_row(client: Client, source: str) -> Any:
    return next(
        row for row in query(client, source)["results"] if row["properties"]["order"]["number"] == 1
    )


def item(client: Client, page: Any, name: str, **paging: Any) -> Any:
    return client.pages.properties.retrieve(page["id"], page["properties"][name]["id"], **paging)


def test_rollups_and_formulas_of_a_page_are_computed_from_25_references(
    client: Client, source: str
) -> None:
    row = first_row(client, source)
    pages: list[Any] = [row, client.pages.retrieve(row["id"])]
    for page in pages:
        shown = page["properties"]
        assert (len(shown["Posts"]["relation"]), shown["Posts"]["has_more"]) == (25, True)
        assert shown["Number of posts"]["rollup"] == {
            "type": "number",
            "number": 25,
            "function": "count",
        }
        assert shown["Sum of orders"]["rollup"]["number"] == sum(range(1, 26))
        assert len(shown["Titles"]["rollup"]["array"]) == 25
        assert shown["By tag"]["rollup"]["type"] == "unsupported"
        assert shown["Summary"]["formula"] == {"type": "string", "string": "25 posts"}


def test_property_items_give_what_all_references_lead_to(client: Client, source: str) -> None:
    row = first_row(client, source)
    assert item(client, row, "Number of posts")["property_item"]["rollup"]["number"] == MANY
    assert item(client, row, "Sum of orders")["property_item"]["rollup"]["number"] == sum(
        range(1, MANY + 1)
    )
    assert len(item(client, row, "Titles")["results"]) == MANY
    summary = item(client, row, "Summary")
    assert (summary["object"], summary["type"]) == ("property_item", "formula")
    assert summary["formula"] == {"type": "string", "string": "34 posts"}


def test_a_rollup_is_incomplete_until_the_last_page_of_its_items(
    client: Client, source: str
) -> None:
    row = first_row(client, source)
    first = item(client, row, "Number of posts", page_size=20)
    assert first["property_item"]["rollup"] == {
        "type": "incomplete",
        "incomplete": {},
        "function": "count",
    }
    rest = item(client, row, "Number of posts", page_size=20, start_cursor=first["next_cursor"])
    assert rest["property_item"]["rollup"] == {
        "type": "number",
        "number": MANY,
        "function": "count",
    }
    assert (len(first["results"]), len(rest["results"])) == (20, MANY - 20)


@pytest.mark.parametrize("references", [1, 25])
def test_nothing_is_cut_up_to_25_references(
    notion: NotionStandIn, client: Client, references: int
) -> None:
    notion.workspace.become(generate(pages=1, posts=30, references=references))
    source = client.databases.retrieve(PAGES)["data_sources"][0]["id"]  # type: ignore[index]
    row = first_row(client, source)
    assert row["properties"]["Posts"]["has_more"] is False
    for name in COMPUTED:
        found = item(client, row, name)
        whole = found["formula"] if name == "Summary" else found["property_item"]["rollup"]
        shown = row["properties"][name][found["type"] if name == "Summary" else "rollup"]
        assert shown if name == "Titles" else shown == whole


def test_the_25th_reference_is_one_that_is_there(
    notion: NotionStandIn, client: Client, source: str
) -> None:
    posts = notion.workspace.nodes[notion.workspace.nodes[POSTS].children[0]].children
    for post in posts[:9]:
        notion.edit.trash(post)
    row = first_row(client, source)
    assert row["properties"]["Posts"]["has_more"] is False
    assert row["properties"]["Sum of orders"]["rollup"]["number"] == sum(range(10, MANY + 1))
    assert row["properties"]["Summary"]["formula"]["string"] == "34 posts"


def test_filters_look_at_the_whole(client: Client, source: str) -> None:
    asked = {"property": "Summary", "formula": {"string": {"equals": "34 posts"}}}
    (row,) = query(client, source, filter=asked)["results"]
    assert row["properties"]["Summary"]["formula"]["string"] == "25 posts"


def test_a_schema_names_by_id_what_is_computed_from_what(client: Client, source: str) -> None:
    schema: Any = client.data_sources.retrieve(source)["properties"]  # type: ignore[index]
    relation, count = schema["Posts"]["id"], schema["Number of posts"]["id"]
    assert schema["Number of posts"]["rollup"]["relation_property_id"] == relation
    assert (
        f"{{{{notion:block_property:{count}:{source}:" in schema["Summary"]["formula"]["expression"]
    )


@pytest.mark.parametrize(
    ("references", "requests"), [(25, 1), (26, 6), (MANY, 6), (100, 6), (101, 11)]
)
def test_the_minimum_has_each_property_that_is_cut_and_what_is_computed_from_it(
    notion: NotionStandIn, client: Client, references: int, requests: int
) -> None:
    notion.workspace.become(generate(pages=2, posts=120))
    before = truth.minimum_requests(notion.workspace, [PAGES, POSTS])
    notion.workspace.become(generate(pages=2, posts=120, references=references))
    minimum = truth.minimum_requests(notion.workspace, [PAGES, POSTS])
    assert minimum - before == requests
    reader = Reader(client).read(PAGES, POSTS)
    assert reader.requests == minimum


def test_a_reader_that_completes_them_finds_the_truth(
    notion: NotionStandIn, client: Client, source: str
) -> None:
    reader = Reader(client).read(PAGES, POSTS)
    expected = truth.expected_rows(notion.workspace, source)
    assert {row["id"]: settled(row) for row in reader.rows[source]} == {
        row["id"]: row for row in expected
    }
    assert expected[0]["properties"]["Summary"]["formula"] == {
        "type": "string",
        "string": "34 posts",
    }
    assert (
        reader.schema_requests,
        expected[0]["properties"]["Number of posts"]["rollup"]["number"],
    ) == (1, MANY)


def test_rows_of_a_child_database_are_cut_as_well(notion: NotionStandIn, client: Client) -> None:
    relation = {
        "type": "relation",
        "relation": {"database": BOATS, "data_source": BOAT_ROWS},
        "id": "b%2Fa",
    }
    count = {"function": "count", "relation_property_name": "Fleet", "rollup_property_name": "Boat"}
    given = {
        "function": "average",
        "relation_property_name": "Fleet",
        "rollup_property_name": "Boat",
    }
    notion.edit.create_database(
        HOME,
        "Boats",
        {
            "Boat": "title",
            "Fleet": relation,
            "Size": {"type": "rollup", "rollup": count},
            "Average": {"type": "rollup", "rollup": given},
            "Text": {"type": "formula", "formula": {"expression": 'prop("Size")'}},
            "More": {
                "type": "formula",
                "formula": {"expression": 'prop("Text") + current.prop("Fleet")'},
            },
            "Title": {"type": "formula", "formula": {"expression": 'prop("Boat")'}},
        },
        id=BOATS,
        data_source=BOAT_ROWS,
        rows=[
            {"repeat": 30, "block": {"id": "@boat-{n}", "properties": {"Boat": "{n}"}}},
            {
                "id": "@flagship",
                "properties": {
                    "Fleet": [{"repeat": 30, "id": "@boat-{n}"}],
                    "Average": {"whole": 15.5, "from_25": 13},
                    "Text": {"whole": 30, "from_25": 25},
                    "More": {"whole": {"date": "2026-05-30"}, "from_25": {"date": "2026-05-25"}},
                    "Title": {"whole": "is never cut", "from_25": "can't be seen"},
                },
            },
        ],
    )
    shown = next(
        row for row in query(client, BOAT_ROWS)["results"] if row["properties"]["Fleet"]["relation"]
    )
    values = {name: property[property["type"]] for name, property in shown["properties"].items()}
    assert (values["Size"]["number"], values["Average"]["number"], values["Text"]["number"]) == (
        25,
        13,
        25,
    )
    assert values["Average"]["function"] == "average" and "from_25" not in values["Average"]
    assert (
        values["More"]["date"]["start"] == "2026-05-25"
        and values["Title"]["string"] == "is never cut"
    )
    reader = Reader(client).read(PAGES, POSTS)
    rows = {row["id"]: settled(row) for row in reader.rows[BOAT_ROWS]}
    assert rows == {row["id"]: row for row in truth.expected_rows(notion.workspace, BOAT_ROWS)}
    whole = {
        name: property[property["type"]]
        for name, property in rows[shown["id"]]["properties"].items()
    }
    assert (whole["Size"]["number"], whole["Average"]["number"], whole["Text"]["number"]) == (
        30,
        15.5,
        30,
    )
    assert reader.requests == truth.minimum_requests(notion.workspace, [PAGES, POSTS])


def test_a_relation_that_is_renamed_still_feeds_its_rollups(
    notion: NotionStandIn, client: Client, source: str
) -> None:
    notion.edit.rename_property(source, "Posts", "Log")
    row = first_row(client, source)
    assert row["properties"]["Number of posts"]["rollup"]["number"] == 25
    assert item(client, row, "Number of posts")["property_item"]["rollup"]["number"] == MANY


def test_results_that_cannot_be_understood_are_refused(notion: NotionStandIn, source: str) -> None:
    page = notion.workspace.nodes[source].children[0]
    with pytest.raises(ValueError, match="not to be understood"):
        notion.edit.set_property(page, "Summary", {"from_25": 1})
    with pytest.raises(ValueError, match="fewer than 31"):
        generate(pages=1, posts=30, references=31)
