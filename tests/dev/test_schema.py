"""The schema of what a site reads: in step with the code and with the TypeScript types, and neither
too wide nor too narrow."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dev import schema
from lib.bundle import database, page
from lib.bundle.values import PageLink
from lib.model import JSON, ChildDatabase, Placement, Tree
from tests.bundle.samples import (
    ADDRESS,
    BLOCKS,
    PROPERTIES,
    block,
    external,
    mention,
    paragraph,
    plain,
    prop,
)
from tests.bundle.samples import page as row
from tests.kv_schema import misfits

CLIENTS = Path(__file__).parents[1] / "clients"
SYNCED_AT = "2026-11-01T12:00:00.000Z"
MUCH = 8_000_000


def encoded(max_value_bytes: int = MUCH) -> page.Encoded:
    """A page with every property type, and text whose plain form says less, and every block
    type."""
    rich = {
        "Formatted": prop(
            "rich_text", [plain("so", bold=True), mention("date", {"start": "2026-05-01"})]
        )
    }
    rows = row(
        {kind: property for kind, (property, _) in PROPERTIES.items()} | rich, cover=external()
    )
    blocks = [block(kind, payload, children=[paragraph()]) for kind, payload in BLOCKS.items()]
    blocks += [{"object": "block", "id": "b", "unavailable": "Notion gave no more"}]
    blocks += [
        paragraph(id="t", children=[paragraph("Bread", f"t{number}") for number in range(20)])
    ]
    links = PageLink(id="c", slug="rye/child", title="Child")
    return page.encode_page(
        page.build_page(rows, Tree(blocks), Placement("rye", "pages"), [links], ADDRESS),
        SYNCED_AT,
        max_value_bytes,
    )


def test_the_schema_that_is_handed_out_is_the_codes_own() -> None:
    assert schema.FILE.read_text("utf-8") == schema.text(), "run `make schema`"


def test_the_types_that_are_handed_out_are_the_schemas_own(
    lacking: Callable[[str, str], NoReturn],
) -> None:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules/json-schema-to-typescript").is_dir():
        lacking(
            "TypeScript types",
            "install Node.js 20 or newer, then run `npm ci --prefix tests/clients`",
        )
    made = subprocess.run(
        [node, "types.mjs", schema.FILE], cwd=CLIENTS, capture_output=True, text=True, timeout=60
    )
    assert made.returncode == 0, made.stderr
    assert schema.FILE.with_suffix(".d.ts").read_text("utf-8") == made.stdout, "run `make schema`"


def test_a_page_with_every_kind_of_property_and_block_fits() -> None:
    assert misfits({"page:rye": json.loads(encoded().head)}) == []


def test_a_page_in_parts_fits() -> None:
    text = encoded(6_000)
    assert len(text.parts) > 1
    parts = {
        f"page:rye:part:{number}": json.loads(part) for number, part in enumerate(text.parts, 1)
    }
    assert misfits({"page:rye": json.loads(text.head), **parts}) == []
    assert any("continues" in part for part in parts.values())


def test_a_page_in_parts_of_an_older_version_fits() -> None:
    head = {name: member for name, member in value().items() if name != "blocks"}
    assert (
        misfits({"page:rye": {**head, "parts": 1}, "page:rye:part:1": {"blocks": [paragraph()]}})
        == []
    )


@pytest.mark.parametrize(
    ("key", "members"),
    [
        ("pages:index", {"total": 1}),
        ("pages:index", {"total": 501, "pages": 2, "revision": "00000000000000a1"}),
        ("pages:index:2", {"revision": "00000000000000a1"}),
    ],
)
def test_every_page_of_an_index_fits(key: str, members: JSON) -> None:
    assert (
        misfits({key: {"items": [json.loads(encoded().meta)], "syncedAt": SYNCED_AT, **members}})
        == []
    )


def test_a_database_fits() -> None:
    rows = row({kind: property for kind, (property, _) in PROPERTIES.items()})
    given = ChildDatabase(
        "d",
        "Recipes",
        {"Name": {"id": "title", "name": "Name", "type": "title", "title": {}}},
        [rows],
    )
    assert (
        misfits(
            {
                "db:d": json.loads(
                    database.encode_database(database.build_database(given, ADDRESS), SYNCED_AT)
                )
            }
        )
        == []
    )


def a_doc(**members: Any) -> JSON:
    doc = {
        "v": 3,
        "id": "p",
        "slug": "rye",
        "title": "Rye",
        "visibility": "public",
        "date": None,
        "tags": ["bread"],
    }
    doc |= {"excerpt": "", "outline": [{"level": 1, "text": "Flour", "id": "b"}], "words": 1}
    return {**doc, "text": "Flour", "markdown": "# Flour", "syncedAt": SYNCED_AT, **members}


def test_a_page_as_text_fits_also_where_its_slug_is_the_name_of_an_index() -> None:
    assert (
        misfits({"doc:rye": a_doc(), "doc:index": a_doc(truncated=True), "paths": {"p": "rye"}})
        == []
    )


def value() -> JSON:
    head: JSON = json.loads(encoded().head)
    return head


def changed(*path: str, to: Any) -> JSON:
    head = inside = value()
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = to
    return head


@pytest.mark.parametrize(
    "kv",
    [
        {"page:rye": {name: member for name, member in value().items() if name != "syncedAt"}},
        {"page:rye": {**value(), "parts": 2}},
        {"page:rye": changed("meta", "slug", to=None)},
        {"page:rye": changed("meta", "subtitle", to="new")},
        {"page:rye": changed("meta", "childPages", to=[{"id": "c", "slug": "rye/child"}])},
        {
            "page:rye": changed(
                "meta", "properties", "date", to={"start": "2026-05-01", "time_zone": None}
            )
        },
        {"page:rye": changed("blocks", to=[{"type": "divider"}])},
        {"page:rye:part:1": value()},
        {"page:rye:part:1": {"digest": 7, "blocks": []}},
        {"page:rye:part:1": {"digest": "7", "continues": None, "blocks": []}},
        {"rye": value()},
        {"redirects": {"old": None}},
        {"page:rye": changed("refs", to=[None])},
        {"paths": {"p": None}},
        {"doc:rye": a_doc(words="1")},
        {"doc:rye": a_doc(blocks=[])},
        {"doc:rye": a_doc(outline=[{"level": 1}])},
    ],
)
def test_what_the_contract_does_not_know_does_not_fit(kv: JSON) -> None:
    assert misfits(kv) != []
