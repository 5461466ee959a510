"""Shares a page's blocks out among several values, in the order of the document; a block too large
for one is cut.

A block that fits into one value is never cut. Of one that does not, its own members stand in one
part with the children that fit there, and its further children follow in parts that *continue* it;
so do theirs, to any depth. A part holds children of one block only, so each block that is cut ends
its last part: what follows it continues its parent.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from lib.bundle import encoding
from lib.errors import TooLarge
from lib.model import JSON

TOP = ""
"""What blocks at the top of the page continue."""

Room = Callable[[str], int]
"""How many bytes of blocks a part has that continues the block of this id."""


class BlockRun(msgspec.Struct, frozen=True):
    """The blocks of one part, as JSON text without brackets, and the id of the block whose children
    they are."""

    continues: str
    blocks: str


class Node(msgspec.Struct):
    """A block as text; if it `holds` children, up to where they begin.

    `parent` is the number of the node that holds it (-1: none), `after` that of the first one that
    does not stand in it, `size` counts the bytes of all that does. It `can_be_cut` if its id names
    no other block of those around it. `lost` are the bytes that another text, which says so, stands
    for.
    """

    id: str
    kind: str
    text: str
    holds: bool
    can_be_cut: bool
    parent: int
    size: int
    after: int = 0
    lost: int = 0


def lay_out(blocks: Sequence[JSON], room: Room, change: Callable[[str], str]) -> list[Node]:
    """The blocks and all that stands in them, one node each; `change` has the last word on each
    text.

    What fits into no part and can't be cut gives way to a block that is `unavailable`. Raises
    `TooLarge` where even that does not fit.
    """
    nodes: list[Node] = []
    path: list[str] = []
    around: Counter[str] = Counter()
    ahead = [(block, -1, 0) for block in reversed(blocks)]
    while ahead:
        block, parent, depth = ahead.pop()
        while len(path) > depth:
            around[path.pop()] -= 1
        node = _node_of(block, parent, change, room(nodes[parent].id if parent >= 0 else TOP))
        node.can_be_cut = node.id != TOP and not around[node.id]
        path.append(node.id)
        around[node.id] += 1
        ahead += [(child, len(nodes), depth + 1) for child in reversed(block.get("children", ()))]
        nodes.append(node)
    _sum_up(nodes, room)
    return nodes


def shown(nodes: Sequence[Node]) -> Iterator[tuple[int, Node]]:
    """The nodes with their numbers, without those inside of one that was replaced whole."""
    number = 0
    while number < len(nodes):
        yield number, nodes[number]
        number = number + 1 if nodes[number].holds else nodes[number].after


def share_out(nodes: Sequence[Node], room: Room) -> list[BlockRun]:
    """As many blocks in each part as fit, none of which is larger than its `room`."""
    writer = _Writer(room)
    for number, node in shown(nodes):
        writer.leave(number)
        writer.write(node)
    writer.end()
    return writer.runs


def _node_of(block: JSON, parent: int, change: Callable[[str], str], room: int) -> Node:
    block_id = block.get("id")
    node = Node(
        id=block_id if isinstance(block_id, str) else TOP,
        kind=str(block.get("type") or "block"),
        text=change(
            encoding.encode_opening(block) if "children" in block else encoding.encode(block)
        ),
        holds="children" in block,
        can_be_cut=False,
        parent=parent,
        size=0,
    )
    node.size = _own_size(node)
    if node.size > room:
        _replace_block(node, node.size, room)
    return node


def _replace_block(node: Node, lost: int, room: int) -> None:
    """Put a block that says what is missing in a block's place; children that it holds stay."""
    block = {"object": "block", "id": node.id, "type": node.kind}
    block["unavailable"] = f"larger than one KV value ({lost} bytes)"
    node.text = encoding.encode_opening(block) if node.holds else encoding.encode(block)
    node.size = _own_size(node)
    node.lost = lost
    if node.size > room:
        raise TooLarge(
            f"the block {node.id[:40]} ({node.kind[:40]}) has {lost} bytes, and not even a note of"
            " that fits into one KV value: raise KV_MAX_VALUE_BYTES"
        )


def _sum_up(nodes: Sequence[Node], room: Room) -> None:
    """Add to every node what stands in it, from the end of the page to its beginning."""
    for number in range(len(nodes) - 1, -1, -1):
        node = nodes[number]
        node.after = node.after or number + 1
        holder = nodes[node.parent] if node.parent >= 0 else None
        most = room(holder.id if holder else TOP)
        if node.size > most and not node.can_be_cut:
            node.holds = False
            _replace_block(node, node.size, most)
        if holder:
            holder.size += node.size + (len(",") if holder.after else 0)
            holder.after = holder.after or node.after


def _own_size(node: Node) -> int:
    return encoding.size(node.text) + (len(_END) if node.holds else 0)


_END = "]}"


class _Writer:
    """Writes node after node into runs. `_path` are the blocks whose children are being written,
    `_base` counts those of them that began in an earlier run."""

    def __init__(self, room: Room) -> None:
        self.runs: list[BlockRun] = []
        self._room_of = room
        self._path: list[Node] = []
        self._begin_run()

    def leave(self, number: int) -> None:
        """End the blocks in which the node of this number does not stand."""
        while self._path and self._path[-1].after <= number:
            if len(self._path) > self._base:
                self._pieces.append(_END)
            self._path.pop()
        if len(self._path) < self._base:
            self._begin_another()

    def write(self, node: Node) -> None:
        """Into this run if the whole of it fits, or the beginning of one that has to be cut; else
        into another."""
        if not self._fits_in_run(node.size):
            is_whole = node.size <= self._room_of(self._here)
            if is_whole or not self._fits_in_run(_own_size(node)):
                self._begin_another()
        comma = self._comma
        self._room -= len(comma) + _own_size(node)
        self._pieces += (comma, node.text)
        if node.holds:
            self._path.append(node)

    def end(self) -> None:
        self._pieces += [_END] * (len(self._path) - self._base)
        self.runs.append(BlockRun(self._continues, "".join(self._pieces)))

    def _begin_run(self) -> None:
        self._base = len(self._path)
        self._continues = self._here
        self._room = self._room_of(self._continues)
        self._pieces: list[str] = []

    def _begin_another(self) -> None:
        self.end()
        self._begin_run()

    def _fits_in_run(self, size: int) -> bool:
        return len(self._comma) + size <= self._room

    @property
    def _here(self) -> str:
        return self._path[-1].id if self._path else TOP

    @property
    def _comma(self) -> str:
        """What divides the next block from the one before, if there is one in its list."""
        return "," if self._pieces and not self._pieces[-1].endswith("[") else ""
