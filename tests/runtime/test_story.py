"""The main path on Vercel's real runtime: trigger → queue → worker → KV."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from dev.qstash import QStashStandIn
from dev.upstash import UpstashStandIn
from tests.runtime.conftest import Deploy
from tests.stack.site import Site

SECRET = "a secret of the real runtime"


@dataclass
class OnVercel:
    """A deployment as `Site` wants it."""

    url: str
    secret: str = SECRET

    def get(self, path: str, **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.get(
            f"{self.url}{path}", params=query, headers=headers, timeout=60, trust_env=False
        )


@pytest.fixture
def site(deploy: Deploy) -> Iterator[Site]:
    with NotionStandIn() as notion, QStashStandIn() as qstash, UpstashStandIn() as upstash:
        environ = {
            "CRON_SECRET": SECRET,
            "NOTION_TOKEN": TOKEN,
            "NOTION_SOURCES": SAMPLE_SOURCES,
            "NOTION_API_URL": notion.url,
            "KV_REST_API_URL": upstash.url,
            "KV_REST_API_TOKEN": upstash.token,
            "QSTASH_URL": qstash.url,
            "QSTASH_TOKEN": qstash.token,
            "QSTASH_CURRENT_SIGNING_KEY": qstash.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": qstash.next_signing_key,
        }
        yield Site(OnVercel(deploy(environ).url), notion, qstash, upstash)


def test_a_sync_through_the_queue_equals_the_workspace(site: Site) -> None:
    run = site.sync()

    assert (run["status"], run["slices"], run.get("failed", "0")) == ("delivered", "1", "0")
    site.check()


def test_the_backup_way_does_the_same(site: Site) -> None:
    answer = site.stack.get("/api/sync").json()

    assert (answer["status"], answer["remaining"]) == ("done", 0)
    site.check()
