"""KV for calls whose caller waits and did not ask for work: an answer soon, or none."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import httpx

from lib.errors import TryLater
from lib.store.kv import Kv, Value

ANSWER_SECONDS = 3.0
RETRY_AFTER_SECONDS = 5.0


class KvSilent(TryLater):
    """KV gave no answer in time."""


class HastyKv(Kv):
    """A `Kv` whose every command, with all its repetitions, takes `answer_seconds` at most."""

    def __init__(
        self, url: str, token: str, http: httpx.AsyncClient, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        super().__init__(url, token, http)
        self._answer_seconds = answer_seconds

    async def command(self, *words: Value) -> Any:
        return await self._answer_soon(super().command(*words))

    async def pipeline(self, commands: Sequence[Sequence[Value]]) -> list[Any]:
        answers: list[Any] = await self._answer_soon(super().pipeline(commands))
        return answers

    async def script(self, name: str, keys: Sequence[str], args: Sequence[Value]) -> Any:
        return await self._answer_soon(super().script(name, keys, args))

    async def _answer_soon(self, command: Coroutine[Any, Any, Any]) -> Any:
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await command
        except TimeoutError:
            reason = (
                f"KV (Upstash Redis) gave no answer within {self._answer_seconds:g} s; come back in"
                " a moment"
            )
            raise KvSilent(reason, RETRY_AFTER_SECONDS) from None
