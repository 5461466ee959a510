"""Whether a page is published, as the owner says it with the properties `visibility` and `sync`."""

import msgspec

from lib.bundle.properties import entries_named, one_line, plain_text, title
from lib.model import JSON

DRAFT = "draft"
PAUSED = "paused"
PUBLIC = "public"
YES, NO = "yes", "no"
NAME_CHARACTERS = 80
"""Of titles and of names of properties in a doubt."""

CHOICES = ("select", "status")
TEXTS = ("url", "email", "phone_number", "string")
FLAGS = ("checkbox", "boolean")


class Publication(msgspec.Struct, frozen=True):
    """`visibility` is the owner's own word; `paused`: the version published last stays as it is.

    `doubt` is a sentence for the run's warnings where it is not known what the owner wants; "" where it is.
    """

    published: bool
    visibility: str
    paused: bool
    doubt: str = ""


class Saying(msgspec.Struct, frozen=True):
    """What the property of one name says, whatever its type. `name` is the owner's spelling; "" where there is none.

    `is_odd`: what it says can't be known, at least not all of it.
    """

    name: str = ""
    words: tuple[str, ...] = ()
    is_odd: bool = False

    def says(self, word: str) -> bool:
        """Return whether one of its words is this one, in any case."""
        return any(one.casefold() == word for one in self.words)


def publication(page: JSON) -> Publication:
    """Return what is to happen to a page. Drafts, and pages that are archived or in the trash, are not published.

    Where one of the properties can't be read, what is published stays as it is, and what is not is not published.
    """
    visibility, sync = saying(page, "visibility"), saying(page, "sync")
    published = not (visibility.says(DRAFT) or trashed(page))
    paused = sync.says(PAUSED) or visibility.is_odd or sync.is_odd
    doubt = _doubt(visibility, sync, paused) if published else ""
    return Publication(
        published=published,
        visibility=", ".join(visibility.words) or PUBLIC,
        paused=paused,
        doubt=f'"{(title(page) or page["id"])[:NAME_CHARACTERS]}": {doubt}' if doubt else "",
    )


def saying(page: JSON, name: str) -> Saying:
    """Return what the property of this name says, in any case of its name; of several the first that says something."""
    silent = Saying()
    for spelling, one in entries_named(page["properties"], name):
        found = Saying(spelling, tuple(_words(one)), bool(one.get("is_odd") or one.get("is_partly_odd")))
        if found.words or found.is_odd:
            return found
        silent = silent if silent.name else found
    return silent


def trashed(page: JSON) -> bool:
    """Return whether it is in the trash or archived; `archived` is what API versions before 2026-03-11 say."""
    return any(page.get(flag) for flag in ("in_trash", "is_archived", "archived"))


def _doubt(visibility: Saying, sync: Saying, paused: bool) -> str:
    """What is not known of the owner's wish, and what happens to the page."""
    if visibility.is_odd or sync.is_odd:
        name = visibility.name if visibility.is_odd else sync.name
        return f'property "{name[:NAME_CHARACTERS]}" can\'t be read: the page stays as it is'
    if visibility.name and not visibility.words and not paused:
        return f'property "{visibility.name[:NAME_CHARACTERS]}" says nothing: the page is published'
    return ""


def _words(value: JSON) -> list[str]:
    """The words of a property's value, or of the result of a formula or a rollup; none for a type without text."""
    kind = value["type"]
    given = value.get(kind)
    if given is None:
        return []
    match kind:
        case "formula" | "rollup":
            return _words(given)
        case "array":
            return [word for item in given for word in _words(item)]
        case "multi_select":
            texts = [option["name"] for option in given]
        case "title" | "rich_text":
            texts = [plain_text(given)]
        case "number":
            texts = [str(given)]
        case _ if kind in CHOICES:
            texts = [given["name"]]
        case _ if kind in TEXTS:
            texts = [given]
        case _ if kind in FLAGS:
            texts = [YES if given else NO]
        case _:
            texts = []
    return [line for text in texts if (line := one_line(text))]
