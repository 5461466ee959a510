"""KV: whether it takes a value, gives it back, runs scripts, and lets go of it."""

import secrets
from collections.abc import AsyncIterator

from dev.doctor.finding import Finding, mend, ok
from lib.errors import SyncError
from lib.store.kv import Kv

SECONDS = 60
"""How long what is written stays at most, should it not be deleted."""
SCRIPT = "return redis.call('GET', KEYS[1])"


async def examine(kv: Kv, prefix: str) -> AsyncIterator[Finding]:
    """Leaves nothing behind; `prefix` is `KV_PREFIX`."""
    key, value = f"{prefix}sync:doctor", secrets.token_hex(8)
    try:
        await kv.command("SET", key, value, "EX", SECONDS)
        read = await kv.command("GET", key)
    except SyncError as error:
        yield mend(_with_remedy(str(error)))
        return
    if read != value:
        yield mend(
            "KV does not give back what was written a moment ago: set KV_REST_API_URL to the"
            " primary database"
        )
    try:
        scripted = await kv.command("EVAL", SCRIPT, 1, key)
        yield (
            ok("scripts run")
            if scripted == value
            else mend(f"KV's scripts don't see its data. {_UPSTASH}")
        )
    except SyncError as error:
        yield mend(f"KV runs no scripts. {_UPSTASH} ({error})")
    try:
        deleted = await kv.command("DEL", key)
        gone = deleted == 1 and await kv.command("GET", key) is None
    except SyncError as error:
        yield mend(_with_remedy(str(error)))
        return
    yield (
        ok("a value was written, read and deleted")
        if gone
        else mend(f"KV keeps what was deleted. {_UPSTASH}")
    )


_UPSTASH = "Use an Upstash Redis database (Vercel's Marketplace has it)."


def _with_remedy(error: str) -> str:
    return error + (
        " It may be the read-only token, which can't write." if "NOPERM" in error else ""
    )
