"""A page as text: what a site, a feed or a language model reads under `doc:{slug}`."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from lib.bundle import encoding
from lib.bundle.text.kinds import PageContext
from lib.bundle.text.summary import date_of, excerpt_of, number_of_words, tags_of
from lib.bundle.text.walk import text_of
from lib.bundle.values import Doc, Meta
from lib.errors import TooLarge
from lib.model import BUNDLE_VERSION, Copy

_OUR_ADDRESS = re.compile(
    r"https?://[^\s\"\\<>()]*/api/media\?(?:block|page)=[0-9a-f-]{36}&file=(?P<file>[0-9a-f]{16})"
    r"(?:&mac=[0-9a-f]+)?"
)
"""An address of ours as it stands in Markdown, and in the JSON text of it."""
_LEAST_KEPT = 0.5
"""Of a text that is cut: where a block or a line ends before that, it is cut inside of one."""


class Document(msgspec.Struct, frozen=True):
    """The JSON text of a document; `unknown` counts the blocks of kinds that nothing is known
    of."""

    value: str
    unknown: dict[str, int] = {}


def _no_database(_: str) -> None:
    return None


def document_of(
    meta: Meta,
    blocks: Iterable[Any],
    synced_at: str,
    max_value_bytes: int,
    *,
    database: Callable[[str], Mapping[str, Any] | None] = _no_database,
    copies: Mapping[str, Copy] | None = None,
) -> Document:
    """Return a page as text, no larger than `max_value_bytes` in UTF-8.

    `meta` and `blocks` are those of its bundle. `database` gives a child database as a site reads
    it, by its id, or None where that is not at hand: then the page shows its title only. `copies`
    as `lib.bundle.media.with_copies` takes them. Raises TooLarge where not even the title and the
    like fit.
    """
    around = PageContext({child["id"]: child["title"] for child in meta["childPages"]}, database)
    text = text_of(blocks, around)
    properties = meta["properties"]
    doc: Doc = {
        "v": BUNDLE_VERSION,
        "id": meta["id"],
        "slug": meta["slug"],
        "title": meta["title"],
        "visibility": meta["visibility"],
        "date": date_of(properties),
        "tags": tags_of(properties),
        "excerpt": excerpt_of(properties, text.prose),
        "outline": text.outline,
        "words": number_of_words(text.plain),
        "text": text.plain,
        "markdown": with_copies(text.markdown, copies or {}),
        "syncedAt": synced_at,
    }
    return Document(_encoded_document(doc, max_value_bytes), text.unknown)


def with_copies(text: str, copies: Mapping[str, Copy]) -> str:
    """Return a document's JSON text, or its Markdown, with the addresses of copies in place of
    ours.

    It may be longer then, by the difference between the addresses.
    """

    def copied(found: re.Match[str]) -> str:
        copy = copies.get(found["file"])
        return (
            quote(copy.url, safe="/:?&=#%+,;@!$'*~", errors="replace")
            if copy and copy.url
            else found[0]
        )

    return _OUR_ADDRESS.sub(copied, text) if copies else text


def _encoded_document(doc: Doc, max_value_bytes: int) -> str:
    """The JSON text of a document. One that is too large is cut: its texts, and only then what sums
    it up."""
    whole = encoding.encode(doc)
    if encoding.size(whole) <= max_value_bytes:
        return whole
    for frame in _shorter_frames(doc):
        room = max_value_bytes - encoding.size(encoding.encode(frame))
        if room >= 0:
            return encoding.encode({**frame, **_shared_out(doc["text"], doc["markdown"], room)})
    raise TooLarge(
        f'"{doc["title"]}" ({doc["slug"]}) as text has more bytes beside its text than one KV value'
        f" may have ({max_value_bytes}): raise KV_MAX_VALUE_BYTES"
    )


def _shorter_frames(doc: Doc) -> Iterable[dict[str, Any]]:
    """A document without its texts; then with less and less of what sums it up."""
    empty: dict[str, Any] = {**doc, "text": "", "markdown": "", "truncated": True}
    empty["syncedAt"] = empty.pop("syncedAt")
    yield empty
    for kept in (1_000, 100, 10, 0):
        yield {**empty, "outline": doc["outline"][:kept]}
    yield {**empty, "outline": [], "excerpt": "", "tags": []}


def _shared_out(text: str, markdown: str, room: int) -> dict[str, str]:
    """Both texts cut to the same share, so that together they have no more than `room` bytes as
    JSON."""
    text_size, markdown_size = _size_in_json(text), _size_in_json(markdown)
    most = room * text_size // max(1, text_size + markdown_size)
    cut = _cut_to_bytes(text, most)
    return {"text": cut, "markdown": _cut_to_bytes(markdown, room - _size_in_json(cut))}


def _size_in_json(text: str) -> int:
    """Return the bytes of a text inside of JSON."""
    return encoding.size(encoding.encode(text)) - len('""')


def _cut_to_bytes(text: str, most: int) -> str:
    """Return the longest beginning of a text that fits into a number of bytes as JSON, up to the
    end of a block or a line."""
    fits, too_many = 0, len(text) + 1
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        fits, too_many = (
            (middle, too_many) if _size_in_json(text[:middle]) <= most else (fits, middle)
        )
    if fits == len(text):
        return text
    ends = (text.rfind(end, 0, fits + len(end)) for end in ("\n\n", "\n", " "))
    return text[: next((end for end in ends if end >= fits * _LEAST_KEPT), fits)]
