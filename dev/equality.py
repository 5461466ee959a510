"""Whether KV holds what the workspace does: the same pages, property for property and block for block."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dev.notion import truth
from dev.notion.workspace import Workspace

PLAIN: dict[str, Callable[[Any], Any]] = {
    "title": lambda texts: "".join(text["plain_text"] for text in texts),
    "rich_text": lambda texts: "".join(text["plain_text"] for text in texts),
    "number": lambda number: number,
    "checkbox": lambda checked: checked,
    "url": lambda url: url,
    "email": lambda email: email,
    "phone_number": lambda number: number,
    "select": lambda option: option and option["name"],
    "status": lambda option: option and option["name"],
    "multi_select": lambda options: [option["name"] for option in options],
    "relation": lambda pages: [page["id"] for page in pages],
    "people": lambda people: [person.get("name") or person["id"] for person in people],
    "date": lambda date: date and {"start": date["start"], "end": date["end"], "timeZone": date["time_zone"]},
}
"""What a property becomes, told a second time and more simply than the bundle builder does."""


def differences(
    bundles: Iterable[Mapping[str, Any]], workspace: Workspace, source_database_ids: Iterable[str]
) -> list[str]:
    """Every page that is not as the workspace has it, each with what is wrong; `bundles` are put together of their
    parts."""
    published = {bundle["meta"]["id"]: bundle for bundle in bundles}
    expected = truth.published_pages(workspace, source_database_ids)
    found = [f"{id} is missing" for id in expected if id not in published]
    found += [f"{published[id]['meta']['slug']} is too much" for id in published.keys() - set(expected)]
    for id in published.keys() & set(expected):
        slug = published[id]["meta"]["slug"]
        if comparable(published[id]["blocks"]) != comparable(truth.tree(workspace, id)):
            found.append(f"{slug} has other blocks")
        properties = truth.expected_page(workspace, id)["properties"]
        found += [
            f"{slug} has another {name}" for name in properties if _differs(name, properties[name], published[id])
        ]
    return sorted(found)


def _differs(name: str, property: Mapping[str, Any], bundle: Mapping[str, Any]) -> bool:
    flat = bundle["meta"]["properties"]
    plain = PLAIN.get(property["type"])
    return name not in flat or (plain is not None and flat[name] != plain(property[property["type"]]))


def comparable(blocks: list[Any]) -> Any:
    """Blocks without what legitimately differs: the addresses of hosted files, and the words for what can't be read."""
    return [_comparable(block) for block in blocks]


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return [_comparable(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") == "file" and isinstance(value.get("file"), dict):
        return {"type": "file"}
    members = {name: _comparable(one) for name, one in value.items() if name != "unavailable"}
    if set(value) - {"id", "object", "type", "has_children", "children", "unavailable"} <= {
        f"{kind}_{part}" for kind in ("meeting_notes", "transcription") for part in ("summary", "notes", "transcript")
    }:
        members = {name: one for name, one in members.items() if name in ("id", "children")}
    return members | ({"unavailable": True} if "unavailable" in value else {})
