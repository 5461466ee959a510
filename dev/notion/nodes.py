"""What a workspace consists of: blocks, pages, databases and data sources, each standing in another
one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

JSON = dict[str, Any]
"""A Notion object or value, as the workspace keeps it or as Notion gives it."""


@dataclass(kw_only=True)
class Node:
    """`parent` is the id of what it stands in (None: the workspace), `children` what stands in it,
    in order.

    A node in the trash stays among its parent's children, so that it can be restored to its place.
    Times are exact here; what an answer shows is floored.
    """

    id: str
    parent: str | None
    created: datetime
    edited: datetime
    created_by: str
    edited_by: str
    children: list[str] = field(default_factory=list)
    in_trash: bool = False


@dataclass(kw_only=True)
class Block(Node):
    """Any block but child pages and child databases, which are Page and Database; `content` stands
    under its type.

    A linked view is a block of the type `child_database`: `linked_to` is the database it shows.
    """

    type: str
    content: JSON
    linked_to: str | None = None


@dataclass(kw_only=True)
class Page(Node):
    """`values` are kept whole, by property id, each as Notion gives it under its type. `number` is
    its unique id."""

    values: JSON
    icon: JSON | None = None
    cover: JSON | None = None
    archived: bool = False
    number: int = 0


@dataclass(kw_only=True)
class Database(Node):
    """A container; its children are its data sources."""

    title: list[JSON]
    description: list[JSON] = field(default_factory=list)
    icon: JSON | None = None
    cover: JSON | None = None
    inline: bool = False


@dataclass(kw_only=True)
class DataSource(Node):
    """Holds rows, its children. `schema` is by property name: what Notion gives, with a type and
    its settings."""

    title: list[JSON]
    schema: dict[str, JSON]
    numbered: int = 0
    """The unique id that was given last."""
