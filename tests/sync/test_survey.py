"""Looking around: what a listing that lacks much proves, and what shows that a child database changed."""

import json

import httpx
import msgspec
import pytest

from lib.model import JSON, Kept, KeptDatabase, KeptSource, Known, Rank, Source
from lib.sync.facts import DAY_SECONDS
from lib.sync.survey import FEW, Found, Progress, Survey, signature
from tests.notion.stage import Clock, client, not_found

HOME = "d5000000-0000-4000-8000-000000000001"
MINUTE = "2026-05-01T10:00:00.000Z"
READ_AT = 1_777_629_700.0  # 10:01:40
PAGES = {"pages": KeptSource("ref", Source("pages", "db", HOME))}


def page(number: int, edited: str = MINUTE, home: str = HOME) -> JSON:
    return {
        "object": "page",
        "id": row_id(number),
        "created_time": MINUTE,
        "last_edited_time": edited,
        "parent": {"type": "data_source_id", "data_source_id": home},
        "properties": {},
    }


def row_id(number: int) -> str:
    return f"aaaaaaaa-0000-4000-8000-{number:012}"


def published(count: int) -> dict[str, Kept]:
    return {
        id: Kept(f"at-{id}", "pages", "", MINUTE, MINUTE, READ_AT, READ_AT, "d", rank=Rank(id, MINUTE))
        for id in map(row_id, range(count))
    }


class Workspace:
    """`rows` of data sources, each in one answer, and the pages that are `there`; `asked` are the paths."""

    def __init__(self) -> None:
        self.rows: dict[str, list[JSON]] = {HOME: []}
        self.there: dict[str, JSON] = {}
        self.asked: list[str] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1/")
        self.asked.append(path)
        kind, id, *_ = path.split("/")
        if kind == "data_sources" and request.method == "GET":
            return httpx.Response(200, json={"object": "data_source", "id": id, "properties": {}})
        if kind == "data_sources":
            rows = self.rows[id][: json.loads(request.content)["page_size"]]
            more = len(rows) < len(self.rows[id])
            return httpx.Response(
                200, json={"results": rows, "has_more": more, "next_cursor": "more" if more else None}
            )
        return httpx.Response(200, json=self.there[id]) if id in self.there else not_found(id)

    async def survey(self, known: Known, now: float = READ_AT + 600) -> Found:
        clock = Clock(now)
        notion = client(self.answer, clock)
        return await Survey(notion, known, {"pages": "ref"}, Progress(), now=clock.now, forced_at=None).look()


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def knowing(kept: dict[str, Kept], databases: dict[str, KeptDatabase] | None = None) -> Known:
    return Known(kept, (), databases or {}, PAGES, {})


async def test_a_listing_without_a_row_where_much_was_published_is_not_believed(workspace: Workspace) -> None:
    found = await workspace.survey(knowing(published(FEW + 1)))

    assert set(found.gone) == set()
    (warning,) = found.warnings
    assert "no rows at all" in warning
    assert workspace.asked == [f"data_sources/{HOME}/query"]


async def test_the_run_after_the_first_one_asks_a_big_source_for_changed_rows_only(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.sync.survey.BIG_SOURCE_ROWS", 2)
    workspace.rows[HOME] = [page(0), page(1)]

    first = await workspace.survey(Known(published(2), (), {}, PAGES, {}))
    second = await workspace.survey(Known(published(2), (), {}, first.sources, {}), now=READ_AT + 1200)

    assert [listing.whole for listing in (*first.listed, *second.listed)] == [True, False]
    schema, rows = f"data_sources/{HOME}", f"data_sources/{HOME}/query"
    assert workspace.asked == [rows, schema, schema, rows]


async def test_where_few_rows_are_missing_each_is_asked_for(workspace: Workspace) -> None:
    workspace.there = {
        row_id(1): page(1),
        row_id(2): page(2, home="elsewhere"),
        row_id(3): page(3) | {"in_trash": True},
    }

    found = await workspace.survey(knowing(published(FEW)))

    assert set(found.gone) == {row_id(number) for number in range(FEW)} - {row_id(1)}
    assert found.warnings == []


async def test_where_many_rows_are_missing_a_sample_is_asked_for_and_speaks_for_all(workspace: Workspace) -> None:
    workspace.rows[HOME] = [page(0)]

    found = await workspace.survey(knowing(published(2 * FEW)))

    assert set(found.gone) == {row_id(number) for number in range(1, 2 * FEW)}
    assert (len(workspace.asked), found.warnings) == (1 + FEW, [])


async def test_where_one_of_the_sample_is_still_there_only_what_was_asked_for_goes(workspace: Workspace) -> None:
    workspace.rows[HOME] = [page(0)]
    workspace.there = {row_id(1): page(1)}

    found = await workspace.survey(knowing(published(2 * FEW)))

    assert set(found.gone) == {row_id(number) for number in range(2, FEW + 1)}
    (warning,) = found.warnings
    assert f"{2 * FEW - 1} published rows were missing" in warning
    assert f"1 of {FEW} are still there" in warning


@pytest.mark.parametrize(
    ("rows", "later", "changed"),
    [
        ([page(1), page(2)], 600.0, False),
        ([page(1)], 600.0, True),
        ([page(1), page(2), page(3)], 600.0, True),
        ([page(1), page(2, edited="2026-05-01T09:59:00.000Z")], 600.0, True),
        ([page(1), page(2)], 2 * DAY_SECONDS, False),
    ],
)
async def test_a_child_database_is_read_again_when_its_rows_or_their_times_changed(
    workspace: Workspace, rows: list[JSON], later: float, changed: bool
) -> None:
    kept = KeptDatabase("", ["child"], READ_AT, READ_AT, "d", signature([page(1), page(2)]))
    workspace.rows["child"] = rows

    assert await is_changed(workspace, kept, READ_AT + later) is changed


@pytest.mark.parametrize(("later", "changed"), [(DAY_SECONDS - 1, False), (DAY_SECONDS, True)])
async def test_a_child_database_of_more_rows_than_an_answer_shows_is_read_again_once_a_day(
    workspace: Workspace, later: float, changed: bool
) -> None:
    many = [page(number) for number in range(101)]
    assert signature(many) == ""
    workspace.rows["child"] = many
    kept = KeptDatabase("", ["child"], READ_AT, READ_AT, "d", signature(many))

    assert await is_changed(workspace, kept, READ_AT + later) is changed


async def test_a_child_database_of_many_rows_is_read_when_the_newest_of_them_was_edited(workspace: Workspace) -> None:
    workspace.rows["child"] = [page(0, edited="2026-05-01T10:05:00.000Z"), *(page(number) for number in range(1, 101))]
    kept = KeptDatabase("", ["child"], READ_AT, READ_AT, "d")

    assert await is_changed(workspace, kept, READ_AT + 600)


async def is_changed(workspace: Workspace, kept: KeptDatabase, now: float) -> bool:
    """Whether a run at `now` reads the child database again that stands on the only published page."""
    (id, holder), *_ = published(1).items()
    workspace.rows[HOME] = [page(0)]
    on = {id: msgspec.structs.replace(holder, databases=["db"])}
    return "db" in (await workspace.survey(knowing(on, {"db": kept}), now)).watched.changed_databases
