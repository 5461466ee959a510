"""What a property's value becomes for a site, told a second time and more simply than the bundle
builder does."""

from collections.abc import Callable
from typing import Any

from dev.notion.nodes import JSON
from dev.notion.rich_text import plain_text

PLAIN: dict[str, Callable[[Any], Any]] = {
    "title": plain_text,
    "rich_text": plain_text,
    "number": lambda number: number,
    "string": lambda text: text,
    "boolean": lambda checked: checked,
    "checkbox": lambda checked: checked,
    "url": lambda url: url,
    "email": lambda email: email,
    "phone_number": lambda number: number,
    "select": lambda option: option and option["name"],
    "status": lambda option: option and option["name"],
    "multi_select": lambda options: [option["name"] for option in options],
    "relation": lambda pages: [page["id"] for page in pages],
    "people": lambda people: [person.get("name") or person["id"] for person in people],
    "created_by": lambda person: person.get("name") or person["id"],
    "last_edited_by": lambda person: person.get("name") or person["id"],
    "created_time": lambda time: time,
    "last_edited_time": lambda time: time,
    "date": lambda date: (
        date and {"start": date["start"], "end": date["end"], "timeZone": date["time_zone"]}
    ),
    "unique_id": lambda unique: (
        f"{unique['prefix']}-{unique['number']}" if unique["prefix"] else str(unique["number"])
    ),
    "place": lambda place: place,
    "verification": lambda given: (
        given
        and {
            "state": given["state"],
            "by": given["verified_by"] and given["verified_by"]["name"],
            "date": PLAIN["date"](given["date"]),
        }
    ),
}
"""By Notion's types; what is of another type becomes null."""
STYLES = ("bold", "italic", "strikethrough", "underline", "code")
UNFORMATTED = dict.fromkeys(STYLES, False) | {"color": "default"}


def flat(page: JSON, address: Callable[[JSON], str | None]) -> JSON:
    """A page's properties, a text with formatting twice; `address` tells where a file of theirs is
    for good."""
    values: JSON = {}
    for name, member in page["properties"].items():
        values[name] = plain(member, address)
        if any(map(_is_formatted, texts := member.get("rich_text", []))):
            values[f"{name}__rich"] = [_of_nobody(text) for text in texts]
    return values


def plain(member: JSON, address: Callable[[JSON], str | None]) -> Any:
    """A property's value as a site reads it."""
    kind, value = member["type"], member[member["type"]]
    match kind:
        case "files":
            return [{"name": file["name"], "url": address(file)} for file in value]
        case "formula" | "rollup":
            return plain(value, address)
        case "array":
            return [plain(item, address) for item in value]
    return PLAIN[kind](value) if kind in PLAIN else None


def named(properties: JSON, name: str) -> Any:
    """What Notion gives as the value of a property, whose name may be in any case; None: there is
    none."""
    found = next((member for key, member in properties.items() if key.lower() == name), None)
    return found and found[found["type"]]


def title(page: JSON) -> str:
    """Of a page object, without white space that does not show."""
    texts = next(one["title"] for one in page["properties"].values() if one["type"] == "title")
    return " ".join(plain_text(texts).split())


def _is_formatted(text: JSON) -> bool:
    return text["type"] != "text" or bool(text["href"]) or text["annotations"] != UNFORMATTED


def _of_nobody(text: JSON) -> JSON:
    """Of a person who is mentioned, who it is and nothing more."""
    if text["type"] != "mention" or text["mention"]["type"] != "user":
        return text
    user = {
        name: member
        for name, member in text["mention"]["user"].items()
        if name in ("object", "id", "name")
    }
    return {**text, "mention": {"type": "user", "user": user}}
