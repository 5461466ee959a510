"""Whether a page is published, as its owner says it with the properties `visibility`, `sync` and
`publish`.

The owner's own rule, which is a property and the words that mean *published*, may take the place of
`visibility`.
"""

from unicodedata import normalize

import msgspec

from lib.bundle.encoding import digest, encode
from lib.bundle.properties import entries_named, one_line, plain_text, title_of
from lib.bundle.schedule import ALWAYS, Window, schedule_of
from lib.model import JSON

VISIBILITY, SYNC = "visibility", "sync"
DRAFT = "draft"
PAUSED = "paused"
PUBLIC = "public"
YES, NO = "yes", "no"
NAME_CHARACTERS = 80
"""Of titles, of names of properties and of words in a doubt or a fault."""

CHOICES = ("select", "status")
TEXTS = ("url", "email", "phone_number", "string")
FLAGS = ("checkbox", "boolean")


COMPUTED = ("formula", "rollup")
WITH_OPTIONS = (*CHOICES, "multi_select")
WITH_WORDS = (*WITH_OPTIONS, *TEXTS, *FLAGS, *COMPUTED, "title", "rich_text", "number")


class PublicationRule(msgspec.Struct, frozen=True):
    """How it is judged what is published: by words of the owner's property; without one,
    `visibility` decides.

    `time_zone` is that of dates without a time. `previews`: what is not published has a preview.
    """

    property_name: str = ""
    words: tuple[str, ...] = ()
    time_zone: str = "UTC"
    previews: bool = False

    @property
    def fingerprint(self) -> str:
        """Sum the rule up: where this changes, every page is to be judged anew. "" for the default
        rule."""
        if msgspec.structs.replace(self, previews=False) == DEFAULT_RULE:
            return ""
        words = sorted({_folded_word(word) for word in self.words})
        return digest(encode([_folded_word(self.property_name), words, self.time_zone]))


DEFAULT_RULE = PublicationRule()


class RuleFault(msgspec.Struct, frozen=True):
    """What a data source does not have of a rule. `is_whole`: by this rule none of its rows is
    published."""

    text: str
    is_whole: bool


class Publication(msgspec.Struct, frozen=True):
    """What is to happen to a page. That it is `published` is true while its `window` is open.

    `visibility` is the owner's own word; `paused`: the version published last stays as it is.
    `doubt` is a sentence for the run's warnings where it is not known what the owner wants; ""
    where it is.
    """

    published: bool
    visibility: str
    paused: bool
    doubt: str = ""
    window: Window = ALWAYS


class Saying(msgspec.Struct, frozen=True):
    """What the property of one name says, whatever its type. `name` is the owner's spelling; ""
    where there is none.

    `is_odd`: what it says can't be known, at least not all of it. `is_mute`: a value of its type
    has no words.
    """

    name: str = ""
    words: tuple[str, ...] = ()
    is_odd: bool = False
    is_mute: bool = False

    def says_any(self, *words: str) -> bool:
        """Return whether one of its words is one of these, in any case."""
        return not {_folded_word(one) for one in self.words}.isdisjoint(
            {_folded_word(word) for word in words}
        )


class _RowWish(msgspec.Struct, frozen=True):
    """What one property wishes for a page. `unknown`: why that is not known; `hint`: what its owner
    may have missed."""

    published: bool
    visibility: str = PUBLIC
    unknown: str = ""
    hint: str = ""


def publication_of(page: JSON, rule: PublicationRule = DEFAULT_RULE) -> Publication:
    """Return what is to happen to a page. What is archived or in the trash is not published,
    whatever the rule.

    Where one of the properties can't be read or judged, what is published stays as it is, and what
    is not is not published.
    """
    wish = _wish_by_words(page, rule) if rule.property_name else _wish_by_visibility(page)
    sync, schedule = saying_of(page, SYNC), schedule_of(page, rule.time_zone)
    published = wish.published and not is_trashed(page)
    unknown = wish.unknown or (_unreadable_doubt(sync) if sync.is_odd else "") or schedule.doubt
    paused = sync.says_any(PAUSED) or bool(unknown)
    doubt = (unknown or ("" if paused else wish.hint)) if published else ""
    return Publication(
        published=published,
        visibility=wish.visibility,
        paused=paused,
        doubt=f'"{_short_name(title_of(page) or page["id"])}": {doubt}' if doubt else "",
        window=schedule.window,
    )


def rule_faults(rule: PublicationRule, schema: JSON) -> list[RuleFault]:
    """Return what an owner's rule names and the properties of a data source, as Notion gives them,
    do not have."""
    if not rule.property_name:
        return []
    there = list(entries_named(schema, rule.property_name))
    if not there:
        return [
            RuleFault(f'no property is named "{_short_name(rule.property_name)}"', is_whole=True)
        ]
    name, one = next((entry for entry in there if entry[1]["type"] in WITH_WORDS), there[0])
    if one["type"] not in WITH_WORDS:
        return [
            RuleFault(
                f'the property "{_short_name(name)}" is of the type {one["type"]}, which has no'
                " words",
                is_whole=True,
            )
        ]
    sayable = _sayable_words(one)
    unknown = [
        word
        for word in rule.words
        if sayable is not None and _folded_word(word) not in map(_folded_word, sayable)
    ]
    told = ", ".join(f'"{_short_name(one)}"' for one in sayable or []) or "nothing"
    return [
        RuleFault(
            f'the property "{_short_name(name)}" never says "{_short_name(word)}"; what it can'
            f" say: {told}",
            is_whole=len(unknown) == len(rule.words),
        )
        for word in unknown
    ]


def saying_of(page: JSON, name: str) -> Saying:
    """Return what the property of this name says, in any case of its name; of several the first
    that says something."""
    silent = Saying()
    for spelling, one in entries_named(page["properties"], name):
        is_odd = bool(one.get("is_odd") or one.get("is_partly_odd"))
        found = Saying(spelling, tuple(_words_of(one)), is_odd, _is_mute(one))
        if found.words or found.is_odd:
            return found
        silent = silent if silent.name else found
    return silent


def is_trashed(page: JSON) -> bool:
    """Return whether it is in the trash or archived; `archived` is what API versions before
    2026-03-11 say."""
    return any(page.get(flag) for flag in ("in_trash", "is_archived", "archived"))


def _wish_by_visibility(page: JSON) -> _RowWish:
    """Every page is published but drafts."""
    said = saying_of(page, VISIBILITY)
    is_silent = bool(said.name) and not said.words
    return _RowWish(
        published=not said.says_any(DRAFT),
        visibility=", ".join(said.words) or PUBLIC,
        unknown=_unreadable_doubt(said) if said.is_odd else "",
        hint=(
            f'property "{_short_name(said.name)}" says nothing: the page is published'
            if is_silent
            else ""
        ),
    )


def _wish_by_words(page: JSON, rule: PublicationRule) -> _RowWish:
    """Only pages are published whose property says one of the words; an empty one says none.

    A property that is not there, such as one that was renamed in Notion, says nothing about any
    page.
    """
    said = saying_of(page, rule.property_name)
    if said.says_any(*rule.words):
        return _RowWish(published=True)
    if not said.name:
        name = _short_name(rule.property_name)
        unknown = (
            f'it has no property "{name}", which NOTION_PUBLISHED names: the page stays as it is'
        )
        return _RowWish(published=True, unknown=unknown)
    if said.is_odd:
        return _RowWish(published=True, unknown=_unreadable_doubt(said))
    if said.is_mute:
        name = _short_name(said.name)
        unknown = (
            f'property "{name}", which NOTION_PUBLISHED names, has no words: the page stays as'
            " it is"
        )
        return _RowWish(published=True, unknown=unknown)
    return _RowWish(published=False)


def _unreadable_doubt(said: Saying) -> str:
    return f'property "{_short_name(said.name)}" can\'t be read: the page stays as it is'


def _short_name(text: str) -> str:
    return text[:NAME_CHARACTERS]


def _folded_word(text: str) -> str:
    """A word as it is compared: in any case, whatever its white space and however its accents are
    typed."""
    return normalize("NFC", one_line(text).casefold())


def _sayable_words(schema: JSON) -> list[str] | None:
    """Return all that a property can say; None where it may be anything."""
    kind = schema["type"]
    if kind in FLAGS:
        return [YES, NO]
    return [option["name"] for option in schema[kind]["options"]] if kind in WITH_OPTIONS else None


def _is_mute(value: JSON) -> bool:
    """Return whether a property, or the result of a formula or a rollup, is of a type without
    words."""
    kind = value["type"]
    given = value.get(kind)
    if kind in COMPUTED:
        return given is not None and _is_mute(given)
    if kind == "array":
        return any(map(_is_mute, given or []))
    return kind not in WITH_WORDS


def _words_of(value: JSON) -> list[str]:
    """The words of a property's value, or of the result of a formula or a rollup; none for a type
    without text."""
    kind = value["type"]
    given = value.get(kind)
    if given is None:
        return []
    match kind:
        case "formula" | "rollup":
            return _words_of(given)
        case "array":
            return [word for item in given for word in _words_of(item)]
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
