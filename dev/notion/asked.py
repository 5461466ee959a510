"""What a request asks for: its id, its body, its cursor, the properties it wants.

Raises NotionError for what Notion would refuse.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from dev.notion.errors import NotionError, invalid, invalid_json, not_a_uuid
from dev.notion.faults import RequestFacts
from dev.notion.ids import dashed, is_uuid
from dev.notion.nodes import JSON, DataSource
from dev.notion.paging import PAGE_SIZE, page_size

LISTING = re.compile(r"/(query|children|search|users|properties/.+)$")


def id_in_path(request: Request, parameter: str) -> str:
    """The id in the path. In upper case it is an id to Notion, but one that leads nowhere."""
    given: str = request.path_params[parameter]
    dashed_id = dashed(given)
    if not is_uuid(dashed_id):
        raise not_a_uuid(parameter, given)
    return dashed_id


async def body_of(request: Request) -> JSON:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise invalid_json() from None
    if not isinstance(body, dict):
        raise invalid("body failed validation: body should be an object.")
    return body


def cursor(request: Request, body: JSON) -> object:
    return body.get("start_cursor") or request.query_params.get("start_cursor")


def request_facts(scope: Mapping[str, Any], body: bytes) -> RequestFacts:
    """What the conditions of faults look at, of any request; paging stands in its query or in its
    body."""
    try:
        sent = json.loads(body or b"null")
    except ValueError:
        sent = None
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1"))) | (
        sent if isinstance(sent, dict) else {}
    )
    size = _size(asked.get("page_size")) if LISTING.search(scope["path"]) else None
    return RequestFacts(scope["method"], scope["path"], size, bool(asked.get("start_cursor")))


def _size(given: object) -> int:
    try:
        return page_size(given)
    except NotionError:
        return PAGE_SIZE


def filter_properties(request: Request, source: DataSource | None) -> list[str] | None:
    """The names and ids of the properties that are asked for; None: all. With a data source every
    one must exist."""
    wanted = [
        value
        for name, value in request.query_params.multi_items()
        if name.partition("[")[0] == "filter_properties"
    ]
    if source is not None:
        known = set(source.schema) | {unquote(column["id"]) for column in source.schema.values()}
        if any(one not in known for one in wanted if one):
            raise invalid("The provided `filter_properties` contains an invalid attribute")
    return wanted or None
