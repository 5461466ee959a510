"""Notion's own JavaScript client reads the stand-in as it reads Notion."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from dev.notion import TOKEN, NotionStandIn
from dev.notion.generate import PAGES
from tests.dev.notion.test_objects import COLLECTION, KEEPERS

CLIENTS = Path(__file__).parents[2] / "clients"


def test_the_javascript_client_reads_it_unchanged(
    notion: NotionStandIn, lacking: Callable[[str, str], NoReturn]
) -> None:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules/@notionhq/client").is_dir():
        lacking("@notionhq/client", "install node, then `npm ci` in tests/clients")
    notion.faults.add("429", path="/v1/search", seconds=9)
    environ = {
        **os.environ,
        "NOTION_API_URL": notion.url,
        "NOTION_TOKEN": TOKEN,
        "DATABASE": PAGES,
        "RELATION_PAGE": COLLECTION,
        "LONG_PAGE": KEEPERS,
    }
    run = subprocess.run(
        [node, "notion.mjs"], cwd=CLIENTS, env=environ, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "title": "Pages",
        "fullDataSource": True,
        "rows": 12,
        "fullRows": True,
        "decodedProperties": ["Tags"],
        "blocks": 131,
        "fullBlocks": True,
        "relation": [25, True, 30],
        "archivedMember": [False, True],
        "me": "bot",
        "unauthorized": {"code": "unauthorized", "status": 401, "ours": True},
        "notFound": {"code": "object_not_found", "status": 404, "ours": True},
        "invalid": {"code": "validation_error", "status": 400, "ours": True},
        "limited": {"code": "rate_limited", "status": 429, "ours": True},
    }
