"""Loads a workspace from a folder of JSON files: see `sample/`.

`workspace.json` holds `name`, `made` (when everything was made that has no time of its own),
`users` and `pages`, the pages at the top. The rows of a database may stand in files: `"rows":
"posts/*.json"`; each holds a row, or several.
"""

import json
from pathlib import Path
from typing import Any

from dev.notion.clock import instant
from dev.notion.ids import resolved
from dev.notion.nodes import JSON
from dev.notion.planting import Making, Planter
from dev.notion.rich_text import filled
from dev.notion.workspace import BOT_ID, INTEGRATION, SPACE_ID, Workspace

SAMPLE = Path(__file__).parent / "sample"


def load(folder: Path = SAMPLE) -> Workspace:
    written = _read(folder / "workspace.json")
    workspace = Workspace(written["name"])
    for user in written["users"]:
        for n in range(1, user.get("repeat", 1) + 1):
            person = filled(user.get("user", user), n)
            add_person(workspace, person["id"], person["name"], person["email"])
    add_bot(workspace)
    made = instant(written["made"])
    first_user = next(iter(workspace.users))
    planter = Planter(workspace)
    for page in written["pages"]:
        planter.page(None, _with_rows(page, folder), Making(made, made, first_user))
    workspace.unshared = {resolved(node_id) for node_id in written.get("unshared", [])}
    return workspace


def add_person(workspace: Workspace, person_id: str, name: str, email: str) -> None:
    """A person as an integration sees them that may read e-mail addresses."""
    workspace.users[resolved(person_id)] = {
        "object": "user",
        "id": resolved(person_id),
        "name": name,
        "avatar_url": f"https://avatars.example/{resolved(person_id)}.jpg",
        "type": "person",
        "person": {"email": email},
    }


def add_bot(workspace: Workspace) -> None:
    """The integration itself, as `users/me` shows it."""
    workspace.users[BOT_ID] = {
        "object": "user",
        "id": BOT_ID,
        "name": INTEGRATION,
        "avatar_url": None,
        "type": "bot",
        "bot": {
            "owner": {"type": "workspace", "workspace": True},
            "workspace_name": workspace.name,
            "workspace_id": SPACE_ID,
            "workspace_limits": {"max_file_upload_size_in_bytes": 5_242_880},
        },
    }


def _with_rows(value: Any, folder: Path) -> Any:
    """A part of the sample with the rows from other files put in their places."""
    if isinstance(value, list):
        return [_with_rows(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: (
            _rows(folder, item)
            if name == "rows" and isinstance(item, str)
            else _with_rows(item, folder)
        )
        for name, item in value.items()
    }


def _rows(folder: Path, pattern: str) -> list[JSON]:
    rows: list[JSON] = []
    for path in sorted(folder.glob(pattern)):
        given = _read(path)
        rows += given if isinstance(given, list) else [given]
    return rows


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
