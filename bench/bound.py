"""The shortest time that a full sync can take, by the formula of the design."""

from collections.abc import Sequence
from math import ceil

from dev.notion import truth
from dev.notion.ids import resolved
from dev.notion.nodes import JSON, Database
from dev.notion.workspace import Workspace

AT_ONCE = 16
"""Requests under way at one time, as the design has them."""
WINDOW_SECONDS = 60


def bound_seconds(
    workspace: Workspace,
    databases: Sequence[str],
    latency_seconds: float,
    requests_per_minute: int | None,
) -> float:
    """Return the shortest time for the fewest possible requests: `⌊(requests−1) ÷ budget⌋ × 60 s`
    and what comes after the last wait, `AT_ONCE` at a time; or the critical path times the latency,
    if that is longer."""
    requests = truth.minimum_requests(workspace, databases)
    windows, rest = (
        divmod(requests - 1, requests_per_minute) if requests_per_minute else (0, requests - 1)
    )
    at_full_speed = windows * WINDOW_SECONDS + ceil((rest + 1) / AT_ONCE) * latency_seconds
    return max(at_full_speed, critical_path(workspace, databases) * latency_seconds)


def critical_path(workspace: Workspace, databases: Sequence[str]) -> int:
    """The longest chain of requests of which each needs the answer of the one before."""
    longest = 0
    for database_id in databases:
        for source in workspace.get(resolved(database_id), Database).children:
            rows = truth.expected_rows(workspace, source)
            chains = [_found(at) + _chain(workspace, row["id"]) for at, row in enumerate(rows)]
            longest = max([longest, 1 + _found(len(rows) - 1), *(1 + chain for chain in chains)])
    return longest


def _found(at: int) -> int:
    """How many requests it takes to be shown the item at this place of a list."""
    return max(0, at) // truth.PER_REQUEST + 1


def _chain(workspace: Workspace, page_id: str) -> int:
    return _below(workspace, truth.tree(workspace, page_id))


def _below(workspace: Workspace, blocks: Sequence[JSON]) -> int:
    """The chain that reads a list of blocks and what is under them."""
    return max(
        [
            _found(len(blocks) - 1),
            *(_found(at) + _under(workspace, block) for at, block in enumerate(blocks)),
        ]
    )


def _under(workspace: Workspace, block: JSON) -> int:
    match block.get("type"):
        case "child_page":
            return 1 if "unavailable" in block else _chain(workspace, block["id"])
        case "child_database":
            return 1 if "unavailable" in block else 1 + _rows(workspace, block["id"])
    return _below(workspace, block["children"]) if block.get("children") else 0


def _rows(workspace: Workspace, database_id: str) -> int:
    """Requests one after the other for a child database's rows, after it was read; its schema comes
    meanwhile."""
    database = workspace.find(database_id, Database)
    counts = (
        [len(truth.expected_rows(workspace, source)) for source in database.children]
        if database
        else [0]
    )
    return max(_found(count - 1) for count in counts)
