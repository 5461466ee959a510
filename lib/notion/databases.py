"""Databases: finding the one a setting names, and reading child databases whole."""

from http import HTTPStatus

import msgspec

from lib.errors import Hopeless, Unreadable
from lib.model import JSON, ChildDatabase, Source
from lib.notion.border.objects import Oddities, database_of, pages_of, parent_of, plain_text
from lib.notion.client import NotionClient
from lib.notion.computed import Schemas, read_schema
from lib.notion.ids import dashed, object_id
from lib.notion.lists import PAGE_SIZE, list_page
from lib.notion.pages import ID_ONLY, Completion, Listing, complete_properties, list_next
from lib.notion.together import all_of

LINKED_VIEW = "linked database view"
NOT_SHARED = "database not shared"


class Head(msgspec.Struct, frozen=True):
    """A child database before its rows are read."""

    id: str
    title: str
    data_source_ids: list[str]


class Reading(msgspec.Struct, omit_defaults=True):
    """How far a child database has been read, as JSON, so that another slice can go on from there.

    By data source: `schemas`, `listings`, and `rows`, of which `complete` names those whose
    properties are; by row `completions`, how far one has come.
    """

    id: str
    head: Head | None = None
    schemas: dict[str, JSON] = {}
    listings: dict[str, Listing] = {}
    rows: dict[str, list[JSON]] = {}
    completions: dict[str, Completion] = {}
    complete: set[str] = set()
    oddities: Oddities = msgspec.field(default_factory=Oddities)
    is_lacking: bool = False
    """A property of a row got no usable answer: the database is to be read again."""

    @property
    def warnings(self) -> list[str]:
        """What was odd in it, rows that may be missing among it."""
        title = self.head.title if self.head else ""
        cut = [
            f'database "{title}": rows may be missing: {one.cut}'
            for one in self.listings.values()
            if one.cut
        ]
        partial = [
            f"page {row_id} is left out: {ID_ONLY}"
            for one in self.listings.values()
            for row_id in one.partial
        ]
        own = [*cut, *partial, *self.oddities.warnings]
        return [
            *own,
            *(warning for one in self.listings.values() for warning in one.oddities.warnings),
        ]


async def find_source(notion: NotionClient, name: str, reference: str) -> Source:
    """The database that `reference` (a database id, a data source id or an address) leads to.

    Raises Hopeless, saying what to put into NOTION_SOURCES or what to share. ValueError: no id in
    `reference`.
    """
    given_id = object_id(reference)
    try:
        database = database_of(await notion.get(f"databases/{given_id}"), Oddities())
    except Unreadable as no_database:
        return await _find_by_data_source(notion, name, given_id, no_database)
    title = plain_text(database["title"])
    _refuse_trash(name, title, database)
    found = database.get("data_sources") or []
    if not found:
        raise Hopeless(
            f"source {name}: the database {given_id} ({title}) shows no data source. If it is a"
            " linked view, put the address of the original database into NOTION_SOURCES; else share"
            " it with the integration (••• → Connections in Notion)"
        )
    if len(found) > 1:
        known = ", ".join(f"{source.get('name') or ''} ({source['id']})" for source in found)
        raise Hopeless(
            f"source {name}: the database {given_id} ({title}) has several data sources: {known}. "
            f"Put the id of one of them into NOTION_SOURCES, for example {name}={found[0]['id']}"
        )
    return Source(name, given_id, dashed(found[0]["id"]), title)


async def probe_database(notion: NotionClient, database_id: str) -> Head:
    """Return whether a child database can be read, in one request. Unreadable: a linked view, or it
    is not shared.

    A linked view looks like a child database; its retrieval is refused or shows no data sources
    (https://developers.notion.com/reference/retrieve-a-database).
    """
    try:
        database = database_of(await notion.get(f"databases/{database_id}"), Oddities())
    except Unreadable as error:
        reason = LINKED_VIEW if error.notion_status == HTTPStatus.BAD_REQUEST else NOT_SHARED
        raise Unreadable(reason, error.notion_status) from error
    data_source_ids = [dashed(source["id"]) for source in database.get("data_sources") or []]
    if not data_source_ids:
        raise Unreadable(LINKED_VIEW, HTTPStatus.OK)
    return Head(dashed(database_id), plain_text(database["title"]), data_source_ids)


async def read_database(
    notion: NotionClient, reading: Reading, schemas: Schemas, *, is_last_try: bool = False
) -> ChildDatabase:
    """Schema and rows of all data sources of a child database, each row's properties complete.

    `reading` is brought up to date with every answer, whatever ends it; without a head it begins
    with a probe. `is_last_try`: as for `complete_properties`.
    """
    head = reading.head = reading.head or await probe_database(notion, reading.id)
    await all_of(
        read(notion, reading, source_id)
        for source_id in head.data_source_ids
        for read in (_read_schema, _read_rows)
    )
    reading.schemas = {source_id: reading.schemas[source_id] for source_id in head.data_source_ids}
    for source_id, schema in reading.schemas.items():
        schemas.keep_schema(source_id, schema)
    await _complete_rows(notion, reading, schemas, is_last_try)
    properties: JSON = {}
    for source_id in head.data_source_ids:
        properties = {**reading.schemas[source_id], **properties}
    return ChildDatabase(
        head.id,
        head.title,
        properties,
        [row for source_id in head.data_source_ids for row in reading.rows[source_id]],
    )


async def newest_rows(notion: NotionClient, data_source_id: str) -> tuple[list[JSON], bool]:
    """The rows edited last, in one request, and whether there are more: what shows that a database
    has changed."""
    sorts = [{"timestamp": "last_edited_time", "direction": "descending"}]
    answer = await notion.post(
        f"data_sources/{data_source_id}/query", {"sorts": sorts, "page_size": PAGE_SIZE}
    )
    rows, _ = pages_of(list_page(answer, None).results, Oddities())
    return rows, bool(answer.get("has_more"))


async def _find_by_data_source(
    notion: NotionClient, name: str, source_id: str, no_database: Unreadable
) -> Source:
    try:
        found = database_of(await notion.get(f"data_sources/{source_id}"), Oddities())
    except Unreadable:
        if no_database.notion_status == HTTPStatus.BAD_REQUEST:
            raise Hopeless(
                f"source {name}: Notion does not read {source_id} as a database"
                f" ({no_database.reason}). If it is a linked view or a page, put the address of"
                " the original database into NOTION_SOURCES"
            ) from no_database
        raise Hopeless(
            f"source {name}: Notion shows no database {source_id}. Check the id in NOTION_SOURCES,"
            " and share the database with the integration (••• → Connections in Notion)",
            no_database.cause,
        ) from no_database
    title = plain_text(found["title"])
    _refuse_trash(name, title, found)
    database_id = parent_of(found).get("database_id") or source_id
    return Source(name, dashed(database_id), source_id, title)


def _refuse_trash(name: str, title: str, found: JSON) -> None:
    if found.get("in_trash") or found.get("archived"):
        raise Hopeless(
            f"source {name}: the database {title} is in Notion's trash: restore it, or name"
            " another one"
        )


async def _read_schema(notion: NotionClient, reading: Reading, data_source_id: str) -> None:
    if data_source_id not in reading.schemas:
        reading.schemas[data_source_id] = await read_schema(
            notion, data_source_id, reading.oddities
        )


async def _read_rows(notion: NotionClient, reading: Reading, data_source_id: str) -> None:
    listing = reading.listings.setdefault(data_source_id, Listing(data_source_id=data_source_id))
    rows = reading.rows.setdefault(data_source_id, [])
    while not listing.done:
        rows += await list_next(notion, listing)


async def _complete_rows(
    notion: NotionClient, reading: Reading, schemas: Schemas, is_last_try: bool
) -> None:
    async def one(rows: list[JSON], at: int) -> None:
        row_id = rows[at]["id"]
        completion = reading.completions.setdefault(row_id, Completion())
        rows[at] = await complete_properties(
            notion, rows[at], completion, schemas, is_last_try=is_last_try
        )
        for sentence in completion.oddities.warnings:
            reading.oddities.note(sentence)
        reading.is_lacking |= completion.is_lacking
        del reading.completions[row_id]
        reading.complete.add(row_id)

    due = [
        (rows, at)
        for rows in reading.rows.values()
        for at, row in enumerate(rows)
        if row["id"] not in reading.complete
    ]
    await all_of(one(rows, at) for rows, at in due)
