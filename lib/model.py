"""The nouns that cross folders. All frozen: a step takes values and returns new ones."""

from collections.abc import Collection
from typing import Any, Literal

import msgspec

JSON = dict[str, Any]
"""A Notion object as Notion gives it, or a JSON object of ours."""

BUNDLE_VERSION = 3
"""The version of a bundle's format (`"v"`). Raise it when `lib/bundle` writes something new: every page is due then."""

FIRST_VERSION = 1
"""The version of a record in KV that names none: its default may never be raised."""

NOTHING = msgspec.Raw(b"null")

CUT_AT = 25
"""References that a page object shows of one property: https://developers.notion.com/reference/retrieve-a-page."""

ITEMS_PER_PAGE = 500
"""So many rows stand on one page of an index, unless they are too large for one value together."""


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
    `hidden_pages` are child pages and `unreadable` child databases that are not shared (yet); `originals` are the
    synced blocks whose original stands on this page; `copied` maps the original of every copy that stands elsewhere to
    the page that holds it (None: not to be found out).
    """

    blocks: list[JSON]
    child_pages: list[ChildPage] = []
    hidden_pages: list[str] = []
    databases: list[str] = []
    unreadable: list[str] = []
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
    clock) the moment its reading began: a page read within the minute of its last edit isn't settled. `began_at` is the
    same moment by our clock, which tells readings of one second apart: an older one never replaces a newer one.
    """

    slug: str
    source: str
    title: str
    created: str
    edited: str
    read_at: float
    began_at: float
    digest: str
    version: int = FIRST_VERSION
    visibility: str = "public"
    meta_digest: str = ""
    fingerprint: str = ""
    """Of its properties as listings show them: a change that moves no time is seen in it."""
    rank: Rank | None = None
    """Its place in the source's index; None for a child page, which stands in none."""
    parent: str | None = None
    children: list[str] = []
    hidden: list[str] = []
    """Child pages that could not be read: not shared with the integration."""
    originals: list[str] = []
    copied: dict[str, str | None] = {}
    databases: list[str] = []
    unreadable: list[str] = []
    """Child databases on it that could not be read: they may be shared some day."""
    is_lacking: bool = False
    """Something of it got no usable answer and is unavailable in the bundle: it is read again in every run."""
    parts: int = 0


class KeptDatabase(msgspec.Struct, frozen=True, omit_defaults=True):
    """What KV remembers of a child database: `signature` sums up its rows, their times and their properties as listings
    show them, "" for more than 100."""

    title: str
    data_source_ids: list[str]
    read_at: float
    began_at: float
    digest: str
    signature: str = ""
    lost: bool = False
    """It could not be read any more: the page that shows it has to look again."""
    is_lacking: bool = False
    """As of a page."""


LOST_INDEX = ["lost"]
"""Instead of the signatures of an index of which a page is gone from KV."""


class KeptSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """What KV remembers of a source: which database `reference` led to, and when it was listed and synced."""

    reference: str
    source: Source
    listed_at: float = 0.0
    """When the last full listing began (epoch seconds); a listing of changed rows only does not count."""
    synced_at: str = ""
    schema: str = ""
    """The fingerprint of its properties, where a listing of changed rows would not show a renamed one."""
    watermark: float = 0.0
    """Everything edited before this moment (epoch seconds, Notion's clock) has been looked at."""
    rows: int = 0
    forced_at: float | None = None
    """A forced run that has not come to its end: pages read before this moment are due."""
    signatures: list[str] = []
    """One for each page of the index as it is published."""
    items_per_page: int = ITEMS_PER_PAGE
    revision: int = -1
    """The revision of the kept pages from which the index was written."""
    total: int = 0


class Known(msgspec.Struct, frozen=True):
    """All that KV remembers from the runs before, as planning and publishing need it: pages, databases and sources by
    their ids or names, and how often each source's pages changed (`revisions`, read before `kept`)."""

    kept: dict[str, Kept]
    overdue: Collection[str]
    databases: dict[str, KeptDatabase]
    sources: dict[str, KeptSource]
    revisions: dict[str, int]
    broken: list[str] = []
    """A sentence about each record that could not be read, and was put right so far as it was sound."""
    lost: frozenset[str] = frozenset()
    """Pages, child databases and sources (by name) of which something published is gone from KV."""

    @property
    def holders(self) -> dict[str, str]:
        """Original synced block → the published page that holds it."""
        return {original: id for id, kept in self.kept.items() for original in kept.originals}


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
    began_at: float = 0.0
    digest: str = ""
    """Of the bundle that is published: one that comes out the same is not written again."""
    children: list[str] = []
    """The child pages it had when it was published last."""
    seen: list[str] = []
    """Those of them that this run has seen already: nobody has to ask whether they can be read."""
    due_children: list[str] = []
    """Known child pages that are due and get their slugs from this page."""
    owners: dict[str, str | None] = {}
    """Pages that hold the originals of synced copies, as far as an earlier run found them out."""
    data_source_ids: list[str] = []
    title: str = ""
    attempts: int = 0
    is_lacking: bool = False
    """What is published of it lacks something already, so that it needs no second try to lack it again."""
    interrupted: bool = False
    """An earlier slice of the run may have handed on what it had read."""


class Grant(msgspec.Struct, frozen=True):
    """An answer of the shared request budget: so many requests now, or none and how long to wait."""

    granted: int
    wait_seconds: float = 0.0


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody wants synced: everything, one source, or one page (by slug or id)."""

    force: bool = False
    source: str = ""
    page: str = ""
    retry: bool = False
    """Another try of what got no usable answer in an earlier run: people are told only if it changes something."""

    @property
    def exclusive(self) -> bool:
        """Only one such run at a time; runs of one page go side by side with everything."""
        return not self.page


class Problem(msgspec.Struct, frozen=True, rename="camel"):
    """Something that a run could not read, and why.

    `page_id` is the page's or child database's own id. A source bears its name as `title`. `kind` is "run" where a
    run failed as a whole. An entry that names no kind is older than kinds, and about a page.
    """

    page_id: str | None = None
    slug: str | None = None
    title: str = ""
    kind: Literal["page", "database", "source", "run"] = "page"
    reason: str = ""


class Outcome(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How a run ended, as people are told: `status` is delivered or failed, `error` why it failed.

    `written` counts bundles that changed, `touched` what else a site reads (indexes, redirects).
    """

    run_id: str
    status: str
    force: bool = False
    source: str = ""
    page: str = ""
    triggered_at: float = 0.0
    seconds: float = 0.0
    synced: int = 0
    written: int = 0
    touched: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0
    slices: int = 0
    notion_requests: int = 0
    error: str = ""
    problems: list[Problem] = []
    updated: list[str] = []
    """Slugs of pages that changed; of many, some."""

    @property
    def broke(self) -> bool:
        return self.status == "failed"


class Changes(msgspec.Struct, frozen=True):
    """Names of keys that a run changed, without the prefix: `page:…`, `db:…`, `posts:index`, `redirects`; `deleted`
    are the `page:…` that are gone."""

    changed: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What Notion's webhook says: `kind` (such as `page.moved`) happened to `entity`, which stands in `parent`.

    Only a signal: what it is about has to be read. `data_source` is the one that holds a row, `at` epoch seconds.
    """

    id: str
    kind: str
    at: float
    entity: str
    parent: str = ""
    data_source: str = ""


class Handshake(msgspec.Struct, frozen=True):
    """What Notion sends when a webhook is set up: the token that a person has to give back to it."""

    token: str
