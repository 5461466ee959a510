"""The nouns that cross folders. All frozen: a step takes values and returns new ones."""

from typing import Any, Literal, cast, get_args

import msgspec

JSON = dict[str, Any]
"""A Notion object as Notion gives it, or a JSON object of ours."""

BUNDLE_VERSION = 3
"""The version of a bundle's format (`"v"`). Raise it when `lib/bundle` writes something new: every
page is due then."""

FIRST_VERSION = 1
"""The version of a record in KV that names none: its default may never be raised."""

NOTHING = msgspec.Raw(b"null")

CUT_AT = 25
"""References that a page object shows of one property:
https://developers.notion.com/reference/retrieve-a-page."""

ITEMS_PER_PAGE = 500
"""Rows on one page of an index, unless they are too large for one value together."""


Cause = Literal["unshared", "unanswered", "too_large", "fault", "rate_limited", "undelivered"]
"""Why something failed or waits, for readers that treat some causes in their own way: Notion does
not show it to the integration; Notion gave no usable answer; it is larger than a KV value may be;
it is a fault of this project; Notion takes no more requests in this minute; QStash called the
worker in vain. What has none of these has its `reason` only."""


def known_cause(word: str) -> Cause | None:
    """Return a cause that stands in a record; None where it is none that this version knows."""
    return cast(Cause, word) if word in get_args(Cause) else None


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

    `blocks` are Notion's own, children under `children`; what can't be read carries `"unavailable":
    reason`. `hidden_pages` are child pages and `unreadable` child databases that are not shared
    (yet); `originals` are the synced blocks whose original stands on this page; `copied` maps the
    original of every copy that stands elsewhere to the page that holds it (None: not to be found
    out), `missing` are those of them that can't be read.
    """

    blocks: list[JSON]
    child_pages: list[ChildPage] = []
    hidden_pages: list[str] = []
    databases: list[str] = []
    unreadable: list[str] = []
    originals: list[str] = []
    copied: dict[str, str | None] = {}
    missing: list[str] = []


class ChildDatabase(msgspec.Struct, frozen=True, omit_defaults=True):
    """A child database, read whole: `properties` is its schema, `rows` are page objects as Notion
    gives them."""

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


class Placement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a page is published: what the bundle says of a page that Notion's own page object does
    not."""

    slug: str
    source: str
    visibility: str = "public"
    parent: str | None = None
    """Id of the page that holds this child page; None for a row of a source."""


class Rank(msgspec.Struct, frozen=True, omit_defaults=True):
    """What decides a row's place in its index: the properties `order` and `date`, then its
    creation, then its id."""

    id: str
    created: str
    order: float | None = None
    date: str | None = None


class Observation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What Notion said last of a page: where it stands, what it is called, whether it is to be
    published."""

    source: str
    """The source that it, or the page that holds it, is a row of."""
    parent: str | None = None
    """Id of the page that holds this child page; None for a row."""
    title: str
    created: str
    edited: str
    edited_at: float = 0.0
    """`edited` in epoch seconds; 0 where that time can't be read."""
    read_at: float = 0.0
    """When it was asked for (epoch seconds, Notion's clock)."""
    placed_at: float = 0.0
    """When it was seen to stand where it stands (epoch seconds, Notion's clock)."""
    wanted: str
    """The slug that it asks for; of a child page, what follows its parent's and a slash."""
    visibility: str = "public"
    is_published: bool = True
    is_paused: bool = False
    changes_at: float | None = None
    """When its date begins or ends next (epoch seconds), so that it is published from then on, or
    no more; None: never."""


class PageRecord(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was read of a page, and is published of it."""

    edited: str
    edited_at: float = 0.0
    read_at: float
    """Nothing in the bundle is older (epoch seconds, Notion's clock)."""
    digest: str
    """Of all but addresses; "" where the bundle has to be written anew."""
    version: int = FIRST_VERSION
    """Of the bundle's format."""
    visibility: str = "public"
    parts: int = 0
    children: list[str] = []
    """Child pages, in the order of the document."""
    things: list[str] = []
    """What it shows that an edit elsewhere may change: `page:{id}` that holds the original of a
    synced block, `original:{id}` of which no page is known, `db:{id}`, and what could not be read
    and may be some day: `missing:{id}` of an original, `hidden:{id}` of a child page,
    `unreadable:{id}` of a child database."""
    copied: dict[str, str | None] = {}
    """Original synced block → the page that holds it (None: not known)."""
    is_lacking: bool = False
    """Something of it got no usable answer and is unavailable in the bundle: it is read again in
    every run."""


class DatabaseRecord(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was read of a child database, and is published of it."""

    title: str
    data_source_ids: list[str]
    read_at: float
    digest: str
    version: int = FIRST_VERSION
    signature: str = ""
    """Sums up its rows, their times and their properties as listings show them; "" for more than
    100."""
    visibility: str = "public"
    sources: list[str] = []
    """The sources of the pages that show it."""
    is_lacking: bool = False


class SourceRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which database the setting `reference` of a source led to."""

    reference: str
    source: Source


class ListingRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """When and how a source was listed; times in epoch seconds."""

    listed_at: float = 0.0
    """When its last full listing began; a listing of changed rows only does not count."""
    watermark: float = 0.0
    """Everything edited before this moment (Notion's clock) has been seen."""
    rows: int = 0
    schema: str = ""
    """The fingerprint of its properties, where a listing of changed rows would not show a renamed
    one."""
    rule: str = ""
    """What the listing was judged by: the format's version and the owner's rule for what is
    published."""
    is_faulty: bool = False
    """The rule does not fit its properties, or no row is published by it."""


class WorkItem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that is due: a page (row or child page) or a child database has to be read."""

    page: msgspec.Raw = NOTHING
    """The page object as a listing or a look gave it, and `read_at` when; `null`: it has to be
    retrieved."""
    read_at: float = 0.0
    stamp: str = ""
    """What sums up that look, where no later edit can hide behind it: the same look again says
    nothing new."""
    rewrite: bool = False
    """The bundle is written also where nothing in it changed."""
    asks_owners: bool = False
    """Which page holds the original of a synced block has to be asked for anew."""
    doubted: list[str] = []
    """Child pages and child databases on it that could not be read any more: whether they can is
    asked for."""
    is_doubted: bool = False
    """It could not be read, and the page that holds it shows it all the same."""
    title: str = ""
    data_source_ids: list[str] = []
    attempts: int = 0
    interrupted: bool = False
    """An earlier slice may have saved how far it had come with it."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Work that a slice has taken on, with what is known of the thing. `key` is a page's id,
    `db:{id}` or, for the preview of a draft, `draft:{id}` and `draft:db:{id}`."""

    key: str
    number: int
    """Of the work: it rises when something new is known of the thing."""
    item: WorkItem
    observation: Observation | None = None
    record: PageRecord | None = None
    database: DatabaseRecord | None = None
    slug: str = ""
    """The slug that the page has; "" for none yet."""

    @property
    def is_page(self) -> bool:
        return ":" not in self.key

    @property
    def is_draft(self) -> bool:
        """Whether it is for a preview: a page or a child database."""
        return self.key.startswith("draft:")

    @property
    def is_database(self) -> bool:
        return self.key.removeprefix("draft:").startswith("db:")

    @property
    def id(self) -> str:
        return self.key.rpartition(":")[2]

    @property
    def is_row(self) -> bool:
        return self.observation is not None and self.observation.parent is None

    @property
    def title(self) -> str:
        """The name that people know it by; "" where it has not been seen yet."""
        known = self.observation or self.database
        return known.title if known else self.item.title


class Grant(msgspec.Struct, frozen=True):
    """An answer of the shared request budget: the number of requests that are `granted` now, or
    none and how long to wait. `left` are those that the minute still holds."""

    granted: int
    wait_seconds: float = 0.0
    left: int = 0


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be synced: everything, one source, one page (by slug or id), the pages of one
    webhook window, or the rows whose dates begin or end."""

    force: bool = False
    source: str = ""
    page: str = ""
    retry: bool = False
    """Another try of what got no usable answer in an earlier run: people are notified only if it
    changes something."""
    window: int = 0
    """Number of the window; 0: none."""
    scheduled: int = 0
    """The moment (epoch seconds) up to which dates begin or end; 0: none."""
    asked_by: str = ""
    """`cron`, `webhook`, `button`, `person`, `schedule` or `follow-up`; "": not known."""

    @property
    def is_focused(self) -> bool:
        """It is about certain pages only."""
        return bool(self.page or self.window or self.scheduled)

    @property
    def exclusive(self) -> bool:
        """Only one such run at a time; runs of certain pages go side by side with everything."""
        return not self.is_focused


class Problem(msgspec.Struct, frozen=True, rename="camel"):
    """Something that a run could not read, and why.

    `page_id` is the page's or child database's own id. A source bears its name as `title`. `kind`
    is "run" where a run failed as a whole. An entry that names no kind is older than kinds, and
    about a page. `cause` is left out where it is not known.
    """

    page_id: str | None = None
    slug: str | None = None
    title: str = ""
    kind: Literal["page", "database", "source", "run"] = "page"
    reason: str = ""
    cause: Cause | msgspec.UnsetType = msgspec.UNSET


class Outcome(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How a run ended, as people are notified. `status` is delivered, failed or cancelled, `error`
    says why it did not get to its end.

    `written` counts bundles that changed, `touched` what else a site reads (indexes, redirects).
    """

    run_id: str
    status: str
    force: bool = False
    source: str = ""
    page: str = ""
    window: int = 0
    scheduled: int = 0
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
    """Names of keys that a run changed, without the prefix: `page:…`, `db:…`, `posts:index`,
    `redirects`; `deleted` are the `page:…` that are gone, `referrers` those that did not change and
    lead to a page that appeared, moved or went."""

    changed: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    referrers: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """All of them, each once, always in the same order."""
        return sorted(self.changed | self.deleted | self.referrers)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What Notion's webhook says: `kind` (such as `page.moved`) happened to `entity`, which stands
    in `parent`.

    Only a signal: what it is about has to be read. `data_source` is the one that holds a row, `at`
    epoch seconds.
    """

    id: str
    kind: str
    at: float
    entity: str
    parent: str = ""
    data_source: str = ""


class Handshake(msgspec.Struct, frozen=True):
    """What Notion sends when a webhook is set up: the token that a person has to give back to
    it."""

    token: str
