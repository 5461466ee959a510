"""Slugs: what a page asks for, and which page gets it when two ask for the same."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import count
from urllib.parse import unquote

from slugify import slugify

from lib.bundle.properties import text_of, title_of
from lib.model import JSON

SLUG_KINDS = ("rich_text", "formula", "title", "url")
ID_DIGITS = 8

MOST_CHARACTERS = 200
"""Of a page's own slug: a row's whole, of a child page what stands below the path of its parent."""

_MOST_READ = 1_000
"""Characters of what is written that are looked at: composing and slugifying text may take the
square of its length."""

_ADDRESS = re.compile(r"https?://[^/?#\\]*(?P<path>[^?#]*)", re.IGNORECASE)
_PART = re.compile(r":part:(?=\d+$)")
_UNSAFE = str.maketrans("", "", '?#\\<>"')
_NON_JOINER = "\u200c"
_JOINERS = f"{_NON_JOINER}\u200d"
_VIRAMA = 9
"""The combining class of the sign that takes an Indic letter's vowel away."""
_JOINED = re.compile(f"[{_JOINERS}]+")
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""What shows nothing and is no format character: Unicode's Default_Ignorable_Code_Point, and the
blank of braille."""


def wanted_slug(page: JSON) -> str:
    """The slug that a page asks for: its property `slug`, else its title slugified, else its id
    without dashes."""
    return _safe_slug(text_of(page, "slug", SLUG_KINDS)) or _from_title(title_of(page), page["id"])


def slug_segment(title: str, page_id: str) -> str:
    """Return what a child page asks for below its parent's slug."""
    return _from_title(title, page_id)


def told_apart(slug: str, page_id: str, path: str = "") -> Iterator[str]:
    """Yield the slugs of a page that asks for one which another page has: with the first 8 digits
    of its id, and more.

    `path` is the beginning that is not the page's own: the slug of its parent and a slash.
    """
    digits = page_id.replace("-", "")
    for length in count(ID_DIGITS):
        repeated = digits * (length // len(digits) + 1)
        own = _shortened_slug(slug.removeprefix(path), MOST_CHARACTERS - length - len("-"))
        yield f"{path}{own}-{repeated[:length]}"


def _safe_slug(written: str) -> str:
    """A slug as its owner wrote it, made fit to stand in an address and in a key, and composed
    (NFC).

    White space inside becomes "-". Characters that are not seen or that mean something in an
    address or in HTML go, and so do empty, "." and ".." segments. An end that names a part of
    another page's bundle (":part:1") is undone.
    """
    kept = _path_of(_visible_text(written).strip()).translate(_UNSAFE)[:_MOST_READ]
    composed = _JOINED.sub(_last_joiner, unicodedata.normalize("NFC", kept))
    segments = (
        "-".join(segment.split()) for segment in unicodedata.normalize("NFC", composed).split("/")
    )
    slug = "/".join(segment for segment in segments if segment not in ("", ".", ".."))
    return _PART.sub("-part-", _shortened_slug(slug, MOST_CHARACTERS))


def _path_of(written: str) -> str:
    """Of a whole address its path, decoded as a site gets it; all else as it is written."""
    address = _ADDRESS.match(written)
    if address is None:
        return written
    try:
        return _visible_text(unquote(address["path"], errors="strict"))
    except UnicodeDecodeError:
        return address["path"]


def _visible_text(text: str) -> str:
    return "".join(filter(_is_seen, _BLANK.sub("", text)))


def _is_seen(character: str) -> bool:
    """Return whether a character shows something or is white space; joiners do between the right
    neighbours."""
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs")
    return not hidden or character.isspace() or character in _JOINERS


def _last_joiner(found: re.Match[str]) -> str:
    """The last of a run of joiners if it changes how its neighbours look, as in Indic and Arabic
    words and in emoji."""
    text, at, joiner = found.string, found.start() - 1, found[0][-1]
    if at >= 0 and unicodedata.combining(text[at]) == _VIRAMA:
        return joiner
    while at >= 0 and unicodedata.combining(text[at]):
        at -= 1
    neighbours = (text[at : at + 1], text[found.end() : found.end() + 1])
    if joiner == _NON_JOINER:
        is_seen = all(one and unicodedata.bidirectional(one) == "AL" for one in neighbours)
    else:
        is_seen = all(one and unicodedata.category(one) in ("So", "Sk") for one in neighbours)
    return joiner if is_seen else ""


def _shortened_slug(slug: str, most: int) -> str:
    """Return a slug cut to a length, between words where that leaves half of them."""
    if len(slug) <= most:
        return slug
    between = max(slug.rfind("-", 0, most + 1), slug.rfind("/", 0, most + 1))
    return slug[: between if between >= most // 2 else most].rstrip(f"-/.{_JOINERS}")


def _from_title(title: str, page_id: str) -> str:
    """A title is plain text, so nothing in it is an HTML entity; the back end is named because
    slugs must last."""
    slug = slugify(
        title[:_MOST_READ],
        entities=False,
        decimal=False,
        hexadecimal=False,
        backend="text-unidecode",
    )
    return _shortened_slug(slug, MOST_CHARACTERS) or page_id.replace("-", "")
