"""A workspace small enough to kill its sync at every step, in which everything happens that a run
can meet."""

from datetime import UTC, datetime

from dev.notion.edits import Edits
from dev.notion.generate import PAGES, POSTS
from dev.notion.ids import resolved
from dev.notion.load import add_bot, add_person
from dev.notion.nodes import JSON
from dev.notion.planting import Making, Planter
from dev.notion.workspace import Workspace

MADE = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
SCHEMA: JSON = {
    "Name": "title",
    "slug": "rich_text",
    "visibility": {"type": "select", "select": ["public", "draft"]},
    "order": "number",
}


def small() -> Workspace:
    """Home (with an original, a child page and a child database), About (with the copy), Left,
    Right, Long and Going; one post that stays, one that goes, and one that waits for its slug."""
    workspace = Workspace("Small")
    add_person(workspace, "@ada", "Ada", "ada@example.org")
    add_bot(workspace)
    planter = Planter(workspace)
    making = Making(MADE, MADE, next(iter(workspace.users)))
    root = planter.page(None, {"title": "Root"}, making)
    for id, title, rows in ((PAGES, "Pages", _pages()), (POSTS, "Posts", _posts())):
        planter.database(root, {"id": id, "title": title, "schema": SCHEMA, "rows": rows}, making)
    return workspace


def edit_much(edit: Edits) -> None:
    """A slug swap, an edit seen on another page, a renamed child page, a changed row, less of a
    long page, a page and a post that go, a new page that takes a slug over, and a post that gets
    the one it has waited for."""
    edit.edit_block(resolved("@shared line"), "The shared line, edited")
    edit.set_title(resolved("@team"), "The crew")
    edit.set_title(resolved("@row 1"), "Ada the First")
    edit.set_property(resolved("@left"), "slug", "right")
    edit.set_property(resolved("@right"), "slug", "left")
    edit.set_property(resolved("@going"), "visibility", "draft")
    edit.trash(resolved("@gone"))
    for line in range(3, 9):
        edit.trash(resolved(f"@long line {line}"))
    new = {"Name": "Fresh", "slug": "going", "visibility": "public", "order": 9}
    edit.create_row(PAGES_ROWS, new, [{"paragraph": "New here"}], id="@fresh")


PAGES_ROWS = resolved(f"@rows of {PAGES}")
POSTS_ROWS = resolved(f"@rows of {POSTS}")


def _pages() -> list[JSON]:
    shared: JSON = {
        "synced_block": {},
        "id": "@shared",
        "children": [{"paragraph": "The shared line", "id": "@shared line"}],
    }
    team: JSON = {"child_page": {"title": "Team", "children": [{"paragraph": "Us"}]}, "id": "@team"}
    staff: JSON = {
        "child_database": {
            "title": "Staff",
            "schema": {"Name": "title", "Role": "rich_text"},
            "rows": [
                {"id": f"@row {n}", "properties": {"Name": f"Person {n}", "Role": "Keeper"}}
                for n in (1, 2)
            ],
        },
        "id": "@staff",
    }
    long: list[JSON] = [{"paragraph": f"Line {n}", "id": f"@long line {n}"} for n in range(1, 11)]
    return [
        _row(
            "home",
            1,
            [shared, {"toggle": "More", "children": [{"paragraph": "Inside"}]}, team, staff],
        ),
        _row("about", 2, [{"synced_block": {"from": "@shared"}}]),
        _row("left", 3, [{"paragraph": "Left"}]),
        _row("right", 4, [{"paragraph": "Right"}]),
        _row("long", 5, long),
        _row("going", 6, [{"paragraph": "Going"}]),
    ]


def _posts() -> list[JSON]:
    heir = _row("gone", 3, [{"paragraph": "What goes comes back"}]) | {
        "id": "@heir",
        "created": LATER.isoformat(),
    }
    return [
        _row("stays", 1, [{"paragraph": "Here"}]),
        _row("gone", 2, [{"paragraph": "Not for long"}]),
        heir,
    ]


def _row(slug: str, order: int, children: list[JSON]) -> JSON:
    properties = {"Name": slug.title(), "slug": slug, "visibility": "public", "order": order}
    return {"id": f"@{slug}", "properties": properties, "children": children}
