"""A source's index: its rows' metas in the order in which a site shows them."""

import struct
from typing import Any

from lib.bundle.properties import members_named
from lib.bundle.values import Meta
from lib.model import Rank
from lib.times import instant, is_time

SORT_DIGITS = 48
"""Digits of a sort text before the id."""
_SIGN, _ALL_BITS = 1 << 63, (1 << 64) - 1
_LAST = "g" * 16
"""After every number's digits."""


def rank_of(meta: Meta) -> Rank:
    """What decides a row's place: its properties `order` (a number) and `date`, found in any case
    of their names."""
    order = next(
        (value for value in members_named(meta["properties"], "order") if _is_number(value)), None
    )
    starts = (
        value.get("start")
        for value in members_named(meta["properties"], "date")
        if isinstance(value, dict)
    )
    return Rank(
        id=meta["id"],
        created=meta["createdTime"],
        order=None if order is None else float(order),
        date=next((start for start in starts if is_time(start)), None),
    )


def sort_text(rank: Rank) -> str:
    """Return a text by which rows stand in order: `order` ascending and missing last, then the
    newest `date` and missing last, then the newest, then the id."""
    order = _LAST if rank.order is None else _ordered_digits(rank.order)
    date = _LAST if rank.date is None else _ordered_digits(-instant(rank.date))
    return f"{order}{date}{_ordered_digits(-instant(rank.created))}{rank.id}"


def _ordered_digits(number: float) -> str:
    """Return sixteen hexadecimal digits that are in the order of their numbers."""
    [bits] = struct.unpack(">Q", struct.pack(">d", number + 0.0))
    return f"{bits ^ (_ALL_BITS if bits >> 63 else _SIGN):016x}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
