"""notion-sync-lib: rows with its client's own client, blocks with `fetch_blocks_recursive`."""

import json
import os
from pathlib import Path

from notion_client import Client
from notion_client.helpers import iterate_paginated_api
from notion_sync import RateLimitedNotionClient, fetch_blocks_recursive

client = RateLimitedNotionClient(
    Client(auth=os.environ["NOTION_TOKEN"], base_url=os.environ["NOTION_URL"])
)

for data_source in os.environ["DATA_SOURCES"].split(","):
    for row in iterate_paginated_api(client.notion.data_sources.query, data_source_id=data_source):
        blocks = fetch_blocks_recursive(client, row["id"])
        Path(os.environ["OUT"], f"{row['id']}.json").write_text(json.dumps(blocks))
