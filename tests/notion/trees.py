"""Reading trees from a stage, and looking at what came of it."""

from typing import Any

from lib.model import JSON, Tree
from lib.notion.blocks import Originals, Walk, read_tree
from tests.notion.stage import Stage, client, new_id


async def tree_of(
    stage: Stage, page: str, originals: Originals | None = None, **known: Any
) -> Tree:
    return await read_tree(client(stage.handle), Walk(page), originals or Originals(), **known)


def lists(stage: Stage) -> list[str]:
    """Ids whose children were asked for."""
    return [name.split("/")[1] for name in stage.asked if "/children" in name]


def bare(block: JSON) -> JSON:
    return {key: value for key, value in block.items() if key not in ("children", "unavailable")}


def shape(blocks: list[JSON]) -> list[Any]:
    """Ids with what stands under them."""
    return [
        (block["id"], shape(block["children"])) if "children" in block else block["id"]
        for block in blocks
    ]


def elsewhere(stage: Stage, original: JSON, page: str | None = None) -> str:
    """Says where an original stands, as GET blocks/{id} does."""
    page = page or new_id()
    stage.objects[f"blocks/{original['id']}"] = {
        **original,
        "parent": {"type": "page_id", "page_id": page},
    }
    return page


def count(blocks: list[JSON]) -> int:
    found, ahead = 0, list(blocks)
    while ahead:
        found += 1
        ahead += ahead.pop().get("children", [])
    return found


def database(stage: Stage, title: str = "Tasks", **answer: Any) -> JSON:
    block = stage.block("child_database", title=title)
    stage.objects[f"databases/{block['id']}"] = {
        "title": [],
        "data_sources": [{"id": "source"}],
        **answer,
    }
    return block
