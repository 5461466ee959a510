"""notionfs: its command line, which clones each database and in a later run pulls it; only the
address is another."""

import os
from pathlib import Path
from typing import Any

from notionfs.cli import cli
from notionfs.notion.api_client import NotionAPIClient

its_own = NotionAPIClient.__init__


def elsewhere(self: NotionAPIClient, *args: Any, **options: Any) -> None:
    its_own(self, *args, **options)
    self._client.client.base_url = os.environ["NOTION_URL"] + "/v1/"


NotionAPIClient.__init__ = elsewhere
for database in os.environ["DATABASES"].split(","):
    workspace = Path(os.environ["OUT"], database)
    if workspace.exists():
        os.chdir(workspace)
        cli(["pull"], standalone_mode=False)
    else:
        cli(["clone", database, "--path", str(workspace)], standalone_mode=False)
