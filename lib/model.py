"""The nouns that cross folders. All frozen: a step takes values and returns new ones."""

from typing import Any, Literal

import msgspec

JSON = dict[str, Any]
"""A Notion object as Notion gives it, or a JSON object of ours."""

BUNDLE_VERSION = 1
"""The version of a bundle's format (`"v"`). Raise it when `lib/bundle` writes something new: every page is due then."""

NOTHING = msgspec.Raw(b"null")


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


class Copy(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hosted file's copy in Blob; an empty `url`: it is not to be copied, and stays where it is.

    `width` and `height` of a picture in pixels, as it is shown; 0 where they are not known.
    """

    url: str
    width: int = 0
    height: int = 0


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a page is published: what the bundle says of a page that Notion's own page object does not."""

    slug: str
    source: str
    visibility: str = "public"
    parent: str | None = None
    """Id of the page that holds this child page; None for a row of a source."""


class Rank(msgspec.Struct, frozen=True, omit_defaults=True):
    """What decides a row's place in its index: the properties `order` and `date`, then its creation, then its id."""

    id: str
    created: str
    order: float | None = None
    date: str | None = None


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What KV remembers of a published page, so that the next run knows whether it must read it again.

    `edited` is the page's `last_edited_time` (floored to the minute by Notion) and `read_at` (epoch seconds, Notion's
    clock) the moment its reading began: a page read within the minute of its last edit isn't settled.
    """

    slug: str
    source: str
    title: str
    created: str
    edited: str
    read_at: float
    digest: str
    version: int = BUNDLE_VERSION
    visibility: str = "public"
    meta_digest: str = ""
    rank: Rank | None = None
    """Its place in the source's index; None for a child page, which stands in none."""
    parent: str | None = None
    children: list[str] = []
    originals: list[str] = []
    copied: dict[str, str | None] = {}
    databases: list[str] = []
    parts: int = 0


class KeptDatabase(msgspec.Struct, frozen=True, omit_defaults=True):
    """What KV remembers of a child database: `signature` sums up its rows and their times, "" for more than 100."""

    title: str
    data_source_ids: list[str]
    read_at: float
    digest: str
    signature: str = ""
    lost: bool = False
    """It could not be read any more: the page that shows it has to look again."""


class KeptSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """What KV remembers of a source: which database `reference` led to, and when it was listed and synced."""

    reference: str
    source: Source
    listed_at: float = 0.0
    """When the last full listing began (epoch seconds); a listing of changed rows only does not count."""
    synced_at: str = ""
    watermark: float = 0.0
    """Everything edited before this moment (epoch seconds, Notion's clock) has been looked at."""
    rows: int = 0
    forced_at: float | None = None
    """A forced run that has not come to its end: pages read before this moment are due."""
    signatures: list[str] = []
    """One for each page of the index as it is published."""
    revision: int = -1
    """The revision of the kept pages from which the index was written."""
    total: int = 0


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a run must read: a page (row or child page) or a child database."""

    id: str
    kind: Literal["page", "database"] = "page"
    source: str = ""
    slug: str = ""
    visibility: str = "public"
    parent: str | None = None
    page: msgspec.Raw = NOTHING
    """The page object as a listing or a watch gave it, and `read_at` when; `null`: it has to be retrieved."""
    read_at: float = 0.0
    digest: str = ""
    """Of the bundle that is published: one that comes out the same is not written again."""
    children: list[str] = []
    """The child pages it had when it was published last."""
    due_children: list[str] = []
    """Known child pages that are due and get their slugs from this page."""
    owners: dict[str, str | None] = {}
    """Pages that hold the originals of synced copies, as far as an earlier run found them out."""
    data_source_ids: list[str] = []
    title: str = ""
    attempts: int = 0
    interrupted: bool = False
    """An earlier slice left a partial tree in KV."""


class Grant(msgspec.Struct, frozen=True):
    """An answer of the shared request budget: so many requests now, or none and how long to wait."""

    granted: int
    wait_seconds: float = 0.0


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wants synced: everything, one source, or one page (by slug or id)."""

    force: bool = False
    source: str = ""
    page: str = ""

    @property
    def exclusive(self) -> bool:
        """Only one such run at a time; runs of one page go side by side with everything."""
        return not self.page
