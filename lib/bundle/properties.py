"""A page's properties as plain JSON, and finding one by its name.

They come through `lib.notion.border`: every value has the shape of its type, or is null and marked
`is_odd`.
"""

import re
from collections.abc import Container, Iterator
from typing import Any

from lib.bundle import encoding
from lib.bundle.media import Address, FileRef, settle_file
from lib.bundle.values import DateValue, Properties, PropertyValue, Verification
from lib.model import CUT_AT, JSON

_INVISIBLE = re.compile("[\u200b\u2060\ufeff\ud800-\udfff]")
"""Zero-width blanks, and halves of surrogate pairs. Joiners are not among them: emoji and Persian
words need them."""

AS_GIVEN = frozenset(
    {
        *(
            "number",
            "checkbox",
            "url",
            "email",
            "phone_number",
            "created_time",
            "last_edited_time",
            "place",
        ),
        *("string", "boolean"),  # results of formulas
    }
)

COMPUTED = ("formula", "rollup")


def flat_properties(page: JSON, address: Address) -> Properties:
    """Every property of a page by its name, each as plain JSON; one that is odd, or of an unknown
    type, is null.

    A rich_text is its plain text; where that loses something (formatting, a link, a mention, an
    equation) Notion's own items stand beside it as `{name}__rich`, unless the database has a
    property of that very name.
    """
    properties: JSON = page["properties"]
    flat: Properties = {}
    for name, member in properties.items():
        flat[name] = _property_value(member, page["id"], address)
        rich = (member["type"] == "rich_text" and member.get("rich_text")) or []
        if any(map(_is_formatted, rich)) and f"{name}__rich" not in properties:
            flat[f"{name}__rich"] = rich
    return flat


def fingerprint(page: JSON) -> str:
    """Sum up what every listing shows of a page's properties, so that a change is seen that moves
    no time of the page: a renamed property or option, a relation that was made on its other side,
    somebody's new name.

    What is computed counts by its name only, for it may change with every minute; so does a list
    that may be cut, for a page has the same fingerprint before and after it is completed.
    """
    shown = {
        name: None if _is_vague(one) else _property_value(one, page["id"], _file_address)
        for name, one in page["properties"].items()
    }
    return encoding.digest(encoding.encode(sorted(shown.items())))


def title_of(page: JSON) -> str:
    """The page's title in one line: every run of white space is one blank, invisible characters are
    gone."""
    titles = (
        member.get("title")
        for member in page["properties"].values()
        if member.get("type") == "title"
    )
    return one_line(plain_text(next(titles, None)))


def property_named(page: JSON, name: str) -> JSON | None:
    """The property of this name in any case; where several differ only in case, the exact one or
    the first."""
    return next(members_named(page["properties"], name), None)


def members_named(properties: JSON, name: str) -> Iterator[Any]:
    """What stands under this name in any case, the exact one first."""
    return (member for _, member in entries_named(properties, name))


def entries_named(properties: JSON, name: str) -> Iterator[tuple[str, Any]]:
    """The names that are this one in any case, each with what stands under it, the exact one
    first."""
    if name in properties:
        yield name, properties[name]
    for spelling, member in properties.items():
        if spelling != name and spelling.strip().casefold() == name.casefold():
            yield spelling, member


def text_of(page: JSON, name: str, kinds: Container[str]) -> str:
    """The text of the property of this name and of one of these kinds; "" where it is missing or
    empty."""
    of_kind = (
        member for member in members_named(page["properties"], name) if member["type"] in kinds
    )
    member = next(of_kind, {"type": ""})
    match member.get(member["type"]):
        case list(rich_text):
            return plain_text(rich_text)
        case {"name": str(text)} | {"string": str(text)} | str(text):
            return text
    return ""


def plain_text(rich_text: list[JSON] | None) -> str:
    return "".join(item.get("plain_text", "") for item in rich_text or [])


def one_line(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", text).split())


def _property_value(member: JSON, page_id: str, address: Address) -> PropertyValue:
    """A property's value; also that of a formula, of a rollup and of its items, which have the same
    shape.

    https://developers.notion.com/reference/page-property-values
    """
    if member.get("is_odd"):
        return None
    kind = member["type"]
    value = member.get(kind)
    match kind:
        case _ if kind in AS_GIVEN:
            given: PropertyValue = value
            return given
        case "title" | "rich_text":
            return plain_text(value)
        case "multi_select":
            return [option["name"] for option in value or []]
        case "people":
            return [_person_name(person) for person in value or []]
        case "relation":
            return [page["id"] for page in value or []]
        case "files":
            return [
                {"name": file.get("name"), "url": settle_file(file, page_id, address)}
                for file in value or []
            ]
        case "array":
            return [_property_value(item, page_id, address) for item in value or []]
        case _ if not value:
            return None
        case "select" | "status":
            name: str = value["name"]
            return name
        case "date":
            return _date_value(value)
        case "created_by" | "last_edited_by":
            return _person_name(value)
        case "formula" | "rollup":
            return _property_value(value, page_id, address)
        case "unique_id":
            return _unique_id(value)
        case "verification":
            return _verification_value(value)
    return None


def _is_vague(member: JSON) -> bool:
    value = member.get(member["type"])
    return member["type"] in COMPUTED or (isinstance(value, list) and len(value) >= CUT_AT)


def _file_address(ref: FileRef) -> str:
    return ref.file


def _date_value(date: JSON) -> DateValue:
    return {"start": date.get("start"), "end": date.get("end"), "timeZone": date.get("time_zone")}


def _person_name(person: JSON) -> str | None:
    """A person's, bot's or group's name; Notion gives no name without the user capability, and to
    some none at all."""
    return person.get("name") or person.get("id")


def _unique_id(unique_id: JSON) -> str | None:
    number, prefix = unique_id.get("number"), unique_id.get("prefix")
    if number is None:
        return None
    return f"{prefix}-{number}" if prefix else str(number)


def _verification_value(verification: JSON) -> Verification:
    by, date = verification.get("verified_by"), verification.get("date")
    return {
        "state": verification.get("state"),
        "by": by and _person_name(by),
        "date": date and _date_value(date),
    }


def _is_formatted(item: JSON) -> bool:
    """Return whether plain text says less than this item of a rich text."""
    if (
        item.get("type", "text") != "text"
        or item.get("href")
        or (item.get("text") or {}).get("link")
    ):
        return True
    return any(
        style not in (False, None, "default") for style in (item.get("annotations") or {}).values()
    )
