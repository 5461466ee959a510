"""Slugs: what a page asks for, and who gets it when two ask for the same."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count

import msgspec
from slugify import slugify

from lib.bundle.properties import one_line, text, title
from lib.bundle.values import PageLink
from lib.model import JSON, ChildPage
from lib.times import instant

SLUG_KINDS = ("rich_text", "formula", "title", "url")
ID_DIGITS = 8

_ORIGIN = re.compile(r"\Ahttps?://[^/?#]*", re.IGNORECASE)
_PART = re.compile(r":part:(?=\d+$)")
_JOINERS = "\u200c\u200d"


class Candidate(msgspec.Struct, frozen=True):
    """A page and the slug it asks for; `created_time` as Notion gives it. `settled`: it has it and stays there."""

    id: str
    wanted: str
    created_time: str
    title: str
    settled: bool = False


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
    """A slug as its owner wrote it, made fit to stand in an address and in a key.

    White space inside becomes "-"; characters that are not seen, "?" and "#" go, and so do empty, "." and ".." segments
    and the `https://host` of a whole address. An end that names a part of another page's bundle (":part:1") is undone.
    """
    seen = "".join(filter(_is_seen, _ORIGIN.sub("", written.strip())))
    segments = ("-".join(segment.split()) for segment in seen.split("/"))
    return _PART.sub("-part-", "/".join(segment for segment in segments if segment not in ("", ".", "..")))


def _is_seen(character: str) -> bool:
    if character in "?#":
        return False
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs")
    return not hidden or character.isspace() or character in _JOINERS


def _from_title(title: str, page_id: str) -> str:
    """A title is plain text, so nothing in it is an HTML entity; the back end is named because slugs must last."""
    slug = slugify(title, entities=False, decimal=False, hexadecimal=False, backend="text-unidecode")
    return slug or page_id.replace("-", "")


def _told_apart(one: Candidate) -> Iterator[str]:
    digits = one.id.replace("-", "")
    for length in count(ID_DIGITS):
        repeated = digits * (length // len(digits) + 1)
        yield f"{one.wanted}-{repeated[:length]}"
