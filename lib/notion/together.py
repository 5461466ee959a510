"""Requests side by side."""

import asyncio
from collections.abc import Awaitable, Iterable


async def all_of(jobs: Iterable[Awaitable[None]]) -> None:
    """Does all of them side by side and waits for each, whatever befalls another; then raises the
    first trouble."""
    for outcome in await asyncio.gather(*jobs, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
