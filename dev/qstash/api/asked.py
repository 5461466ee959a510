"""What a request asks for: its raw destination, its ids and its filters."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request

from dev.qstash.errors import Refusal

Fields = dict[str, list[str]]
Row = tuple[str, dict[str, Any]]
"""An id that tells the time, `<milliseconds>-<number>`, and what is shown."""

IN_PROGRESS = frozenset({"ACTIVE", "RETRY", "ERROR"})
_SINGLE = ("messageId", "url", "queueName", "scheduleId", "responseStatus", "dlqId")


def destination(request: Request, segments: int) -> str:
    """Everything after so many segments of the path, byte for byte, with the query (but not the
    token in it)."""
    raw: bytes = request.scope["raw_path"]
    path = raw.decode("latin-1").split("/", segments + 1)[segments + 1]
    query = "&".join(
        part
        for part in request.url.query.split("&")
        if part and not part.startswith("qstash_token=")
    )
    return f"{path}?{query}" if query else path


async def fields(request: Request) -> Fields:
    """The query's parameters and the JSON body's members, all as lists of text. Raises
    `Refusal`."""
    asked: Fields = {}
    for name, value in request.query_params.multi_items():
        asked.setdefault(name, []).append(value)
    if body := await request.body():
        try:
            members = msgspec.json.decode(body, type=dict[str, str | int | list[str]])
        except msgspec.DecodeError as problem:
            raise Refusal(f"invalid body: {problem}") from None
        for name, member in members.items():
            asked[name] = member if isinstance(member, list) else [str(member)]
    return asked


def whole(asked: Fields, name: str, default: int) -> int:
    try:
        return int(asked[name][0]) if asked.get(name) else default
    except ValueError:
        raise Refusal(f"invalid {name}: {asked[name][0]}") from None


def matches(shown: dict[str, Any], asked: Fields, time_field: str) -> bool:
    """Whether an entry is one of those that the filters ask for."""
    for name in _SINGLE:
        if name in asked and str(shown.get(name, "")) not in asked[name]:
            return False
    for name, single in (("messageIds", "messageId"), ("dlqIds", "dlqId")):
        if asked.get(name) and shown.get(single) not in asked[name]:
            return False
    if "label" in asked and not set(asked["label"]) & set(str(shown.get("label", "")).split(",")):
        return False
    if "state" in asked and shown["state"] not in _states(asked["state"]):
        return False
    time: int = shown[time_field]
    return whole(asked, "fromDate", 0) <= time <= whole(asked, "toDate", time)


def page(rows: Sequence[Row], asked: Fields, most: int, time_field: str) -> dict[str, Any]:
    """The rows asked for (newest first) under `rows`, and a `cursor` where more follow."""
    before = _position(asked["cursor"][0]) if asked.get("cursor", [""])[0] else None
    found = [
        (row_id, shown)
        for row_id, shown in rows
        if (before is None or _position(row_id) < before) and matches(shown, asked, time_field)
    ]
    count = max(1, min(whole(asked, "count", most), most))
    answer: dict[str, Any] = {"rows": [shown for _, shown in found[:count]]}
    return answer | ({"cursor": found[count - 1][0]} if len(found) > count else {})


def _states(asked: list[str]) -> set[str]:
    return {state for one in asked for state in (IN_PROGRESS if one == "IN_PROGRESS" else {one})}


def _position(cursor: str) -> tuple[int, int]:
    milliseconds, _, number = cursor.partition("-")
    try:
        return int(milliseconds), int(number or 0)
    except ValueError:
        raise Refusal(f"invalid cursor: {cursor}") from None
