"""A workspace of a dozen pages in which everything depends on something else."""

from datetime import UTC, datetime

from dev.notion.ids import resolved
from dev.notion.load import add_bot, add_person
from dev.notion.nodes import JSON, DataSource
from dev.notion.planting import Making, Planter
from dev.notion.workspace import Workspace

PAGES = "eeeeeeee-0000-4000-8000-000000000001"
POSTS = "eeeeeeee-0000-4000-8000-000000000002"
SOURCES = {"pages": PAGES, "posts": POSTS}
HOURS = "eeeeeeee-0000-4000-8000-000000000003"
"""A child database on the page "Visit"."""
MADE = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)

SCHEMA: JSON = {
    "Name": "title",
    "slug": "rich_text",
    "visibility": {"type": "select", "select": ["public", "draft", "members"]},
    "sync": {"type": "select", "select": ["live", "paused"]},
    "order": "number",
    "date": "date",
    "publish": "date",
    "Tags": {"type": "multi_select", "multi_select": ["tide", "light"]},
    "Papers": "files",
}

OUTSIDE: list[JSON] = [
    {"synced_block": {}, "id": "@hours", "children": [{"paragraph": "Open from ten to five"}]},
    {
        "toggle": "More",
        "children": [
            {"synced_block": {}, "id": "@address", "children": [{"paragraph": "The pier"}]}
        ],
    },
]

ROWS: dict[str, list[JSON]] = {
    PAGES: [
        {
            "properties": {"Name": "Home", "slug": "home", "order": 1, "Tags": ["tide"]},
            "icon": "🗼",
            "children": [
                {"paragraph": "Welcome"},
                {
                    "synced_block": {},
                    "id": "@news",
                    "children": [{"paragraph": "The boat is repaired"}],
                },
                {
                    "toggle": "About us",
                    "children": [{"child_page": {"title": "About"}, "id": "@about"}],
                },
                {
                    "child_page": {"title": "Team"},
                    "id": "@team",
                    "children": [{"paragraph": "Ada and Tove"}],
                },
            ],
        },
        {
            "properties": {"Name": "Visit", "order": 2, "Papers": [{"file": "map.pdf"}]},
            "cover": {"file": "pier.jpg"},
            "children": [
                {"synced_block": {"from": "@hours"}},
                {
                    "child_database": {
                        "title": "Hours",
                        "schema": {"Day": "title", "From": "number"},
                        "rows": [
                            {"properties": {"Day": "Monday", "From": 10}},
                            {"properties": {"Day": "Sunday"}},
                        ],
                    },
                    "id": HOURS,
                },
                {"image": {"file": "map.png"}},
            ],
        },
        {
            "properties": {"Name": "Imprint", "visibility": "draft"},
            "children": [{"paragraph": "The small print"}],
        },
    ],
    POSTS: [
        {
            "properties": {"Name": "Storm", "date": "2026-05-03"},
            "children": [{"paragraph": "It blew"}, {"synced_block": {"from": "@news"}}],
        },
        {
            "properties": {"Name": "Seals", "date": "2026-05-04"},
            "children": [
                {"synced_block": {"from": "@address"}},
                {"synced_block": {"from": "@bio"}},
            ],
        },
        {
            "properties": {"Name": "Calm"},
            "children": [{"to_do": {"text": "Paint the boat", "checked": False}}],
        },
    ],
}
TEAM: list[JSON] = [
    {"synced_block": {}, "id": "@bio", "children": [{"paragraph": "Ada keeps the light"}]},
    {
        "child_page": {"title": "Ada"},
        "id": "@ada-page",
        "children": [{"paragraph": "Born on the island"}],
    },
]


def small() -> Workspace:
    """Two sources of three rows, child pages two deep, synced originals inside, below and outside
    them, and a database on a page."""
    workspace = Workspace("Small")
    add_person(workspace, "@ada", "Ada", "ada@example.org")
    add_bot(workspace)
    planter = Planter(workspace)
    by = Making(MADE, MADE, next(iter(workspace.users)))
    home = planter.page(None, {"title": "Website"}, by)
    planter.page(None, {"title": "Words we use twice", "id": "@words", "children": OUTSIDE}, by)
    planter.page(None, {"title": "Attic", "id": "@attic"}, by)
    for name, id in SOURCES.items():
        planter.database(home, {"id": id, "title": name, "schema": SCHEMA}, by)
        source = workspace.get(workspace.nodes[id].children[0], DataSource)
        for row in ROWS[id]:
            planter.row(source, row, by)
    planter.blocks(resolved("@team"), TEAM, by)
    return workspace
