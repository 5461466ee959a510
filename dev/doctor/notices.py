"""Notices: whether Slack, mail, a webhook and the site take a test one. Sent only when asked for
(`--live`), for people see it."""

import secrets
import time
from collections.abc import AsyncIterator

import httpx

from dev.doctor.finding import Finding, mend, note, ok
from lib.config import Config
from lib.errors import SyncError
from lib.model import Changes, Outcome
from lib.notify.channels import CHANNELS, open_channels
from lib.notify.tools import ChannelTools

SETTINGS = frozenset[str]().union(*(kind.settings for kind in CHANNELS))
TEXT = "This is a test notice of the doctor's. No sync has run."


class OneChange:
    """The ledger of a run that changed one key, which costs a site the least: what it keeps of
    `redirects`."""

    async def changes(self, run_id: str) -> Changes:
        return Changes(changed=frozenset({"redirects"}))

    async def passed_on(self, run_id: str) -> int:
        return 0

    async def pass_on(self, run_id: str, count: int) -> None:
        return None


async def examine(http: httpx.AsyncClient, config: Config) -> AsyncIterator[Finding]:
    """Send a notice over every channel that is set up."""
    tools = ChannelTools(http=http, ledger=OneChange(), now=time.time)
    set_up = open_channels(config, tools)
    if not set_up:
        yield note("no test notice was sent, for no channel is set up")
    outcome = Outcome(
        run_id=f"test_{secrets.token_hex(8)}",
        status="delivered",
        triggered_at=time.time(),
        error=TEXT,
    )
    for channel in set_up:
        try:
            await channel.tell_outcome(outcome)
        except SyncError as error:
            yield mend(f"{error}. The test notice did not get through: correct that, or remove it")
        else:
            yield ok(f"{channel.receiver} took a test notice")
