"""KV loses keys, or another program writes over them: what is published comes back (faults B2)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dev.stack import Stack
from tests.stack.site import Site, synced

PAINTS = "dddddddd-0000-4000-8000-000000000004"
LIGHTHOUSE, LENS = "page:lighthouse", "page:lighthouse/the-tower/lantern-room/the-lens"
KEYS = [LIGHTHOUSE, LENS, "pages:index", "posts:index", f"db:{PAINTS}"]


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    yield from synced(site, stack)


def warnings_of(run: dict[str, str]) -> list[str]:
    found: list[str] = json.loads(run["warnings"])
    return found


def test_b2_what_is_gone_from_kv_comes_back_with_the_next_run(site: Site) -> None:
    site.command("DEL", *KEYS)

    run = site.sync()

    assert (run["status"], run["written"]) == ("delivered", "3")
    [warning] = [warning for warning in warnings_of(run) if "KV lost" in warning]
    assert [key for key in KEYS if key not in warning] == []
    site.check()
    site.later()
    assert site.sync().get("written", "0") == "0"


@pytest.mark.parametrize(
    "foreign", ["", "0", "[]", '{"v":2,"meta":{"id":"another"}}', '{"items":5}']
)
def test_b2_what_another_program_wrote_is_written_over(site: Site, foreign: str) -> None:
    for key in KEYS:
        site.command("SET", key, foreign)

    run = site.sync()

    assert run["status"] == "delivered"
    assert [warning for warning in warnings_of(run) if "KV lost" in warning]
    site.check()


def test_b2_keys_of_another_type_are_written_over_too(site: Site) -> None:
    for key in KEYS:
        site.command("DEL", key)
        site.command("RPUSH", key, "a", "b")

    assert site.sync()["status"] == "delivered"

    site.check()


def test_b2_a_forced_run_writes_what_it_read(site: Site) -> None:
    """Also where a foreign value begins as ours does, which no look at its beginning shows."""
    for key in KEYS:
        text = site.command("GET", key)
        site.command("SET", key, f"{text[:80]}{'x' * 10}")

    assert site.sync(force="1")["status"] == "delivered"

    site.check()


def test_b2_a_forced_run_of_one_page_writes_that_page(site: Site) -> None:
    site.command("DEL", LIGHTHOUSE)

    run = site.sync(page="lighthouse", force="1")

    assert (run["status"], run["written"]) == ("delivered", "1")
    site.check()


def test_b2_a_part_that_is_gone_comes_back(site: Site, stack: Stack) -> None:
    stack.set("KV_MAX_VALUE_BYTES", "20000")
    try:
        site.sync(force="1")
        parts = [key for key in site.site_keys() if ":part:" in key]
        assert parts
        site.command("DEL", parts[0], parts[-1])
        site.later()
        site.sync()
        site.check()
    finally:
        stack.set("KV_MAX_VALUE_BYTES", "")


def test_b2_what_is_lost_of_a_paused_page_comes_back(site: Site) -> None:
    site.notion.edit.set_property("aaaaaaaa-0000-4000-8000-000000000002", "sync", "paused")
    site.sync()
    before: Any = site.read("page:visit")
    assert before is not None
    site.command("DEL", "page:visit")

    site.sync()

    assert site.read("page:visit")["blocks"] == before["blocks"]
