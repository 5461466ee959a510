"""notion-to-json: its command line, which exports all that the integration sees; only the address
is another."""

import os

from notion_to_json.cli import main
from notion_to_json.client import NotionClient

its_own = NotionClient.__init__


def elsewhere(self: NotionClient, api_key: str) -> None:
    its_own(self, api_key)
    self.base_url = os.environ["NOTION_URL"] + "/v1"


NotionClient.__init__ = elsewhere
main(["--api-key", os.environ["NOTION_TOKEN"], "--output-dir", os.environ["OUT"], "-q"])
