"""Answers that several readers of a slice need, and that are asked for once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Once(Generic[Answer]):
    """Answers by id. The first to ask sends the request; those that ask meanwhile wait for its
    answer."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self._asked: dict[str, asyncio.Event] = {}

    async def get(
        self,
        key: str,
        ask: Callable[[], Awaitable[Answer]],
        accepts: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """Return the answer. A failure concerns its asker alone: the next one in line asks again.
        So does an asker who does not accept the answer that another got (None: each is
        accepted)."""
        while key not in self._answers or (accepts and not accepts(self._answers[key])):
            if under_way := self._asked.get(key):
                await under_way.wait()
                continue
            self._asked[key] = answered = asyncio.Event()
            try:
                self._answers[key] = answer = await ask()
            finally:
                del self._asked[key]
                answered.set()
            return answer
        return self._answers[key]

    def has(self, key: str) -> bool:
        """Return whether an answer is there."""
        return key in self._answers

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer that is known without asking."""
        self._answers[key] = answer
