"""notion-client as its README shows it: one request after the other, `iterate_paginated_api`,
recursion."""

import json
import os
from pathlib import Path
from typing import Any

from notion_client import Client
from notion_client.helpers import iterate_paginated_api

notion = Client(auth=os.environ["NOTION_TOKEN"], base_url=os.environ["NOTION_URL"])


def children(block_id: str) -> list[Any]:
    blocks = list(iterate_paginated_api(notion.blocks.children.list, block_id=block_id))
    for block in blocks:
        if block["has_children"]:
            block["children"] = children(block["id"])
    return blocks


for data_source in os.environ["DATA_SOURCES"].split(","):
    for row in iterate_paginated_api(notion.data_sources.query, data_source_id=data_source):
        Path(os.environ["OUT"], f"{row['id']}.json").write_text(json.dumps(children(row["id"])))
