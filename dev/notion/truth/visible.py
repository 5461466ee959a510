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
    return UNSHARED if workspace.is_lost_copy(node) else None


def holder_of(workspace: Workspace, node: Node) -> Node | None:
    """The node whose children are shown under a block; None where there is nothing to enter."""
    if isinstance(node, (Page, Database)) or unavailable(workspace, node):
        return None
    original = workspace.original_of(node)
    holder = workspace.nodes[original] if original else node
    return holder if workspace.live_children(holder) else None
