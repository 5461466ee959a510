"""Generated workspaces of any size, for measuring."""

import random
from datetime import UTC, datetime, timedelta

from dev.notion.load import add_bot, add_person
from dev.notion.nodes import JSON, DataSource, Page
from dev.notion.planting import Making, Planter
from dev.notion.properties import CUT_AT
from dev.notion.values import value
from dev.notion.workspace import Workspace

PAGES = "dddddddd-0000-4000-8000-000000000001"
POSTS = "dddddddd-0000-4000-8000-000000000002"
BEGINNING = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)

SCHEMA: JSON = {
    "Name": "title",
    "slug": "rich_text",
    "visibility": {"type": "select", "select": ["public", "draft"]},
    "order": "number",
    "date": "date",
    "Tags": {"type": "multi_select", "multi_select": ["tide", "light", "boats"]},
}


REFERRING: JSON = {
    "Posts": {
        "type": "relation",
        "relation": {"database": POSTS, "data_source": f"@rows of {POSTS}"},
    },
    **{
        name: {
            "type": "rollup",
            "rollup": {
                "function": function,
                "relation_property_name": "Posts",
                "rollup_property_name": of,
                **more,
            },
        }
        for name, function, of, more in (
            ("Number of posts", "count", "Name", {"rollup_property_id": "title"}),
            ("Sum of orders", "sum", "order", {}),
            ("Titles", "show_original", "Name", {"rollup_property_id": "title"}),
            ("By tag", "percent_per_group", "Tags", {}),
        )
    },
    "Summary": {
        "type": "formula",
        "formula": {"expression": 'format(prop("Number of posts")) + " posts"'},
    },
    "Loud name": {"type": "formula", "formula": {"expression": 'upper(prop("Name"))'}},
}
"""A relation, and what is computed from it; but for the last, which isn't."""


def generate(
    *, pages: int, posts: int, depth: int = 0, references: int = 0, seed: int = 0
) -> Workspace:
    """Two sources, by the ids of the sample. Posts are light: one request reads one.

    `depth` 0: pages are as light. Else each page holds a chain of so many toggles: `depth` + 1
    requests read one. With `references` the first page refers to so many posts, and pages have
    rollups and formulas over them. Raises ValueError where there are fewer posts.
    """
    if references > posts:
        raise ValueError(f"there are {posts} posts, fewer than {references} references")
    chance = random.Random(seed)
    workspace = Workspace("Generated")
    add_person(workspace, "@ada", "Ada", "ada@example.org")
    add_bot(workspace)
    planter = Planter(workspace)
    first_user = next(iter(workspace.users))
    beginning = Making(BEGINNING, BEGINNING, first_user)
    home = planter.page(None, {"title": "Home"}, beginning)
    for database_id, name, count, levels in (
        (PAGES, "Page", pages, depth),
        (POSTS, "Post", posts, 0),
    ):
        schema = {**SCHEMA, **REFERRING} if references and database_id == PAGES else SCHEMA
        spec = {"id": database_id, "title": f"{name}s", "schema": schema}
        planter.database(home, spec, beginning)
        source = workspace.get(workspace.nodes[database_id].children[0], DataSource)
        for n in range(1, count + 1):
            made = BEGINNING + timedelta(minutes=n)
            making = Making(made, made + timedelta(minutes=chance.randrange(1000)), first_user)
            planter.row(source, _row(name, n, levels, chance), making)
    if references:
        _refer(workspace, references)
    return workspace


def _refer(workspace: Workspace, references: int) -> None:
    """Lets the first page refer to so many posts, and its summary say how many it sees of them."""
    pages, posts = (
        workspace.get(workspace.nodes[database_id].children[0], DataSource)
        for database_id in (PAGES, POSTS)
    )
    summary = {"whole": f"{references} posts", "from_25": f"{min(references, CUT_AT)} posts"}
    page = workspace.get(pages.children[0], Page)
    page.values[pages.schema["Posts"]["id"]] = posts.children[:references]
    page.values[pages.schema["Summary"]["id"]] = value("formula", summary)


def _row(name: str, n: int, levels: int, chance: random.Random) -> JSON:
    blocks: list[JSON] = [
        {"paragraph": f"{name} {n}, line {line}"} for line in range(1, chance.randint(2, 5))
    ]
    nested: list[JSON] = blocks
    for level in range(levels, 0, -1):
        nested = [{"toggle": f"Level {level}", "children": nested}]
    return {
        "properties": {
            "Name": f"{name} {n}",
            "slug": f"{name.lower()}-{n}",
            "visibility": "public",
            "order": n,
            "date": f"2026-{chance.randint(5, 10):02}-{chance.randint(1, 28):02}",
            "Tags": chance.sample(["tide", "light", "boats"], chance.randint(0, 2)),
        },
        "children": nested,
    }
