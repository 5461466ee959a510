"""Links to previews. Anybody with such a link sees one page for an hour, whether it is a draft or
not."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from lib.config import Config
from lib.errors import Misconfigured, Refused
from lib.model import JSON
from lib.notion.ids import object_id
from lib.secret import sign_preview
from lib.store.previews import Previews
from lib.times import iso_utc

LINK_SECONDS = 3_600


class PreviewLinks:
    """Makes links to the site at `PREVIEW_URL`. `now` gives epoch seconds."""

    def __init__(self, previews: Previews, config: Config, now: Callable[[], float]) -> None:
        self._previews, self._config, self._now = previews, config, now

    async def link_to(self, wanted: str) -> JSON:
        """Return a link to a page that is named by slug or id, and until when it is good. Raises
        `Misconfigured`, and `Refused` (404: no page is there to be seen)."""
        config = self._config
        if not config.previews:
            raise Misconfigured(
                "SYNC_PREVIEW is not on: set it to on and sync everything once, for drafts to stand"
                " in KV"
            )
        if not config.preview_url:
            raise Misconfigured(
                "PREVIEW_URL is not set: give the address where your site takes links to previews"
            )
        slug = await self._previews.slug_of(wanted, _id_of(wanted))
        if not slug:
            raise Refused(
                "No draft or page is known by this slug or id; sync it first", HTTPStatus.NOT_FOUND
            )
        expires = int(self._now()) + LINK_SECONDS
        signature = sign_preview(config.cron_secret, slug, expires)
        query = urlencode({"slug": slug, "expires": expires, "signature": signature})
        joint = "&" if "?" in config.preview_url else "?"
        url = f"{config.preview_url}{joint}{query}"
        return {"preview": {"slug": slug, "url": url, "expiresAt": iso_utc(expires)}}


def _id_of(wanted: str) -> str:
    try:
        return object_id(wanted)
    except ValueError:
        return ""
