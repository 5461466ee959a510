"""The nouns that cross folders. All frozen: a step takes values and returns new ones."""

from typing import Any

import msgspec

JSON = dict[str, Any]
"""A Notion object as Notion gives it, or a JSON object of ours."""

BUNDLE_VERSION = 1
"""The version of a bundle's format (`"v"`). Raise it when `lib/bundle` writes something new: every page is due then."""


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named Notion database, found: its container and the data source that holds its rows."""

    name: str
    database_id: str
    data_source_id: str
    title: str = ""


class ChildPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `child_page` block: a page of its own that stands inside another one."""

    id: str
    title: str
    created_time: str


class Tree(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page's whole content, read to any depth.

    `blocks` are Notion's own, children under `children`; what can't be read carries `"unavailable": reason`.
    `originals` are the synced blocks whose original stands on this page; `copied` maps the original of every copy
    that stands elsewhere to the page that holds it (None: not to be found out).
    """

    blocks: list[JSON]
    child_pages: list[ChildPage] = []
    databases: list[str] = []
    originals: list[str] = []
    copied: dict[str, str | None] = {}


class Database(msgspec.Struct, frozen=True, omit_defaults=True):
    """A child database, read whole: `properties` is its schema, `rows` are page objects as Notion gives them."""

    id: str
    title: str
    properties: JSON
    rows: list[JSON]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a page is published: what the bundle says of a page that Notion's own page object does not."""

    slug: str
    source: str
    visibility: str = "public"
    parent: str | None = None
    """Id of the page that holds this child page; None for a row of a source."""
