"""What the README shows of answers, schedules and storage, held against the stack."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from dev.stack import Stack
from lib.secret import FORWARDED, Secret, derived_secret
from tests.stack.site import Site

README = Path(__file__).parents[2] / "README.md"


def shown(call: str) -> dict[str, Any]:
    """The answer that the README shows to `curl … "$URL{call}"`."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    [block] = [block for block in blocks if f'"$URL{call}"' in block.partition("\n")[0]]
    answer: dict[str, Any] = json.loads(block.partition("\n")[2])
    return answer


@pytest.mark.parametrize(
    ("call", "path"), [("/api/sync/trigger", "/api/sync/trigger"), ("/api/sync", "/api/sync")]
)
def test_an_answer_has_the_members_that_the_readme_shows(site: Site, call: str, path: str) -> None:
    answer = site.stack.get(path).json()

    assert list(shown(call)) == list(answer)
    site.qstash.drain()


def test_a_run_has_the_members_that_the_readme_shows(site: Site) -> None:
    run = site.sync()

    assert list(shown("/api/sync/status?run=run_40ea…")) == list(
        site.stack.get("/api/sync/status", run=run["runId"]).json()
    )


def test_a_schedule_of_qstashs_syncs(site: Site, stack: Stack) -> None:
    answer = httpx.post(
        f"{site.qstash.url}/v2/schedules/{stack.url}/api/sync/worker",
        headers={
            "Authorization": f"Bearer {site.qstash.token}",
            "Upstash-Cron": "0 * * * *",
            f"Upstash-Forward-{FORWARDED}": derived_secret(Secret(stack.secret)),
            "Content-Type": "application/json",
        },
        content="{}",
        trust_env=False,
    )
    site.qstash.fire(answer.json()["scheduleId"])
    site.qstash.drain()

    assert [run["status"] for run in stack.get("/api/sync/status").json()["runs"]] == ["delivered"]
    site.check()


def test_a_page_of_the_sample_takes_about_13_kilobytes_and_a_block_one(site: Site) -> None:
    site.sync()
    keys = site.command("KEYS", "*")
    pages = [key for key in keys if key.startswith("page:")]
    blocks = sum(_count(bundle["blocks"]) for bundle in site.published().values())

    stored = sum(_bytes(site, key) for key in keys)
    assert stored / len(pages) == pytest.approx(13_000, rel=0.25)
    assert sum(_bytes(site, key) for key in pages) / blocks == pytest.approx(1_000, rel=0.25)


def _bytes(site: Site, key: str) -> int:
    match site.command("TYPE", key):
        case "string":
            return int(site.command("STRLEN", key))
        case "hash":
            return sum(len(text.encode()) for text in site.command("HGETALL", key))
        case "zset":
            return sum(len(text.encode()) for text in site.command("ZRANGE", key, "0", "-1"))
        case "set":
            return sum(len(text.encode()) for text in site.command("SMEMBERS", key))
    return 0


def _count(blocks: list[dict[str, Any]]) -> int:
    return sum(1 + _count(block.get("children", [])) for block in blocks)
