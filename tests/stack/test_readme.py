"""What the documents show of answers, schedules and storage, held against the stack."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench import results, storage
from dev.stack import Stack
from lib.secret import FORWARDED, Secret, derived_secret
from tests.stack.site import Site

API = Path(__file__).parents[2] / "docs/api.md"


def shown(call: str) -> dict[str, Any]:
    """The answer that docs/api.md shows to `curl … "$URL{call}"`."""
    blocks = re.findall(
        r"^```console\n(.*?)^```$", API.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    [block] = [block for block in blocks if f'"$URL{call}"' in block.partition("\n")[0]]
    answer: dict[str, Any] = json.loads(block.partition("\n")[2])
    return answer


@pytest.mark.parametrize(
    ("call", "path"), [("/api/sync/trigger", "/api/sync/trigger"), ("/api/sync", "/api/sync")]
)
def test_an_answer_has_the_members_that_the_documents_show(
    site: Site, call: str, path: str
) -> None:
    answer = site.stack.get(path).json()

    assert list(shown(call)) == list(answer)
    site.qstash.drain()


def test_a_run_has_the_members_that_the_documents_show(site: Site) -> None:
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
    blocks = sum(_count(bundle["blocks"]) for bundle in site.published().values())

    sizes = storage.sizes_of(site.command)
    assert sizes.total / sizes.pages == pytest.approx(13_000, rel=0.25)
    assert sizes.kinds["page:"] / blocks == pytest.approx(1_000, rel=0.25)
    if shown := results.read().storage:
        assert shown.sizes.pages == sizes.pages, "run `python -m bench storage`"
        assert shown.sizes.kinds == pytest.approx(sizes.kinds, rel=0.1)


def _count(blocks: list[dict[str, Any]]) -> int:
    return sum(1 + _count(block.get("children", [])) for block in blocks)
