"""What is to be seen under a block, and why it may be nothing."""

from dev.notion.nodes import Block, Database, Node, Page
from dev.notion.workspace import Workspace

UNSHARED = "unshared"
LINKED_VIEW = "linked view"
UNSUPPORTED = "unsupported"


def unavailable(workspace: Workspace, node: Node) -> str | None:
    """Why nothing can be read under a block, if so."""
    match node:
        case Block(type="unsupported"):
            return UNSUPPORTED
        case Block() if node.linked_to is not None:
            return LINKED_VIEW
        case Database() if not workspace.is_visible(node):
            return UNSHARED
    original = workspace.original_of(node)
    if original is not None:
        holder = workspace.nodes.get(original)
        if holder is None or workspace.is_trashed(holder) or not workspace.is_visible(holder):
            return UNSHARED
    return None


def holder_of(workspace: Workspace, node: Node) -> Node | None:
    """The node whose children are shown under a block; None where there is nothing to enter."""
    if isinstance(node, (Page, Database)) or unavailable(workspace, node):
        return None
    original = workspace.original_of(node)
    holder = workspace.nodes[original] if original else node
    return holder if workspace.live_children(holder) else None
