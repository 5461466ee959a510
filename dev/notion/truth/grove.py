"""A page's blocks with all that stands under them."""

from collections.abc import Iterator
from dataclasses import dataclass

from dev.notion.nodes import JSON, Block, Node, Page
from dev.notion.objects import MEETING_PARTS, Objects, part_id, unsigned
from dev.notion.truth.visible import UNSHARED, holder_of, unavailable
from dev.notion.workspace import Workspace

CYCLE = "cycle"


@dataclass
class _Level:
    """An open level: the children of `id` are being written into `blocks`. What a synced copy shows
    isn't the page's `own`."""

    id: str
    ahead: Iterator[Node]
    blocks: list[JSON]
    own: bool


class Grove:
    """Writes trees, level by level, so that no depth is too deep."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._objects = Objects(workspace, unsigned(workspace.home))

    def tree(self, page: Page) -> list[JSON]:
        blocks: list[JSON] = []
        levels = [self._level(page, blocks, True)]
        entered = {page.id}
        while levels:
            node = next(levels[-1].ahead, None)
            if node is None:
                entered.discard(levels.pop().id)
                continue
            block = self._block(node)
            if isinstance(node, Page) and not self._workspace.is_visible(node) and levels[-1].own:
                block["unavailable"] = UNSHARED
            levels[-1].blocks.append(block)
            holder = holder_of(self._workspace, node)
            if holder is not None and holder.id in entered:
                block["unavailable"] = CYCLE
            elif holder is not None:
                block["children"] = []
                levels.append(
                    self._level(holder, block["children"], levels[-1].own and holder is node)
                )
                entered.add(holder.id)
        return blocks

    def _level(self, node: Node, blocks: list[JSON], own: bool) -> _Level:
        return _Level(node.id, iter(self._workspace.live_children(node)), blocks, own)

    def _block(self, node: Node) -> JSON:
        if isinstance(node, Block) and _is_meeting_part(self._workspace, node):
            return {"id": node.id}
        block = self._objects.block(node)
        reason = unavailable(self._workspace, node)
        return {**block, "unavailable": reason} if reason else block


def _is_meeting_part(workspace: Workspace, block: Block) -> bool:
    notes = workspace.find(block.parent or "", Block)
    return (
        notes is not None
        and notes.type == "meeting_notes"
        and block.id in {part_id(notes.id, part) for part in MEETING_PARTS}
    )
