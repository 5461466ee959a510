"""Puts a page's tree together from the lists that were read. Pure: no requests."""

from collections.abc import Iterator

import msgspec

from lib.model import JSON, ChildPage
from lib.notion.databases import LINKED_VIEW
from lib.notion.walk import NEVER_ENTERED, Walk, is_original, original_of
from lib.times import UNKNOWN

MOST_BLOCKS = 200_000
CYCLE = "cycle: this block stands inside itself"
PARTIAL = "not permitted to the integration"
TOO_MANY = f"synced block on a page of more than {MOST_BLOCKS:,} blocks"


class Assembled(msgspec.Struct):
    """A page's blocks, and what was met on the way. `standing`: the blocks that are the page's own,
    not copied ones."""

    blocks: list[JSON] = []
    child_pages: dict[str, ChildPage] = {}
    hidden_pages: dict[str, None] = {}
    databases: dict[str, None] = {}
    unreadable: dict[str, None] = {}
    originals: dict[str, None] = {}
    copied: dict[str, None] = {}
    standing: set[str] = set()
    count: int = 0


class _Level(msgspec.Struct):
    """An open level of the tree: the list `id` is being copied into `children`."""

    id: str
    ahead: Iterator[JSON]
    children: list[JSON]
    own: bool


def assemble(walk: Walk) -> Assembled:
    """The tree of a walk that has read everything.

    A block that stands inside itself (a copy inside its own original, Notion's own loops) is shown
    once more, without children. Copies of copies can multiply without end, so a copy beyond the
    200,000th block stays empty.
    """
    whole = Assembled()
    levels = [_Level(walk.page_id, iter(walk.lists[walk.page_id]), whole.blocks, True)]
    path = {walk.page_id}
    while levels:
        level = levels[-1]
        given = next(level.ahead, None)
        if given is None:
            path.discard(levels.pop().id)
            continue
        block = dict(given)
        level.children.append(block)
        _note_block(block, level.own, whole, walk)
        inside = _children_inside(block, walk)
        if inside is None:
            continue
        copied = original_of(block) is not None
        if inside in path:
            block["unavailable"] = CYCLE
        elif copied and whole.count > MOST_BLOCKS:
            block["unavailable"] = TOO_MANY
        else:
            block["children"] = []
            path.add(inside)
            levels.append(
                _Level(
                    inside, iter(walk.lists[inside]), block["children"], level.own and not copied
                )
            )
    return whole


def _note_block(block: JSON, own: bool, whole: Assembled, walk: Walk) -> None:
    kind, block_id = block.get("type"), block["id"]
    whole.count += 1
    if own:
        whole.standing.add(block_id)
    if not block_id:
        return
    if "unavailable" not in block and kind is None:
        block["unavailable"] = PARTIAL
    elif kind == "unsupported":
        block["unavailable"] = f"unsupported: {block['unsupported'].get('block_type') or 'unknown'}"
    elif kind == "child_page" and own and block_id in walk.hidden:
        block["unavailable"] = walk.hidden[block_id]
        whole.hidden_pages[block_id] = None
    elif kind == "child_page" and own:
        whole.child_pages[block_id] = ChildPage(
            block_id, block["child_page"]["title"], block.get("created_time") or UNKNOWN
        )
    elif kind == "child_database":
        if "unavailable" not in block:
            whole.databases[block_id] = None
        elif block["unavailable"] != LINKED_VIEW:
            whole.unreadable[block_id] = None
    elif original := original_of(block):
        whole.copied[original] = None
    elif own and is_original(block):
        whole.originals[block_id] = None


def _children_inside(block: JSON, walk: Walk) -> str | None:
    """The id of the list that stands under a block; a copy shows its original's, or what its own id
    gave instead."""
    if "unavailable" in block or block["type"] in NEVER_ENTERED:
        return None
    return next(
        (list_id for list_id in (original_of(block), block["id"]) if list_id in walk.lists), None
    )
