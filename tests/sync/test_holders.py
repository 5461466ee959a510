"""In which page that is published another one stands."""

from typing import Any

import pytest

from lib.errors import NotionAway
from lib.model import JSON
from lib.sync.holders import HIGHEST_CLIMB, Holders
from tests.notion.stage import Stage, client, error
from tests.sync.records import row_page, seen
from tests.sync.town import Town


class Workspace:
    """Pages and blocks at Notion by what they stand in; `published` are known to be public."""

    def __init__(self) -> None:
        self.stage, self.town = Stage(), Town()

    def page(self, page_id: str, *, within: str, published: bool | None = None) -> JSON:
        page = row_page(page_id, parent=_parent(within))
        self.stage.objects[f"pages/{page_id}"] = page
        if published is not None:
            self.town.observed[page_id] = seen(is_published=published)
        return page

    def block(self, block_id: str, *, within: str) -> None:
        self.stage.objects[f"blocks/{block_id}"] = {"object": "block", "id": block_id, "parent": _parent(within)}

    async def find(self, page: JSON) -> str | None:
        site: Any = self.town
        return await Holders(client(self.stage.handle), site).find(page)


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


async def test_a_page_that_is_known_to_be_public_is_found_without_a_question(workspace: Workspace) -> None:
    workspace.page("page-1", within="workspace", published=True)

    assert await workspace.find(workspace.page("page-2", within="page-1")) == "page-1"
    assert workspace.stage.asked == []


async def test_the_climb_goes_through_blocks_and_through_pages_that_are_not_published(workspace: Workspace) -> None:
    workspace.page("page-1", within="workspace", published=True)
    workspace.block("block-1", within="page-1")
    workspace.page("page-2", within="block-1")
    workspace.block("block-2", within="block-3")
    workspace.block("block-3", within="page-2")

    assert await workspace.find(workspace.page("page-3", within="block-2")) == "page-1"
    assert workspace.stage.asked == ["blocks/block-2", "blocks/block-3", "pages/page-2", "blocks/block-1"]


async def test_a_draft_publishes_nothing_but_what_is_around_it_may(workspace: Workspace) -> None:
    workspace.page("page-1", within="workspace", published=True)
    workspace.page("page-2", within="page-1", published=False)

    assert await workspace.find(workspace.page("page-3", within="page-2")) == "page-1"


@pytest.mark.parametrize("within", ["workspace", "data_source-1", "database-1", "user-1", "agent-1"])
async def test_what_ends_elsewhere_stands_in_no_page(workspace: Workspace, within: str) -> None:
    workspace.page("page-1", within=within)

    assert await workspace.find(workspace.page("page-2", within="page-1")) is None


@pytest.mark.parametrize(
    ("status", "code"), [(404, "object_not_found"), (403, "restricted_resource"), (400, "validation_error")]
)
async def test_what_is_refused_on_the_way_ends_the_climb(workspace: Workspace, status: int, code: str) -> None:
    workspace.stage.refused["blocks/block-1"] = error(status, code)

    assert await workspace.find(workspace.page("page-1", within="block-1")) is None


async def test_no_answer_on_the_way_is_no_proof(workspace: Workspace) -> None:
    workspace.stage.refused["blocks/block-1"] = error(500, "internal_server_error")

    with pytest.raises(NotionAway):
        await workspace.find(workspace.page("page-1", within="block-1"))


async def test_a_climb_in_a_circle_ends(workspace: Workspace) -> None:
    workspace.block("block-1", within="block-1")

    assert await workspace.find(workspace.page("page-1", within="block-1")) is None
    assert len(workspace.stage.asked) == HIGHEST_CLIMB
