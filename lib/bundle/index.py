"""A source's index: its rows' metas in the order in which a site shows them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from lib.bundle import encoding
from lib.bundle.properties import members_named
from lib.bundle.values import Meta
from lib.model import JSON, Rank
from lib.times import instant, is_time

SortKey = tuple[bool, float, bool, float, float, str]


def rank(meta: Meta) -> Rank:
    """What decides a row's place: its properties `order` (a number) and `date`, found in any case of their names."""
    order = next((value for value in members_named(meta["properties"], "order") if _is_number(value)), None)
    starts = (value.get("start") for value in members_named(meta["properties"], "date") if isinstance(value, dict))
    return Rank(
        id=meta["id"],
        created=meta["createdTime"],
        order=None if order is None else float(order),
        date=next((start for start in starts if is_time(start)), None),
    )


def sort_key(rank: Rank) -> SortKey:
    """For `sorted`: `order` ascending and missing last, then the newest `date` and missing last, then the newest."""
    return (
        rank.order is None,
        rank.order or 0.0,
        rank.date is None,
        -instant(rank.date) if rank.date else 0.0,
        -instant(rank.created),
        rank.id,
    )


def encode_page(items: Sequence[msgspec.Raw | JSON], synced_at: str, total: int, pages: int) -> str:
    """The JSON text of one page of an index of `total` items; `pages` is told where there are several."""
    texts = (bytes(item).decode() if isinstance(item, msgspec.Raw) else encoding.encode(item) for item in items)
    end = f',"pages":{pages}}}' if pages > 1 else "}"
    return f'{{"items":[{",".join(texts)}],"syncedAt":{encoding.encode(synced_at)},"total":{total}{end}'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
