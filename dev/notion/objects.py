"""Objects as Notion's answers show them, for one API version."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from dev.notion.clock import exact, minute
from dev.notion.ids import named_id
from dev.notion.nodes import JSON, Block, Database, DataSource, Node, Page
from dev.notion.properties import Properties
from dev.notion.rich_text import plain_text
from dev.notion.workspace import BOT_ID, SPACE_ID, Workspace

NEWEST = "2026-03-11"

Hosted = Callable[[str], JSON]
"""From a file's path to what Notion says of it: `url` and, where it is signed, `expiry_time`."""


class Objects:
    """Shows what is in a workspace. `hosted` makes the addresses of files that Notion hosts."""

    def __init__(self, workspace: Workspace, hosted: Hosted, version: str = NEWEST) -> None:
        self.workspace = workspace
        self.properties = Properties(workspace)
        self._hosted = hosted
        self._old = version < NEWEST

    def page(self, page: Page, *, whole: bool = False) -> JSON:
        return {
            "object": "page",
            "id": page.id,
            **self._made(page),
            "cover": self.shown(page.cover),
            "icon": self.shown(page.icon),
            "parent": self.parent(page),
            **self._trashed(page),
            "is_archived": page.archived,
            "is_locked": False,
            "properties": self.shown(self.properties.of(page, whole)),
            "url": self._url(page),
            "public_url": None,
        }

    def block(self, node: Node) -> JSON:
        """Any node that stands among blocks, child pages and child databases too."""
        kind, content = self._type_and_content(node)
        return {
            "object": "block",
            "id": node.id,
            "parent": self.parent(node),
            **self._made(node),
            "has_children": self.has_children(node),
            **self._trashed(node),
            "type": kind,
            kind: content,
        }

    def database(self, database: Database) -> JSON:
        return {
            "object": "database",
            "id": database.id,
            "title": self.shown(database.title),
            "description": self.shown(database.description),
            "parent": self.parent(database),
            "is_inline": database.inline,
            **self._trashed(database),
            "is_locked": False,
            "created_time": exact(database.created),
            "last_edited_time": exact(database.edited),
            "data_sources": [
                {"id": source.id, "name": plain_text(source.title)}
                for source in self.workspace.live_children(database)
                if isinstance(source, DataSource)
            ],
            "icon": self.shown(database.icon),
            "cover": self.shown(database.cover),
            "url": f"https://app.notion.com/p/{database.id.replace('-', '')}",
            "public_url": None,
        }

    def data_source(self, source: DataSource) -> JSON:
        database = self.workspace.get(source.parent or "", Database)
        return {
            "object": "data_source",
            "id": source.id,
            "cover": self.shown(database.cover),
            "icon": self.shown(database.icon),
            **self._made(source),
            "title": self.shown(source.title),
            "description": self.shown(database.description),
            "is_inline": database.inline,
            "properties": source.schema,
            "parent": {"type": "database_id", "database_id": database.id},
            "database_parent": self.parent(database),
            "url": f"https://app.notion.com/p/{database.id.replace('-', '')}",
            "public_url": None,
            **self._trashed(source),
        }

    def bot(self) -> JSON:
        return self.workspace.users[BOT_ID]

    def has_children(self, node: Node) -> bool:
        if isinstance(node, Database):
            return False
        if self.workspace.choices.empty_lost_copies and self.workspace.is_lost_copy(node):
            return False
        original = self.workspace.nodes.get(self.workspace.original_of(node) or "")
        if original is not None:
            return bool(self.workspace.live_children(original))
        return bool(self.workspace.live_children(node))

    def parent(self, node: Node) -> JSON:
        above = self.workspace.nodes[node.parent] if node.parent else None
        match above:
            case Page():
                return {"type": "page_id", "page_id": above.id}
            case DataSource():
                return {
                    "type": "data_source_id",
                    "data_source_id": above.id,
                    "database_id": above.parent,
                }
            case Database():
                return {"type": "database_id", "database_id": above.id}
            case Block():
                return {"type": "block_id", "block_id": above.id}
        return {"type": "workspace", "workspace": True}

    def shown(self, value: Any) -> Any:
        """A kept value with what Notion looks up when it is read: addresses of files, names of what
        is mentioned."""
        if isinstance(value, list):
            return [self.shown(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("type") == "mention":
            return self._mention(value)
        return {name: self._member(value, name, item) for name, item in value.items()}

    def _member(self, owner: JSON, name: str, value: Any) -> Any:
        """A member of an object; one that stands under the object's type may be a file or have an
        address."""
        if name == owner.get("type"):
            if name == "file":
                return self._file(value)
            if name in ("external", "custom_emoji"):
                return {**value, "url": self._address(value["url"])}
        return self.shown(value)

    def _made(self, node: Node) -> JSON:
        return {
            "created_time": minute(node.created),
            "last_edited_time": minute(node.edited),
            "created_by": self._person(node.created_by),
            "last_edited_by": self._person(node.edited_by),
        }

    def _person(self, person_id: str) -> JSON:
        return (
            self.workspace.users[person_id]
            if self.workspace.choices.whole_people
            else {"object": "user", "id": person_id}
        )

    def _trashed(self, node: Node) -> JSON:
        trashed = self.workspace.is_trashed(node)
        return {"in_trash": trashed, "archived": trashed} if self._old else {"in_trash": trashed}

    def _type_and_content(self, node: Node) -> tuple[str, JSON]:
        match node:
            case Page():
                return "child_page", {"title": plain_text(self.shown(node.values.get("title", [])))}
            case Database():
                return "child_database", {"title": plain_text(node.title)}
            case Block(type="meeting_notes"):
                kind = "transcription" if self._old else "meeting_notes"
                return kind, {**self._meeting(node.content), "children": meeting_parts(node)}
            case Block():
                return node.type, self.shown(node.content)
        raise TypeError(f"{node.id} does not stand among blocks")

    def _meeting(self, content: JSON) -> JSON:
        """The content of meeting notes; Notion names who attended by their ids."""
        shown: JSON = self.shown(content)
        event = shown.get("calendar_event") or {}
        if self.workspace.choices.whole_people and "attendees" in event:
            attendees = [self.workspace.users[person_id] for person_id in event["attendees"]]
            return {**shown, "calendar_event": {**event, "attendees": attendees}}
        return shown

    def _url(self, page: Page) -> str:
        title = re.sub(r"[^A-Za-z0-9]+", "-", plain_text(page.values.get("title", []))).strip("-")
        return f"https://app.notion.com/p/{title}{'-' if title else ''}{page.id.replace('-', '')}"

    def _file(self, kept: JSON) -> JSON:
        return self._hosted(f"/files/{SPACE_ID}/{kept['id']}/{quote(kept['name'])}")

    def _address(self, url: str) -> str:
        return self.workspace.home + url if url.startswith("/external/") else url

    def _mention(self, item: JSON) -> JSON:
        mention = item["mention"]
        match mention["type"]:
            case "user":
                user = self.workspace.users[mention["user"]["id"]]
                return {
                    **item,
                    "mention": {**mention, "user": user},
                    "plain_text": f"@{user['name']}",
                }
            case "page" | "database" as kind:
                target_id = mention[kind]["id"]
                return {
                    **item,
                    "plain_text": self._title(target_id),
                    "href": f"https://app.notion.com/p/{target_id.replace('-', '')}",
                }
            case "custom_emoji":
                return {**item, "mention": self.shown(mention)}
            case "link_preview":
                return {**item, "href": mention["link_preview"]["url"]}
            case "link_mention":
                return {**item, "href": mention["link_mention"]["href"]}
        return item

    def _title(self, page_id: str) -> str:
        node = self.workspace.nodes.get(page_id)
        if node is None or not self.workspace.is_visible(node):
            return "Untitled"
        title = (
            node.title
            if isinstance(node, Database)
            else node.values.get("title", [])
            if isinstance(node, Page)
            else []
        )
        return plain_text(title) or "Untitled"


MEETING_PARTS = ("summary", "notes", "transcript")


def meeting_parts(block: Block) -> JSON:
    """The parts of meeting notes by name: their ids are all that Notion says of them."""
    return {
        f"{part}_block_id": list_id
        for part in MEETING_PARTS
        if (list_id := part_id(block.id, part)) in block.children
    }


def part_id(meeting_notes: str, part: str) -> str:
    return named_id(f"{part} of {meeting_notes}")


def unsigned(home: str) -> Hosted:
    """Addresses without what differs at every read: by these a file is known again."""
    return lambda path: {"url": home + path}
