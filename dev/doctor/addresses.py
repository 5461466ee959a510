"""Files: whether the addresses that are published were signed with the secret that is set."""

import re
from collections.abc import AsyncIterator

from dev.doctor.finding import Finding, mend, note, ok
from lib.config import Config
from lib.errors import SyncError
from lib.secret import AddressKey
from lib.store.keys import Keys
from lib.store.kv import Kv

MOST_PAGES = 10
"""So many pages are looked at for one that shows a file."""
_ADDRESS = re.compile(
    r'/api/media\?(?P<token>(?:block|page)=[\w-]+&file=\w+)(?:&mac=(?P<mac>\w+))?"'
)
AGAIN = "Ask for a sync with ?force=1, which writes every address anew"


async def examine(kv: Kv, config: Config) -> AsyncIterator[Finding]:
    """Look at one published page with a file; find nothing where there is none."""
    try:
        found = await _address(kv, Keys(config.kv_prefix))
    except SyncError:
        return  # what is wrong with KV is told elsewhere
    if found is None:
        return
    token, mac = found
    if not mac:
        yield note(
            f"addresses of files are of an older format, of which a few open in a minute. {AGAIN}"
        )
    elif mac == AddressKey(config.cron_secret).mac(token):
        yield ok("addresses of files are signed with this CRON_SECRET")
    elif config.previous_secret and mac == AddressKey(config.previous_secret).mac(token):
        yield note(
            f"addresses of files are signed with CRON_SECRET_PREVIOUS. {AGAIN}; then drop it"
        )
    else:
        yield mend(
            "addresses of files are signed with another CRON_SECRET, so they don't open: set"
            f" CRON_SECRET_PREVIOUS to the one before. {AGAIN}"
        )


async def _address(kv: Kv, keys: Keys) -> tuple[str, str] | None:
    """Return what an address of a published page asks for, and its MAC."""
    _, bundles = await kv.command("HSCAN", keys.files, 0, "COUNT", 5 * MOST_PAGES)
    pages = [bundle.removeprefix("page:") for bundle in bundles if bundle.startswith("page:")]
    for page_id in pages[:MOST_PAGES]:
        slug = await kv.command("HGET", keys.paths, page_id)
        text = await kv.command("GET", keys.page(slug)) if slug else None
        if found := _ADDRESS.search(text or ""):
            return found["token"], found["mac"] or ""
    return None
