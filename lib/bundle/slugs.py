"""Slugs: what a page asks for, and who gets it when two ask for the same."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count
from urllib.parse import unquote

import msgspec
from slugify import slugify

from lib.bundle.properties import one_line, text, title
from lib.bundle.values import PageLink
from lib.model import JSON, ChildPage
from lib.times import instant

SLUG_KINDS = ("rich_text", "formula", "title", "url")
ID_DIGITS = 8

MOST_CHARACTERS = 200
"""Of a page's own slug: a row's whole, of a child page what stands below the path of its parent."""

_MOST_READ = 1_000
"""Characters of what is written that are looked at: composing and slugifying text may take the square of its length."""

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
"""What shows nothing and is no format character: Unicode's Default_Ignorable_Code_Point, and the blank of braille."""


class Candidate(msgspec.Struct, frozen=True):
    """A page and the slug it asks for; `created_time` as Notion gives it. `settled`: it has it and stays there.

    `path` is the beginning of `wanted` that is not the page's own: the slug of its parent and a slash.
    """

    id: str
    wanted: str
    created_time: str
    title: str
    settled: bool = False
    path: str = ""


class Assignment(msgspec.Struct, frozen=True):
    """Page id → slug, no slug twice; a warning for each page that did not get what it asked for."""

    slugs: dict[str, str]
    warnings: list[str]


def wanted(page: JSON) -> str:
    """The slug that a page asks for: its property `slug`, else its title slugified, else its id without dashes."""
    return _safe(text(page, "slug", SLUG_KINDS)) or _from_title(title(page), page["id"])


def assign(candidates: Iterable[Candidate], taken: Collection[str] = ()) -> Assignment:
    """Gives every page a slug of its own, and none that is `taken` by others, whatever the order of the candidates.

    Of those that ask for the same the oldest (by `created_time`, then id) gets it, unless one is settled there; to the
    others' the first 8 digits of their id are added, and more of them where that is taken too.
    """
    by_age = sorted({one.id: one for one in candidates}.values(), key=_precedence)
    owners: dict[str, Candidate] = {}
    for one in by_age:
        owners.setdefault(one.wanted, one)
    used = {*owners, *taken}
    slugs: dict[str, str] = {}
    warnings: list[str] = []
    for one in by_age:
        owner = None if one.wanted in taken else owners[one.wanted]
        slugs[one.id] = one.wanted
        if owner is not one:
            slugs[one.id] = next(slug for slug in _told_apart(one) if slug not in used)
            used.add(slugs[one.id])
            warnings.append(_warning(one, owner, slugs[one.id]))
    return Assignment(slugs, warnings)


def children(
    parent_slug: str, pages: Sequence[ChildPage], taken: Collection[str] = ()
) -> tuple[list[PageLink], list[str]]:
    """The `childPages` of a bundle in document order, each slug a full path that is not `taken` by another page, and
    the warnings about those that did not get what they asked for."""
    candidates = [
        Candidate(
            id=page.id,
            wanted=f"{parent_slug}/{_from_title(page.title, page.id)}",
            created_time=page.created_time,
            title=one_line(page.title),
            path=f"{parent_slug}/",
        )
        for page in pages
    ]
    assignment = assign(candidates, taken)
    named: list[PageLink] = [
        {"id": page.id, "slug": assignment.slugs[page.id], "title": one_line(page.title)} for page in pages
    ]
    return named, assignment.warnings


def _warning(one: Candidate, owner: Candidate | None, slug: str) -> str:
    """What befell `one`, whose slug `owner` has (None: a page that does not take part)."""
    if owner is None:
        return f'"{one.title}" asks for the slug "{one.wanted}", which another page has: it is published as "{slug}"'
    keeper = "one that has it" if owner.settled else "older page"
    return (
        f'"{owner.title}" and "{one.title}" ask for the same slug "{one.wanted}": the {keeper} keeps it, '
        f'"{one.title}" is published as "{slug}"'
    )


def _precedence(one: Candidate) -> tuple[bool, float, str]:
    return not one.settled, instant(one.created_time), one.id


def _safe(written: str) -> str:
    """A slug as its owner wrote it, made fit to stand in an address and in a key, and composed (NFC).

    White space inside becomes "-". Characters that are not seen or that mean something in an address or in HTML go, and
    so do empty, "." and ".." segments. An end that names a part of another page's bundle (":part:1") is undone.
    """
    kept = _path(_visible(written).strip()).translate(_UNSAFE)[:_MOST_READ]
    composed = _JOINED.sub(_joiner, unicodedata.normalize("NFC", kept))
    segments = ("-".join(segment.split()) for segment in unicodedata.normalize("NFC", composed).split("/"))
    slug = "/".join(segment for segment in segments if segment not in ("", ".", ".."))
    return _PART.sub("-part-", _shortened(slug, MOST_CHARACTERS))


def _path(written: str) -> str:
    """Of a whole address its path, decoded as a site gets it; all else as it is written."""
    address = _ADDRESS.match(written)
    if address is None:
        return written
    try:
        return _visible(unquote(address["path"], errors="strict"))
    except UnicodeDecodeError:
        return address["path"]


def _visible(text: str) -> str:
    return "".join(filter(_is_seen, _BLANK.sub("", text)))


def _is_seen(character: str) -> bool:
    """Whether a character shows something or is white space; joiners do between the right neighbours."""
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs")
    return not hidden or character.isspace() or character in _JOINERS


def _joiner(found: re.Match[str]) -> str:
    """The last of a run of joiners if it changes how its neighbours look, as in Indic and Arabic words and in emoji."""
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


def _shortened(slug: str, most: int) -> str:
    """A slug of so many characters at most, cut between words where that leaves half of them."""
    if len(slug) <= most:
        return slug
    between = max(slug.rfind("-", 0, most + 1), slug.rfind("/", 0, most + 1))
    return slug[: between if between >= most // 2 else most].rstrip(f"-/.{_JOINERS}")


def _from_title(title: str, page_id: str) -> str:
    """A title is plain text, so nothing in it is an HTML entity; the back end is named because slugs must last."""
    slug = slugify(title[:_MOST_READ], entities=False, decimal=False, hexadecimal=False, backend="text-unidecode")
    return _shortened(slug, MOST_CHARACTERS) or page_id.replace("-", "")


def _told_apart(one: Candidate) -> Iterator[str]:
    digits = one.id.replace("-", "")
    for length in count(ID_DIGITS):
        repeated = digits * (length // len(digits) + 1)
        own = _shortened(one.wanted.removeprefix(one.path), MOST_CHARACTERS - length - len("-"))
        yield f"{one.path}{own}-{repeated[:length]}"
