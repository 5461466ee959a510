"""What may become of an object of which one value is odd: it costs itself, nothing else, and is
said.

A subject is what `lib.notion.border` is given in a few lists and objects, so that a break is a path
into it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from lib.endpoint import Request
from lib.errors import Refused
from lib.notion.border.objects import Oddities, is_partial, name_of, page_of
from lib.notion.border.shapes import sound_text
from lib.requests import event_of
from lib.times import UNKNOWN
from tests.odd import outcomes
from tests.odd.breaks import Break, Path, broken, new_name, struck
from tests.odd.fitting import kv_fits
from tests.odd.official import Items, Members, Shape, conforms, shape_of
from tests.odd.outcomes import Outcome, as_given
from tests.odd.valid import PEOPLE, PORTRAITS

MOST_SECONDS = 1.0
TRIES = 3

ROLES = {
    "slug": {"wanted"},
    "visibility": {"published"},
    "sync": {"published"},
    "order": {"rank"},
    "date": {"rank"},
}
"""What else of a page may change with a property of this name."""
DERIVED = ("title", "wanted", "fingerprint", "rank")
"""What is made of a property, beside the property itself."""
FLAGS = ("in_trash", "is_archived", "archived")
TIMES = {"createdTime", "lastEdited", "rank"}
OF_PAGE = {
    "created_time": TIMES,
    "last_edited_time": TIMES,
    **{name: {name} for name in ("icon", "cover", "url")},
    **{flag: {"published"} for flag in FLAGS},
}
"""What of a page may change with a member of the page object."""

OF_DATABASE = {
    "title": {"title"},
    "data_sources": {"sources"},
    **{flag: {"trash"} for flag in FLAGS},
}
Allowed = Callable[[str], bool]


@dataclass(frozen=True)
class Kind:
    """A kind of subject: what becomes of one, its official shape, and which parts may change with a
    break."""

    outcome: Callable[[Any], Outcome]
    shape: Callable[[], Shape]
    allowed: Callable[[Any, Any, Break], Allowed]
    said: Callable[[Any, Any, Break, str], bool]
    """Whether a sentence is about what was broken."""


def judge(kind: Kind, subject: Any, whole: Outcome, one: Break) -> Outcome:
    """Break one value of a subject, and hold what becomes of it against what became of the whole
    one."""
    odd = broken(subject, one)
    outcome = _in_time(lambda: kind.outcome(odd))
    if outcome.texts != whole.texts:
        for key, text in outcome.texts.items():
            judge_text(key, text)
    may_change = kind.allowed(subject, odd, one)
    changed = [name for name in {**whole.parts, **outcome.parts} if _differs(whole, outcome, name)]
    beside = [name for name in changed if not may_change(name)]
    assert not beside, [(name, whole.parts.get(name), outcome.parts.get(name)) for name in beside]
    orders = [[name for name in each.order if not may_change(name)] for each in (whole, outcome)]
    assert orders[0] == orders[1], orders
    is_left_out = len(outcome.order) < len(whole.order)
    if (
        (changed or is_left_out)
        and not outcome.is_partial
        and not _is_as_given(kind, odd, struck(subject, one), changed, outcome)
    ):
        sentences = outcome.notes + outcome.doubts
        assert any(kind.said(subject, odd, one, each) for each in sentences), (changed, sentences)
    return outcome


def judge_whole(kind: Kind, subject: Any) -> Outcome:
    """What becomes of a subject in which nothing is odd: it is fit to be read, and there is nothing
    to say."""
    outcome = _in_time(lambda: kind.outcome(subject))
    for key, text in outcome.texts.items():
        judge_text(key, text)
    return outcome


def judge_text(key: str, text: str) -> None:
    """A value of KV is strict JSON in UTF-8, of the form that sites rely on, and shows nothing
    private of people."""
    text.encode()
    value = json.loads(text, parse_constant=_refuse)
    json.dumps(value, ensure_ascii=False).encode()
    assert kv_fits()({key: value}), f"{key} is not of the form that sites rely on: {text[:3000]}"
    assert PEOPLE not in text, f"an e-mail address of a person: {text[:3000]}"
    assert PORTRAITS not in text, f"a portrait: {text[:3000]}"
    assert UNKNOWN not in text, f"a time that is only ours: {text[:3000]}"


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _in_time(work: Callable[[], Outcome]) -> Outcome:
    """Work that is not quadratic in anything; slow moments of the machine are tried again."""
    for left in reversed(range(TRIES)):
        began = time.process_time()
        outcome = work()
        if (seconds := time.process_time() - began) < MOST_SECONDS:
            return outcome
        assert left, f"took {seconds:.1f} s"
    raise AssertionError("unreachable")


def _differs(whole: Outcome, outcome: Outcome, name: str) -> bool:
    missing = object()
    one, other = whole.parts.get(name, missing), outcome.parts.get(name, missing)
    return one != other or type(one) is not type(other)


def _is_as_given(kind: Kind, odd: Any, path: Path, changed: list[str], outcome: Outcome) -> bool:
    """Whether nothing is lost: the odd value is one that Notion may give, or stands in the bundle
    as it was given."""
    given = _given_around(odd, path)
    if path[-1] in FLAGS and given[-1] is None:
        return True  # a flag that is not there says no
    if conforms(odd, kind.shape()):
        return True
    shown = [name for name in changed if name not in DERIVED]
    return bool(shown) and all(
        name in outcome.parts and outcome.parts[name] in given for name in shown
    )


def _given_around(odd: Any, path: Path) -> list[Any]:
    """The parts of a broken subject on the way to what was broken, as a bundle shows them where
    nothing is lost."""
    around: list[Any] = []
    value = odd
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError):
            return [*around, None]  # what is missing counts as null
        around.append(as_given(value))
    return around


# Pages


def _page_shape() -> Shape:
    block = Items(shape_of("GetBlockResponse"))
    return Members(
        (
            ("page", shape_of("PageObjectResponse"), True),
            ("blocks", block, True),
            ("inside", block, True),
        )
    )


def _allowed_of_page(subject: Any, odd: Any, one: Break) -> Allowed:
    match struck(subject, one):
        case ("page", *path):
            return _changes_of_page(subject["page"], tuple(path), new_name(one, 3))
        case ("blocks" | "inside" as place, int(at), *_):
            blocks = [part[place][at] for part in (subject, odd) if at < len(part[place])]
            ids = {
                "",
                *(sound_text(str(_member(block, "id")), lambda what: None) for block in blocks),
            }
            if (place, at) == ("blocks", 0):
                ids |= {block["id"] for block in subject["inside"]}
                blocks += subject["inside"]
            names = {f"{part}:{each}" for each in ids for part in ("block", "unavailable")}
            names |= (
                {"childPages"}
                if any(_member(block, "type") == "child_page" for block in blocks)
                else set()
            )
            return lambda name: name in names
    return lambda name: True


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _changes_of_page(page: Any, path: Path, renamed: str, prefix: str = "") -> Allowed:
    """What may change with what stands at a path of a page; `renamed`: the new name of a
    property."""
    match path:
        case () | ("object" | "id" | "properties",) | ("id", *_):
            return lambda name: True
        case ("properties", str(name), *_):
            names = {name, renamed} if renamed else {name}
            return _one_of(
                {part for each in names for part in _around_property(page, each)}, prefix
            )
    return _one_of(OF_PAGE.get(str(path[0]), set()), prefix)


def _one_of(names: set[str], prefix: str) -> Allowed:
    return lambda name: name.removeprefix(prefix) in names


def _around_property(page: Any, name: str) -> set[str]:
    name = sound_text(name, lambda what: None)
    names = {f"properties.{name}", f"properties.{name}__rich", "fingerprint"}
    if name.endswith("__rich"):  # it hides the formatted text of another one
        names.add(f"properties.{name}")
    names |= ROLES.get(name.strip().casefold(), set())
    return names | (
        {"title", "wanted"} if _member(page["properties"].get(name), "type") == "title" else set()
    )


def _said_of_page(subject: Any, odd: Any, one: Break, sentence: str) -> bool:
    match struck(subject, one):
        case ("page", *path):
            return _said_of_row(odd["page"], tuple(path), new_name(one, 3), sentence)
        case (place, int(at), *_):
            block = odd[place][at] if at < len(odd[place]) else None
            known = _member(block, "id")
            return (
                (isinstance(known, str) and sound_text(known, lambda what: None) in sentence)
                or "left out" in sentence
                or "without id" in sentence
            )
    return False


def _said_of_row(page: Any, path: Path, renamed: str, sentence: str) -> bool:
    match path:
        case ("properties", str(name), *_):
            return _names_property(renamed or name, sentence) and _names_page(page, sentence)
        case ("properties",):
            return 'property "' in sentence
        case ("object" | "id", *_) | ():
            return "that is no page" in sentence
    return str(path[0]) in sentence and _names_page(page, sentence)


def _names_property(name: str, sentence: str) -> bool:
    return f'property "{sound_text(name, lambda what: None)[:70]}' in sentence


def _names_page(page: Any, sentence: str) -> bool:
    """By what can be read of its title, or by its id where that is nothing."""
    sound = page_of(page, Oddities())
    return (
        sound is not None and not is_partial(sound) and sentence.startswith(f'"{name_of(sound)}"')
    )


PAGE = Kind(outcomes.of_page, _page_shape, _allowed_of_page, _said_of_page)


# Databases


def _database_shape() -> Shape:
    rows = Items(shape_of("PageObjectResponse"))
    source, database = shape_of("GetDataSourceResponse"), shape_of("GetDatabaseResponse")
    return Members((("database", database, True), ("source", source, True), ("rows", rows, True)))


def _allowed_of_database(subject: Any, odd: Any, one: Break) -> Allowed:
    match struck(subject, one):
        case ("database", *path):
            return _one_of(
                OF_DATABASE.get(str(path[0]), set()) if path else {"title", "sources", "trash"}, ""
            )
        case ("source", "properties", str(name), *_):
            names = {sound_text(each, lambda what: None) for each in (name, new_name(one, 3))}
            return lambda part: part.removeprefix("schema.") in names
        case ("source", *path):
            return lambda part: (
                part == "parent" or (path in ([], ["properties"]) and part.startswith("schema."))
            )
        case ("rows", int(at), *path):
            row = subject["rows"][at]
            change = _changes_of_page(row, tuple(path), new_name(one, 4), f"row:{row['id']}.")
            if path in ([], ["object"]) or path[0] == "id":
                return change
            is_whole = path[0] in FLAGS or path == ["properties"]
            return lambda part: (
                f"{part}.".startswith(f"row:{row['id']}.") and (is_whole or change(part))
            )
    return lambda part: True


def _said_of_database(subject: Any, odd: Any, one: Break, sentence: str) -> bool:
    match struck(subject, one):
        case ("source", "properties", str(name), *_):
            return _names_property(new_name(one, 3) or name, sentence)
        case ("database" | "source", *_):
            return "database" in sentence
        case ("rows", int(at), *path):
            row = odd["rows"][at] if at < len(odd["rows"]) else None
            return _said_of_row(row, tuple(path), new_name(one, 4), sentence)
    return False


DATABASE = Kind(outcomes.of_database, _database_shape, _allowed_of_database, _said_of_database)


# Items of the property endpoint


def _items_shape() -> Shape:
    return Members((("items", Items(shape_of("PropertyItemObjectResponse")), True),))


def _allowed_of_items(subject: Any, odd: Any, one: Break) -> Allowed:
    """The item itself; where it was given twice or not at all, those after it are counted anew."""
    at, last = int(one.path[1]), len(odd["items"])
    names = {
        f"item:{number}"
        for number in range(at, at + 1 if last == len(subject["items"]) else last + 1)
    }
    return lambda name: name in names


def _said_of_items(subject: Any, odd: Any, one: Break, sentence: str) -> bool:
    return bool(sentence)


ITEMS = Kind(outcomes.of_items, _items_shape, _allowed_of_items, _said_of_items)


# Events

NEEDED_OF_EVENT = ("id", "type", "timestamp", "entity")
NOT_JSON = ("-1e999", "NaN")
"""Ways that a body in JSON can't be broken."""


def event_outcome(event: Any) -> tuple[dict[str, Any], str]:
    """What is understood of an event, and why it is refused where it is."""
    try:
        found = event_of(Request("POST", "/", body=json.dumps(event).encode()))
    except Refused as refused:
        return {}, str(refused)
    parts = msgspec.structs.asdict(found)
    json.dumps(parts, ensure_ascii=False).encode()
    return parts, ""


def judge_event(subject: Any, one: Break) -> bool:
    """Only what an event is about has to be right: all else may be odd, and is missing then.

    Return whether the event is refused.
    """
    whole, refused = event_outcome(subject["event"])
    assert not refused
    parts, refused = event_outcome(broken(subject, one)["event"])
    path = struck(subject, one)
    if (len(path) > 1 and path[1] in NEEDED_OF_EVENT) or one.way in NOT_JSON:
        return bool(refused)
    assert not refused, refused
    may_change = {"parent", "data_source"} if path[1] == "data" else set()
    assert {name for name in whole if parts.get(name) != whole[name]} <= may_change
    return False
