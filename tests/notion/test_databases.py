"""Finding the database that a setting means, and reading child databases whole."""

import httpx
import msgspec
import pytest

from lib.errors import Hopeless, OutOfTime, Unreadable
from lib.model import JSON, Source
from lib.notion.client import NotionClient
from lib.notion.databases import Head, Reading, find_source, newest_rows, probe_database
from tests.notion.stage import Clock, Stage, body_of, client, error, new_id, pacer, read_whole

DATABASE, FIRST, SECOND = new_id(), new_id(), new_id()


def title(text: str) -> list[JSON]:
    return [{"plain_text": text[:2]}, {"plain_text": text[2:]}]


def database(*sources: str, **more: object) -> JSON:
    found = [{"id": id, "name": f"Source {number}"} for number, id in enumerate(sources, 1)]
    return {
        "object": "database",
        "id": DATABASE,
        "title": title("Posts"),
        "data_sources": found,
        **more,
    }


def stage_with(**objects: JSON) -> Stage:
    stage = Stage()
    for kind, found in objects.items():
        stage.objects[f"{kind}s/{found['id']}"] = found
    return stage


async def test_a_database_id_leads_to_its_data_source() -> None:
    stage = stage_with(database=database(FIRST))
    source = await find_source(
        client(stage.handle), "posts", f"https://www.notion.so/Posts-{DATABASE.replace('-', '')}"
    )
    assert source == Source("posts", DATABASE, FIRST, "Posts")
    assert len(stage.asked) == 1


async def test_a_data_source_id_leads_to_its_database() -> None:
    found = {
        "id": SECOND,
        "title": title("Posts"),
        "parent": {"type": "database_id", "database_id": DATABASE},
    }
    stage = stage_with(data_source=found)
    assert await find_source(client(stage.handle), "posts", SECOND) == Source(
        "posts", DATABASE, SECOND, "Posts"
    )
    assert stage.asked == [f"databases/{SECOND}", f"data_sources/{SECOND}"]


async def test_several_data_sources_are_named_with_what_to_write() -> None:
    notion = client(stage_with(database=database(FIRST, SECOND)).handle)
    with pytest.raises(Hopeless) as hopeless:
        await find_source(notion, "posts", DATABASE)
    for part in (f"Source 1 ({FIRST})", f"Source 2 ({SECOND})", "NOTION_SOURCES", f"posts={FIRST}"):
        assert part in str(hopeless.value)


async def test_nothing_found_says_to_share_it() -> None:
    with pytest.raises(Hopeless, match=r"source posts: .*share the database with the integration"):
        await find_source(client(Stage().handle), "posts", DATABASE)


async def test_a_database_without_data_sources_is_a_linked_view_or_not_shared() -> None:
    with pytest.raises(Hopeless, match=r"linked view.*share it with the integration"):
        await find_source(client(stage_with(database=database()).handle), "posts", DATABASE)


async def test_a_linked_view_that_is_refused_says_what_to_name_instead() -> None:
    stage = Stage()
    stage.refused[f"databases/{DATABASE}"] = error(
        400, "validation_error", "… is a linked database."
    )
    with pytest.raises(Hopeless, match=r"is a linked database.*address of the original database"):
        await find_source(client(stage.handle), "posts", DATABASE)


async def test_a_database_in_the_trash_is_no_empty_source() -> None:
    with pytest.raises(Hopeless, match="trash"):
        await find_source(
            client(stage_with(database=database(FIRST, in_trash=True)).handle), "posts", DATABASE
        )
    found = {"id": SECOND, "title": title("Posts"), "parent": {}, "archived": True}
    with pytest.raises(Hopeless, match="trash"):
        await find_source(client(stage_with(data_source=found).handle), "posts", SECOND)


async def test_a_reference_without_an_id_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="neither a Notion id"):
        await find_source(client(Stage().handle), "posts", "my posts")


async def test_a_probe_gives_title_and_data_sources_in_one_request() -> None:
    stage = stage_with(database=database(FIRST, SECOND))
    assert await probe_database(client(stage.handle), DATABASE) == Head(
        DATABASE, "Posts", [FIRST, SECOND]
    )
    assert len(stage.asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error(400, "validation_error"), "linked database view"),
        (httpx.Response(200, json=database()), "linked database view"),
        (error(404, "object_not_found"), "database not shared"),
        (error(403, "restricted_resource"), "database not shared"),
    ],
)
async def test_a_probe_says_why_a_database_is_unreadable(
    answer: httpx.Response, reason: str
) -> None:
    stage = Stage()
    stage.refused[f"databases/{DATABASE}"] = answer
    with pytest.raises(Unreadable) as unreadable:
        await probe_database(client(stage.handle), DATABASE)
    assert unreadable.value.reason == reason


def row(id: str, **property: object) -> JSON:
    times = {
        "created_time": "2026-11-20T10:00:00.000Z",
        "last_edited_time": "2026-11-20T10:00:00.000Z",
    }
    return {"object": "page", "id": id, **times, "properties": {"P": {"id": "p", **property}}}


async def test_a_child_database_is_read_with_all_its_data_sources_and_properties() -> None:
    stage = Stage()
    cut = row("1", type="people", people=[{"id": "x"}] * 25)
    people = [{"type": "people", "people": {"id": str(number)}} for number in range(40)]
    stage.objects = {
        f"data_sources/{FIRST}": {"properties": {"P": {"type": "people"}, "A": {"type": "title"}}},
        f"data_sources/{SECOND}": {"properties": {"P": {"type": "date"}, "B": {"type": "title"}}},
        f"data_sources/{FIRST}/query": {"results": [cut], "has_more": False},
        f"data_sources/{SECOND}/query": {
            "results": [row("2", type="date", date=None)],
            "has_more": False,
        },
        "pages/1/properties/p": {"results": people, "has_more": False},
    }
    found = await read_whole(
        client(stage.handle), Reading(DATABASE, Head(DATABASE, "Posts", [FIRST, SECOND]))
    )
    assert (found.id, found.title) == (DATABASE, "Posts")
    assert found.properties == {
        "P": {"type": "people"},
        "A": {"type": "title"},
        "B": {"type": "title"},
    }
    assert [row["id"] for row in found.rows] == ["1", "2"]
    assert len(found.rows[0]["properties"]["P"]["people"]) == 40
    assert len(stage.asked) == 5


def of_one_request(stage: Stage) -> NotionClient:
    notion: NotionClient = client(
        stage.handle, pacer=pacer(Clock(), out_of_time=lambda: notion.requests > 0)
    )
    return notion


async def test_a_child_database_interrupted_after_every_request_asks_nothing_twice() -> None:
    stage = Stage()
    cut = {"type": "people", "people": [{"id": "x"}] * 25}
    stage.objects = {
        f"databases/{DATABASE}": {"id": DATABASE, "title": [], "data_sources": [{"id": FIRST}]},
        f"data_sources/{FIRST}": {"properties": {}},
        f"data_sources/{FIRST}/query": {
            "results": [row("1", **cut), row("2", **cut)],
            "has_more": False,
        },
        "pages/1/properties/p": {"results": [], "has_more": False},
        "pages/2/properties/p": {"results": [], "has_more": False},
    }
    reading, found = Reading(DATABASE), None
    while found is None:
        try:
            found = await read_whole(of_one_request(stage), reading)
        except OutOfTime:
            reading = msgspec.json.decode(msgspec.json.encode(reading), type=Reading)
    assert sorted(stage.asked) == sorted(stage.objects)
    assert [len(one["properties"]["P"]["people"]) for one in found.rows] == [0, 0]


async def test_a_property_that_is_refused_stays_as_the_row_shows_it() -> None:
    stage = Stage()
    stage.objects = {
        f"data_sources/{FIRST}": {"properties": {}},
        f"data_sources/{FIRST}/query": {
            "results": [
                row("1", type="people", people=[{"id": "x"}] * 25),
                row("2", type="checkbox", checkbox=True),
            ],
            "has_more": False,
        },
    }
    reading = Reading(DATABASE, Head(DATABASE, "Posts", [FIRST]))
    found = await read_whole(client(stage.handle), reading)
    assert [len(found.rows[0]["properties"]["P"]["people"]), len(found.rows)] == [25, 2]
    assert ["the rest" in warning for warning in reading.warnings] == [True]
    assert not reading.is_lacking, "Notion's no is an answer"


async def test_a_database_whose_listing_is_cut_says_that_rows_may_be_missing() -> None:
    stage = Stage()
    stage.objects = {
        f"data_sources/{FIRST}": {"properties": {}},
        f"data_sources/{FIRST}/query": {
            "results": [row("1", type="date", date=None)],
            "has_more": True,
            "next_cursor": None,
        },
    }
    reading = Reading(DATABASE, Head(DATABASE, "Posts", [FIRST]))
    assert len((await read_whole(client(stage.handle), reading)).rows) == 1
    assert [
        warning.startswith('database "Posts": rows may be missing') for warning in reading.warnings
    ] == [True]


async def test_the_newest_rows_are_one_request_sorted_by_edit() -> None:
    bodies: list[JSON] = []

    async def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(body_of(request))
        return httpx.Response(
            200, json={"results": [newest], "has_more": True, "next_cursor": "on"}
        )

    newest = row("1", type="checkbox", checkbox=True)
    assert await newest_rows(client(handler), FIRST) == ([newest], True)
    assert bodies == [
        {"sorts": [{"timestamp": "last_edited_time", "direction": "descending"}], "page_size": 100}
    ]
