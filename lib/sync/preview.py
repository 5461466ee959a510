"""Drafts that have a preview, and links to them. Anybody with such a link sees one page for an
hour, whether it is a draft or not."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode

from lib.bundle.publication import DRAFT
from lib.config import Config
from lib.errors import Misconfigured, Refused
from lib.model import JSON, Observation
from lib.notion.ids import object_id
from lib.secret import sign_preview
from lib.store.previews import Previewed, Previews
from lib.times import iso_utc

LINK_SECONDS = 3_600

Why = Literal["draft", "waiting", "over", "paused"]
"""Why the public does not see a page as it is: it is a draft, its date is ahead or over, or it
stays as it was."""


class PreviewLinks:
    """Makes links to the site at `PREVIEW_URL`. `now` gives epoch seconds."""

    def __init__(self, previews: Previews, config: Config, now: Callable[[], float]) -> None:
        self._previews, self._config, self._now = previews, config, now

    async def link_to(self, wanted: str) -> JSON:
        """Return a link to a page that is named by slug or id, and until when it is good. Raises
        `Misconfigured`, and `Refused` (404: no page is there to be seen)."""
        self._require_settings()
        slug = await self._previews.slug_of(wanted, _id_of(wanted))
        if not slug:
            raise Refused(
                "No draft or page is known by this slug or id; sync it first", HTTPStatus.NOT_FOUND
            )
        expires = self._expiry()
        url = self._signed_url(slug, expires)
        return {"preview": {"slug": slug, "url": url, "expiresAt": iso_utc(expires)}}

    async def drafts_json(self) -> JSON:
        """Return the drafts that have a preview, each with why it is none of the public's and a
        link, and until when the links are good. Raises `Misconfigured`."""
        self._require_settings()
        total, listed = await self._previews.list_previewed()
        expires = self._expiry()
        return {
            "drafts": [
                {
                    "pageId": one.page_id,
                    "title": one.seen.title if one.seen else "",
                    "slug": one.slug,
                    **_fate_json(one, has_rule=bool(self._config.published_property)),
                    "url": self._signed_url(one.slug, expires),
                }
                for one in listed
            ],
            "total": total,
            "expiresAt": iso_utc(expires),
        }

    def _require_settings(self) -> None:
        if not self._config.previews:
            raise Misconfigured(
                "SYNC_PREVIEW is not on: set it to on and sync everything once, for drafts to stand"
                " in KV"
            )
        if not self._config.preview_url:
            raise Misconfigured(
                "PREVIEW_URL is not set: give the address where your site takes links to previews"
            )

    def _expiry(self) -> int:
        return int(self._now()) + LINK_SECONDS

    def _signed_url(self, slug: str, expires: int) -> str:
        config = self._config
        signature = sign_preview(config.cron_secret, slug, expires)
        query = urlencode({"slug": slug, "expires": expires, "signature": signature})
        joint = "&" if "?" in config.preview_url else "?"
        return f"{config.preview_url}{joint}{query}"


def _fate_json(one: Previewed, *, has_rule: bool) -> JSON:
    why = why_hidden(one.row, has_rule=has_rule)
    changes_at = one.row.changes_at if one.row and why == "waiting" else None
    return {"why": why, "until": None if changes_at is None else iso_utc(changes_at)}


def why_hidden(row: Observation | None, *, has_rule: bool) -> Why:
    """Return why a row, and what stands in it, is not published as it is. By an owner's rule
    (`has_rule`) the property `visibility` says nothing of it."""
    if row is None:
        return "draft"
    if row.is_published:
        return "paused"
    if row.changes_at is not None:
        return "waiting"
    words = {word.strip().casefold() for word in row.visibility.split(", ")}
    return "draft" if has_rule or DRAFT in words else "over"


def _id_of(wanted: str) -> str:
    try:
        return object_id(wanted)
    except ValueError:
        return ""
