"""A child database's bundle: what a site reads under `db:{databaseId}`."""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from lib.bundle import encoding, values
from lib.bundle.media import Address, settle_file, settle_icon, with_copies
from lib.bundle.properties import flat_properties
from lib.bundle.publication import is_trashed
from lib.model import JSON, ChildDatabase, Copy
from lib.times import first_known


class DatabaseBundle(msgspec.Struct, frozen=True):
    """A child database ready to be published; `body` is all of its value but `syncedAt`."""

    id: str
    digest: str
    body: values.DatabaseBody


def build_database(
    database: ChildDatabase, address: Address, visibility: str = "public"
) -> DatabaseBundle:
    """Return the bundle of a database that was read whole: rows in the order given, without the
    trashed ones.

    `visibility` is the strictest of the pages that show it.
    """
    body: values.DatabaseBody = {
        "id": database.id,
        "title": database.title,
        "visibility": visibility,
        "properties": database.properties,
        "items": [_database_item(row, address) for row in database.rows if not is_trashed(row)],
    }
    return DatabaseBundle(database.id, sha256(encoding.encode(body).encode()).hexdigest(), body)


def encode_database(
    bundle: DatabaseBundle, synced_at: str, copies: Mapping[str, Copy] | None = None
) -> str:
    """The JSON text to be kept; `copies` as `with_copies` takes them."""
    value: values.Database = {**bundle.body, "syncedAt": synced_at}
    return with_copies(encoding.encode(value), copies or {})


def _database_item(row: JSON, address: Address) -> values.DatabaseItem:
    return {
        "id": row["id"],
        "lastEdited": first_known(row["last_edited_time"], row["created_time"]),
        "icon": settle_icon(row.get("icon"), row["id"], address),
        "cover": settle_file(row.get("cover"), row["id"], address),
        "properties": flat_properties(row, address),
    }
