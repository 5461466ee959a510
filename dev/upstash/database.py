"""The Redis behind the REST interface: embedded (fakeredis), or a real redis-server. Both are
spoken to in RESP2."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fakeredis import FakeAsyncRedis, FakeServer
from redis import Redis
from redis.asyncio import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from dev.upstash.commands import Command

MOST_CONNECTIONS = 1_000


@dataclass(frozen=True)
class ErrorReply:
    """Redis refused a command; `text` is its error line, code included: `WRONGTYPE Operation
    against …`."""

    text: str


Reply = bytes | int | None | ErrorReply | list[Any]


class Database:
    """One logical database within one event loop. A command, a script and a transaction are atomic,
    each as a whole."""

    def __init__(self, redis_url: str | None = None) -> None:
        if redis_url:
            _require(redis_url)
            self._pool: Any = ConnectionPool.from_url(
                redis_url,
                protocol=2,
                max_connections=MOST_CONNECTIONS,
                socket_timeout=None,  # a busy machine is no fault of KV's
            )
        else:
            server = FakeServer(version=(7,))
            client = FakeAsyncRedis(server=server, protocol=2, max_connections=MOST_CONNECTIONS)
            # The client turns replies into Python's shapes; its connections give them as they are.
            self._pool = client.connection_pool

    async def run(self, command: Command) -> Reply:
        async with self._connection() as connection:
            await connection.send_command(*command)
            return await _read(connection)

    async def transaction(self, commands: list[Command]) -> Reply:
        """One reply for each command, or an `ErrorReply` where the transaction was discarded as a
        whole."""
        async with self._connection() as connection:
            words = [[b"MULTI"], *commands, [b"EXEC"]]
            await connection.send_packed_command(connection.pack_commands(words))
            replies = [await _read(connection) for _ in words]
            return replies[-1]

    async def clear(self) -> None:
        await self.run([b"FLUSHDB"])

    async def close(self) -> None:
        await self._pool.aclose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await self._pool.get_connection()
        try:
            yield connection
        except BaseException:
            await connection.disconnect()  # a reply may be left unread
            raise
        finally:
            await self._pool.release(connection)


def _require(redis_url: str) -> None:
    """Raises redis-py's `ConnectionError` at once where there is no server."""
    with Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()


async def _read(connection: Any) -> Reply:
    try:
        return _plain(await connection.read_response(disable_decoding=True))
    except ResponseError as refusal:
        return _plain(refusal)


def _plain(reply: Any) -> Reply:
    """A reply without redis-py's exceptions, which keep an error's code apart from its text."""
    if isinstance(reply, list):
        return [_plain(element) for element in reply]
    if isinstance(reply, RedisError):
        return ErrorReply(f"{reply.status_code} {reply}" if reply.status_code else str(reply))
    return reply  # type: ignore[no-any-return]
