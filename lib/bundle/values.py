"""What a site reads from KV: the shape of every value, from which its JSON Schema and TypeScript
types are made.

Members stand in the order in which they are written; a text beside a type says to the site's author
what it holds. Times are ISO 8601, ids are Notion's with dashes. Shapes that are not total are
Notion's own, who may add members.
"""

from typing import Annotated, Any, NotRequired, Required, TypedDict, Union

from lib.model import JSON


class DateValue(TypedDict):
    """A date property; `end` is null where it is no span."""

    start: str | None
    end: str | None
    timeZone: str | None


class FileValue(TypedDict):
    """One file of a files property."""

    name: str | None
    url: Annotated[
        str | None, "An address that never expires; null while the file is still being uploaded"
    ]


class Verification(TypedDict):
    """A wiki page's verification."""

    state: str | None
    by: str | None
    date: DateValue | None


class Place(TypedDict, total=False):
    """A place property, as Notion gives it."""

    lat: Required[float]
    lon: Required[float]
    name: str | None
    address: str | None


class RichText(TypedDict, total=False):
    """A piece of rich text, as Notion gives it."""

    type: str
    plain_text: Required[str]
    href: str | None
    annotations: Any
    mention: Any


PropertyValue = Annotated[
    Union[  # noqa: UP007 - "|" can't join a name that is still to be defined
        str,
        float,
        bool,
        DateValue,
        FileValue,
        Verification,
        Place,
        RichText,
        list["PropertyValue"],
        None,
    ],
    "By the property's type in Notion: of select and status the name; of multi_select, people,"
    " relation and files a list; of formula and rollup their result; of rich_text the plain text,"
    " beside which `{name}__rich` holds Notion's own pieces where plain text says less",
]

Properties = Annotated[dict[str, PropertyValue], "A page's properties by their names in Notion"]


class PageLink(TypedDict):
    """A child page, in the order of the document."""

    id: str
    slug: Annotated[str, "Its full path, as in its own key"]
    title: str


class Meta(TypedDict):
    """All that is known of a page but its content."""

    id: str
    slug: Annotated[str, "What follows `page:` in its key"]
    title: str
    source: Annotated[str, "The source that it, or the page that holds it, is a row of"]
    visibility: Annotated[
        str, "The owner's own word; `public` where nothing is said. Drafts are not in KV"
    ]
    lastEdited: str
    createdTime: str
    icon: Annotated[str | None, "An emoji or an address"]
    cover: Annotated[str | None, "An address"]
    url: Annotated[str | None, "The page in Notion"]
    properties: Properties
    childPages: list[PageLink]
    parent: Annotated[
        str | None, "Id of the page that holds this child page; null for a row of a source"
    ]


class Block(TypedDict, total=False):
    """A block as Notion gives it, what belongs to its `type` under that name; children are added,
    to any depth."""

    id: Required[str]
    type: str
    children: list["Block"]
    unavailable: Annotated[
        str, "Why it could not be read or kept; such a block is to be left out or marked"
    ]


Refs = Annotated[
    list[str],
    "The ids of the pages that the page leads to, each once, itself left out: `HMGET paths …` gives"
    " their slugs. Missing in what older versions wrote",
]


class WholePage(TypedDict):
    """A page with its content."""

    v: Annotated[int, "The version of this format"]
    meta: Meta
    refs: NotRequired[Refs]
    blocks: list[Block]
    syncedAt: str


class PageInParts(TypedDict):
    """A page whose content is too large for one value."""

    v: Annotated[int, "The version of this format"]
    meta: Meta
    refs: NotRequired[Refs]
    parts: Annotated[int, "How many keys `page:{slug}:part:1…` hold its blocks, in order"]
    digest: NotRequired[
        Annotated[
            str,
            "The one of each of its parts; one that has another belongs to another writing: read"
            " all again",
        ]
    ]
    syncedAt: str


Page = Annotated[WholePage | PageInParts, "`page:{slug}`"]


class Part(TypedDict):
    """`page:{slug}:part:{n}`: the next blocks of a page in parts. `digest` is missing in what older
    versions wrote."""

    digest: NotRequired[Annotated[str, "The one of its page"]]
    continues: NotRequired[
        Annotated[
            str,
            "Id of the block whose further children these are: the first of this id from the last"
            " block at the top down through the last children; missing where they stand at the top"
            " of the page",
        ]
    ]
    blocks: list[Block]


class Index(TypedDict):
    """`{source}:index`, and `{source}:index:2…` where there are more than 500, or fewer are too
    large for one value: a source's rows in their order. Pages differ in length."""

    items: list[Meta]
    syncedAt: str
    total: NotRequired[
        Annotated[int, "Items of all pages of the index together; on the first page"]
    ]
    pages: NotRequired[
        Annotated[int, "How many keys the index has, if more than one; on the first page"]
    ]
    revision: NotRequired[
        Annotated[
            str,
            "Of an index of several pages: the first page's; one that has another is to be read"
            " again",
        ]
    ]


class DatabaseItem(TypedDict):
    """A row of a database found inside a page."""

    id: str
    lastEdited: str
    icon: Annotated[str | None, "An emoji or an address"]
    cover: Annotated[str | None, "An address"]
    properties: Properties


class DatabaseBody(TypedDict):
    """All of a database but the time."""

    id: str
    title: str
    visibility: Annotated[str, "The strictest of the pages that show it"]
    properties: Annotated[JSON, "Its schema, as Notion gives it"]
    items: list[DatabaseItem]


class Database(DatabaseBody):
    """`db:{id}`: a database found inside a page, `preview:db:{id}`: inside a draft."""

    syncedAt: str


class Heading(TypedDict):
    """A heading of a page, wherever it stands."""

    level: Annotated[int, "1 to 4"]
    text: str
    id: Annotated[str, "Of its block"]


class Doc(TypedDict):
    """`doc:{slug}`: a page as text, for search, feeds, previews and language models."""

    v: Annotated[int, "The version of this format"]
    id: str
    slug: str
    title: str
    visibility: str
    date: Annotated[str | None, "The beginning of the property `date`"]
    tags: Annotated[list[str], "Of the property `tags`"]
    excerpt: Annotated[
        str, "The property `excerpt` or `description`, else the beginning of the prose"
    ]
    outline: list[Heading]
    words: int
    text: Annotated[str, "Plain text, a line for each paragraph"]
    markdown: Annotated[
        str,
        "CommonMark with tables, task lists and strikethrough, without the title; links to pages"
        " are `page:<id>`, those to databases inside of pages `db:<id>`",
    ]
    truncated: NotRequired[
        Annotated[bool, "True where the text is cut, so that it fits into one value"]
    ]
    syncedAt: str


Paths = Annotated[
    dict[str, str], "`paths`, a Redis hash: the slug of every published page, by its id"
]
Redirects = Annotated[
    dict[str, str], "`redirects`: the slug that a page had, and the one under which it is found now"
]
