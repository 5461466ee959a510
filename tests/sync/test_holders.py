"""In which page, of those that stand below a published row, another one stands."""

from typing import Any

import pytest

from lib.errors import NotionAway, Unreadable
from lib.model import JSON, Source
from lib.sync.holders import HIGHEST_CLIMB, Holders
from lib.sync.homes import Homes
from tests.notion.stage import Stage, client, error
from tests.sync.records import row_page, seen, word
from tests.sync.town import Town


class Workspace:
    """Pages and blocks at Notion by what they stand in; `known` are remembered."""

    def __init__(self) -> None:
        self.stage, self.town = Stage(), Town()

    def page(self, page_id: str, *, within: str, known: bool = False, **members: Any) -> JSON:
        page = row_page(page_id, parent=_parent(within), **members)
        self.stage.objects[f"pages/{page_id}"] = page
        if known:
            self.town.observed[page_id] = seen()
        return page

    def block(self, block_id: str, *, within: str) -> None:
        self.stage.objects[f"blocks/{block_id}"] = {
            "object": "block",
            "id": block_id,
            "parent": _parent(within),
        }

    async def find(self, page: JSON) -> str | None:
        return await self.holders.find_holder(page)

    @property
    def holders(self) -> Holders:
        site: Any = self.town
        homes = Homes({"pages": Source("pages", "db", "data_source-1")})
        return Holders(client(self.stage.handle), site, homes)


def _parent(within: str) -> JSON:
    kind = within.partition("-")[0]
    return (
        {"type": "workspace", "workspace": True}
        if kind == "workspace"
        else {"type": f"{kind}_id", f"{kind}_id": within}
    )


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


ROW = "data_source-1"


async def test_the_nearest_page_that_is_known_is_found_through_blocks_and_pages(
    workspace: Workspace,
) -> None:
    workspace.page("page-1", within=ROW, known=True)
    workspace.page("page-2", within="page-1", known=True)
    workspace.block("block-1", within="page-2")
    workspace.page("page-3", within="block-1")
    workspace.block("block-2", within="block-3")
    workspace.block("block-3", within="page-3")

    assert await workspace.find(workspace.page("page-4", within="block-2")) == "page-2"


async def test_where_none_of_the_pages_around_it_is_known_the_row_is_found(
    workspace: Workspace,
) -> None:
    workspace.page("page-1", within=ROW)
    workspace.page("page-2", within="page-1")

    assert await workspace.find(workspace.page("page-3", within="page-2")) == "page-1"


@pytest.mark.parametrize(
    "members",
    [
        {"in_trash": True},
        {"properties": {"visibility": word("draft")}},
        {"properties": {"sync": word("paused")}},
    ],
)
async def test_below_a_row_that_is_not_published_or_stays_as_it_is_nothing_is_found(
    workspace: Workspace, members: JSON
) -> None:
    workspace.page("page-1", within=ROW, known=True, **members)
    workspace.page("page-2", within="page-1", known=True)

    assert await workspace.find(workspace.page("page-3", within="page-2")) is None


async def test_below_a_child_page_in_the_trash_nothing_is_found(workspace: Workspace) -> None:
    workspace.page("page-1", within=ROW, known=True)
    workspace.page("page-2", within="page-1", known=True, in_trash=True)

    assert await workspace.find(workspace.page("page-3", within="page-2")) is None


@pytest.mark.parametrize(
    "within", ["workspace", "data_source-2", "database-1", "user-1", "agent-1"]
)
async def test_what_ends_elsewhere_stands_in_no_page(workspace: Workspace, within: str) -> None:
    workspace.page("page-1", within=within, known=True)

    assert await workspace.find(workspace.page("page-2", within="page-1")) is None


async def test_a_block_on_the_way_that_is_gone_ends_the_climb(workspace: Workspace) -> None:
    workspace.stage.refused["blocks/block-1"] = error(404, "object_not_found")

    assert await workspace.find(workspace.page("page-1", within="block-1")) is None


@pytest.mark.parametrize(
    ("status", "code"), [(403, "restricted_resource"), (400, "validation_error")]
)
async def test_what_is_refused_on_the_way_proves_nothing(
    workspace: Workspace, status: int, code: str
) -> None:
    workspace.stage.refused["blocks/block-1"] = error(status, code)

    with pytest.raises(Unreadable):
        await workspace.find(workspace.page("page-1", within="block-1"))


async def test_no_answer_on_the_way_is_no_proof(workspace: Workspace) -> None:
    workspace.stage.refused["blocks/block-1"] = error(500, "internal_server_error")

    with pytest.raises(NotionAway):
        await workspace.find(workspace.page("page-1", within="block-1"))


async def test_a_climb_in_a_circle_ends(workspace: Workspace) -> None:
    workspace.block("block-1", within="block-1")

    assert await workspace.find(workspace.page("page-1", within="block-1")) is None
    assert len(workspace.stage.asked) == HIGHEST_CLIMB


@pytest.mark.parametrize("parent", [None, 5, {}, {"type": "page_id", "page_id": None}])
async def test_where_a_page_does_not_say_where_it_stands_nothing_is_proven(
    workspace: Workspace, parent: Any
) -> None:
    workspace.stage.objects["pages/page-1"] = row_page("page-1", parent=parent)

    with pytest.raises(Unreadable, match="does not say where it stands"):
        await workspace.find(workspace.page("page-2", within="page-1"))


async def test_a_page_that_has_left_what_is_hidden_meanwhile_stands_elsewhere(
    workspace: Workspace,
) -> None:
    workspace.page("page-1", within=ROW, in_trash=True)
    page = workspace.page("page-2", within="page-1")
    assert (await workspace.holders.find_standing(page)).holder is None

    workspace.page("page-2", within=ROW)

    with pytest.raises(Unreadable, match="moved while"):
        await workspace.holders.find_standing(page)


async def test_a_page_that_stands_nowhere_by_its_own_word_costs_no_request(
    workspace: Workspace,
) -> None:
    page = workspace.page("page-1", within="workspace")

    assert (await workspace.holders.find_standing(page)).holder is None
    assert workspace.stage.asked == []
