"""What channels are built from besides the settings."""

from collections.abc import Callable
from typing import Protocol

import httpx
import msgspec

from lib.model import Changes


class Ledger(Protocol):
    """What a run changed, and how much of it the site knows already."""

    async def changes(self, run_id: str) -> Changes: ...

    async def passed_on(self, run_id: str) -> int: ...

    async def pass_on(self, run_id: str, count: int) -> None: ...


class ChannelTools(msgspec.Struct, frozen=True, kw_only=True):
    """`now` gives epoch seconds."""

    http: httpx.AsyncClient
    ledger: Ledger
    now: Callable[[], float]
