"""The members of our objects are those of Notion's own, as they were recorded, for each API
version."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from notion_client import Client

from dev.notion import TOKEN, NotionStandIn
from dev.notion.generate import PAGES
from tests.dev.notion.conftest import LOGGER
from tests.dev.notion.test_objects import BLOCKS, COLLECTION, HOME, KEEPERS, PAGE_ROWS
from tests.dev.notion.test_query import POST_ROWS

RECORDED = Path(__file__).parents[3].parent / "shared" / "recorded"
VERSIONS = ("2025-09-03", "2026-03-11")
SUITES = ("ultimate-notion", "notion-sdk-py")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Shapes = dict[tuple[str, str], set[frozenset[str]]]


@pytest.fixture(scope="module")
def recorded() -> Shapes:
    """By version and kind, the sets of members that were seen. Kinds are objects, block and
    property types."""
    if not RECORDED.is_dir():
        pytest.skip(f"the recorded answers are not at {RECORDED}")
    shapes: Shapes = {}
    for suite in SUITES:
        for path in sorted((RECORDED / suite).rglob("*.yaml")):
            for interaction in yaml.load(path.read_text(encoding="utf-8"), LOADER)["interactions"]:
                version = _version(interaction["request"])
                if version in VERSIONS:
                    for kind, members in shapes_of(_answer(interaction["response"])):
                        shapes.setdefault((version, kind), set()).add(members)
    return shapes


def _version(request: Any) -> str:
    headers = {name.lower(): value for name, value in request["headers"].items()}
    version = headers.get("notion-version", "")
    return str(version[0] if isinstance(version, list) else version)


def _answer(response: Any) -> Any:
    body = response.get("content") or (response.get("body") or {}).get("string")
    try:
        return json.loads(body or "")
    except ValueError:
        return None


def shapes_of(value: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """Every Notion object in a value: its kind and the names of its members, but for
    `request_id`."""
    if isinstance(value, list):
        for item in value:
            yield from shapes_of(item)
    elif isinstance(value, dict):
        kind = value.get("type", "")
        members = set(value) - {"request_id"}
        match value.get("object"):
            case "block" if kind:
                yield "block", frozenset(members - {kind})
                yield f"block {kind}", frozenset(value[kind]) - MEDIA
            case "page" | "database" | "data_source" if len(members) > 2:
                yield value["object"], frozenset(members)
                for property in value.get("properties", {}).values():
                    yield f"{value['object']} {property['type']}", frozenset(property)
            case "list":
                yield f"list {kind}", frozenset(members - {kind, "request_status"})
            case "error":
                yield "error", frozenset(members - {"additional_data"})
        for item in value.values():
            yield from shapes_of(item)


MEDIA = frozenset({"file", "external", "name"})
"""What a media block holds beside its caption depends on where its file is."""

DOCUMENTED = {
    "block link_to_page": frozenset({"type", "database_id"}),
    "block numbered_list_item": frozenset(
        {"color", "rich_text", "list_start_index", "list_format"}
    ),
}
"""Members that Notion's reference names and no recording shows:
https://developers.notion.com/reference/block."""


def ours(notion: NotionStandIn, version: str) -> Iterator[tuple[str, frozenset[str]]]:
    with Client(auth=TOKEN, base_url=notion.url, notion_version=version, logger=LOGGER) as client:
        for path in (
            f"databases/{PAGES}",
            f"data_sources/{PAGE_ROWS}",
            *(f"pages/{id}" for id in (HOME, COLLECTION, KEEPERS)),
            *(f"blocks/{id}" for id in (BLOCKS, KEEPERS)),
            f"blocks/{BLOCKS}/children",
            "users",
            f"pages/{HOME}/properties/title",
        ):
            yield from shapes_of(client.request(path, "GET"))
        for path in (
            f"data_sources/{POST_ROWS}/query",
            f"data_sources/{PAGE_ROWS}/query",
            "search",
        ):
            yield from shapes_of(client.request(path, "POST", body={}))


@pytest.mark.parametrize("version", VERSIONS)
def test_members_are_those_that_were_recorded(
    notion: NotionStandIn, recorded: Shapes, version: str
) -> None:
    seen = {kind for of, kind in recorded if of == version}
    made: dict[str, set[frozenset[str]]] = {}
    for kind, members in ours(notion, version):
        made.setdefault(kind, set()).add(members)
    both = seen & set(made)
    different = {
        kind: [sorted(members) for members in unknown]
        for kind in both
        if (unknown := made[kind] - recorded[version, kind] - {DOCUMENTED.get(kind)})
    }
    assert not different
    assert {"page", "block", "database", "data_source", "list block", "list property_item"} <= both


def test_enough_kinds_of_blocks_and_properties_are_compared(
    notion: NotionStandIn, recorded: Shapes
) -> None:
    seen = {kind for version, kind in recorded if version == VERSIONS[-1]}
    both = seen & {kind for kind, _ in ours(notion, VERSIONS[-1])}
    assert len([kind for kind in both if kind.startswith("block ")]) >= 25
    assert len([kind for kind in both if kind.startswith("page ")]) >= 10


def test_the_older_version_names_meeting_notes_and_the_trash_otherwise(
    notion: NotionStandIn,
) -> None:
    kinds = {version: dict(ours(notion, version)) for version in VERSIONS}
    assert (
        "block transcription" in kinds["2025-09-03"]
        and "block meeting_notes" not in kinds["2025-09-03"]
    )
    assert (
        "archived" in kinds["2025-09-03"]["page"] and "archived" not in kinds["2026-03-11"]["page"]
    )


def test_error_bodies_have_the_recorded_members(notion: NotionStandIn, recorded: Shapes) -> None:
    answer = httpx.get(f"{notion.url}/v1/users", headers={"Notion-Version": "2026-03-11"})
    seen = {
        members for (_, kind), shapes in recorded.items() if kind == "error" for members in shapes
    }
    assert {members for _, members in shapes_of(answer.json())} == seen
