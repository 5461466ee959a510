"""Notifying the site which of its pages changed, so that it renders those again and no others."""

from collections.abc import Sequence
from typing import ClassVar, Self

import httpx

from lib.config import Config
from lib.errors import Misconfigured, TryLater
from lib.model import JSON, Changes, Outcome
from lib.notify.post import PAUSE_SECONDS, json_body, post
from lib.notify.tools import ChannelTools, Ledger

KEYS_PER_REQUEST = 500


class Revalidation:
    """`POST {"runId", "changed": [slugs], "deleted": [slugs], "tags": [keys]}` with the secret as
    bearer.

    The names go out in batches, each of which is noted when the site has taken it: a repeated
    notice begins where the last one stopped. No refusal is final, for a site that was never
    notified would show old pages for good.
    """

    name: ClassVar = "revalidate"
    receiver: ClassVar = "the site (REVALIDATE_URL)"
    settings: ClassVar = frozenset({"REVALIDATE_URL", "REVALIDATE_SECRET"})
    repeatable: ClassVar = True
    is_for_people: ClassVar = False

    def __init__(self, url: str, secret: str, http: httpx.AsyncClient, ledger: Ledger) -> None:
        self._url, self._secret, self._http, self._ledger = url, secret, http, ledger

    @classmethod
    def from_config(cls, config: Config, tools: ChannelTools) -> Self | None:
        if not config.revalidate_url:
            return None
        secret = config.revalidate_secret.reveal() if config.revalidate_secret else ""
        return cls(config.revalidate_url, secret, tools.http, tools.ledger)

    async def tell_outcome(self, outcome: Outcome) -> None:
        """Raises `TryLater`."""
        changes = await self._ledger.changes(outcome.run_id)
        keys = changes.names
        done = await self._ledger.passed_on(outcome.run_id)
        while some := keys[done : done + KEYS_PER_REQUEST]:
            await self._send_batch(outcome.run_id, some, changes)
            done += len(some)
            await self._ledger.pass_on(outcome.run_id, done)

    async def tell_at_once(self, run_id: str) -> bool:
        """Notify the site of a run with one request; return whether it knows everything then.
        Nothing is sent where one request is not enough. Raises `TryLater`."""
        changes = await self._ledger.changes(run_id)
        keys = changes.names
        if len(keys) > KEYS_PER_REQUEST:
            return False
        if keys:
            await self._send_batch(run_id, keys, changes)
        return True

    async def _send_batch(self, run_id: str, keys: Sequence[str], changes: Changes) -> None:
        headers = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        content = json_body(batch(run_id, keys, changes))
        try:
            await post(self._http, "REVALIDATE_URL", self._url, content, headers)
        except Misconfigured as refusal:
            raise TryLater(str(refusal), PAUSE_SECONDS) from None


def batch(run_id: str, keys: Sequence[str], changes: Changes) -> JSON:
    """One request's body. A page that was written and then removed in one run is gone."""
    pages = [key for key in keys if key.startswith("page:")]
    return {
        "runId": run_id,
        "changed": [key.removeprefix("page:") for key in pages if key not in changes.deleted],
        "deleted": [key.removeprefix("page:") for key in pages if key in changes.deleted],
        "tags": list(keys),
    }
