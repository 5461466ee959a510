"""What becomes of Notion's objects: everything that a site reads of them, part by part, so that two
can be compared."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lib.bundle import database as database_bundle
from lib.bundle import index
from lib.bundle.media import hosted_files, settle_block, without_signatures
from lib.bundle.page import build_page, encode_page
from lib.bundle.properties import fingerprint, title_of
from lib.bundle.publication import publication_of
from lib.bundle.slugs import slug_segment, wanted_slug
from lib.bundle.values import PageLink
from lib.model import JSON, ChildDatabase, Placement, Tree
from lib.notion.border.objects import (
    Oddities,
    blocks_of,
    database_of,
    is_partial,
    items_of,
    page_of,
    plain_text,
    schema_of,
)
from lib.notion.border.shapes import plain
from lib.notion.tree import assemble
from lib.notion.walk import Walk, meeting_parts, original_of
from tests.bundle.samples import ADDRESS
from tests.odd.valid import HOLDER_ID, PAGE_ID

SYNCED_AT = "2026-11-01T12:00:00.000Z"
MUCH = 8_000_000


@dataclass
class Outcome:
    """`parts` by what they are, in order; `texts` are whole values of KV by their keys; `notes`
    what was said of odd values, `doubts` of what their owner wants. `is_partial`: Notion gave only
    the id of a page."""

    parts: dict[str, Any] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    is_partial: bool = False


def of_page(subject: JSON) -> Outcome:
    """What a page with its blocks becomes; nothing for what is no page."""
    oddities = Oddities()
    page = page_of(subject["page"], oddities)
    blocks = blocks_of(subject["blocks"], oddities)
    inside = blocks_of(subject["inside"], oddities)
    outcome = Outcome(notes=oddities.warnings)
    if page is None or is_partial(page):
        outcome.is_partial = page is not None
        return outcome
    tree = _tree(blocks, inside)
    state = publication_of(page)
    outcome.doubts += [state.doubt] * bool(state.doubt)
    links: list[PageLink] = [
        {"id": one.id, "slug": f"slug/{slug_segment(one.title, one.id)}", "title": one.title}
        for one in tree.child_pages
    ]
    bundle = build_page(page, tree, Placement("slug", "pages"), links, ADDRESS)
    encoded = encode_page(bundle, SYNCED_AT, MUCH)
    outcome.texts["page:slug"] = encoded.head
    rank = index.rank_of(bundle.meta)
    outcome.parts = {
        "title": title_of(page),
        "wanted": wanted_slug(page),
        "published": (state.published, state.paused, state.visibility),
        "fingerprint": fingerprint(page),
        "rank": (rank, index.sort_text(rank)),
        **{name: value for name, value in bundle.meta.items() if name != "properties"},
        **{f"properties.{name}": value for name, value in bundle.meta["properties"].items()},
        **dict(_blocks(bundle.blocks)),
    }
    outcome.order = [name for name in outcome.parts if name.startswith("block:")]
    assert hosted_files(without_signatures(page)).keys() == hosted_files(page).keys()
    return outcome


def of_database(subject: JSON) -> Outcome:
    """What a database with its schema and its rows becomes."""
    oddities = Oddities()
    head = database_of(subject["database"], oddities)
    pages = [page for given in subject["rows"] if (page := page_of(given, oddities))]
    rows = [page for page in pages if not is_partial(page)]
    source = database_of(subject["source"], oddities)
    schema = schema_of(subject["source"], oddities)
    bundle = database_bundle.build_database(
        ChildDatabase(PAGE_ID, plain_text(head["title"]), schema, rows), ADDRESS
    )
    outcome = Outcome(notes=oddities.warnings, is_partial=len(rows) < len(pages))
    outcome.texts[f"db:{PAGE_ID}"] = database_bundle.encode_database(bundle, SYNCED_AT)
    outcome.parts = {
        "sources": [one["id"] for one in head.get("data_sources") or []],
        "trash": [head.get(flag) for flag in ("in_trash", "is_archived", "archived")],
        "parent": (source.get("parent") or {}).get("database_id"),
        "title": bundle.body["title"],
        **{f"schema.{name}": one for name, one in bundle.body["properties"].items()},
    }
    for item in bundle.body["items"]:
        around = {name: value for name, value in item.items() if name != "properties"}
        outcome.parts |= {f"row:{item['id']}.{name}": value for name, value in around.items()}
        outcome.parts |= {
            f"row:{item['id']}.properties.{name}": one for name, one in item["properties"].items()
        }
    outcome.order = [f"row:{item['id']}" for item in bundle.body["items"]]
    return outcome


def of_items(subject: JSON) -> Outcome:
    """What items of the property endpoint become, each looked at for itself and all of them as one
    property."""
    kind = subject["kind"]
    outcome = Outcome()
    for at, item in enumerate(subject["items"]):
        oddities = Oddities()
        sound = items_of([item], kind, oddities)
        outcome.notes += oddities.warnings
        if sound:
            [outcome.parts[f"item:{at}"]] = _of_items(sound, kind, outcome)
    outcome.order = list(outcome.parts)
    together = items_of(subject["items"], kind, Oddities())
    assert len(together) == len(outcome.order)
    _of_items(together, kind, outcome)
    return outcome


def _of_items(items: list[JSON], kind: str, outcome: Outcome) -> list[Any]:
    """Items as a property: a list of that kind or, of any kind, what a rollup shows."""
    rollup = {
        "type": "array",
        "array": [_rolled_up(item) for item in items],
        "function": "show_original",
    }
    value = (
        {"type": kind, kind: [item[kind] for item in items]}
        if kind
        else {"type": "rollup", "rollup": rollup}
    )
    page = {"id": PAGE_ID, "properties": {"It": {"id": "a", **value}}, "created_time": SYNCED_AT}
    page |= {"last_edited_time": SYNCED_AT}
    fingerprint(page)
    bundle = build_page(page, Tree([]), Placement("slug", "pages"), [], ADDRESS)
    outcome.texts["page:slug"] = encode_page(bundle, SYNCED_AT, MUCH).head
    shown = bundle.meta["properties"]["It"]
    return shown if isinstance(shown, list) else [shown]


def as_given(block: Any) -> Any:
    """What a block is in a bundle where nothing in it was odd; also any other value."""
    sound = plain(block, lambda what: None)
    if not isinstance(sound, dict):
        return sound
    settled = _own(settle_block({"id": "", **sound}, ADDRESS))
    return {name: member for name, member in settled.items() if name in sound}


def _tree(blocks: list[JSON], inside: list[JSON]) -> Tree:
    """The tree of a page whose first block, if it can still be entered, holds the blocks
    `inside`."""
    walk = Walk(PAGE_ID, {PAGE_ID: blocks})
    for block in (*blocks, *inside):
        if "type" in block and "unavailable" not in block:
            meeting_parts(block)
    if blocks and blocks[0]["id"] == HOLDER_ID:
        walk.lists[HOLDER_ID] = inside
        if original := "unavailable" not in blocks[0] and original_of(blocks[0]):
            walk.lists[original] = inside
    whole = assemble(walk)
    return Tree(whole.blocks, list(whole.child_pages.values()))


def _blocks(blocks: list[JSON]) -> Iterator[tuple[str, JSON]]:
    for block in blocks:
        yield f"block:{block['id']}", _own(block)
        yield f"unavailable:{block['id']}", block.get("unavailable", "")
        yield from _blocks(block.get("children", []))


def _own(block: JSON) -> JSON:
    return {
        name: member for name, member in block.items() if name not in ("children", "unavailable")
    }


def _rolled_up(item: JSON) -> JSON:
    """An item as a rollup shows it: where there is one text or one person, a list of it."""
    kind = item["type"]
    value = item.get(kind)
    is_list = kind not in ("title", "rich_text", "people", "relation") or isinstance(value, list)
    return {"type": kind, kind: value if is_list else [value]}
