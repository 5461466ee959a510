"""Another hand writes over what the engine keeps in KV: the next run delivers, names it, and puts
it right."""

from collections.abc import Iterator

import pytest

from dev.stack import Stack
from tests.stack.site import Site, synced

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"


@pytest.fixture
def settled(site: Site, stack: Stack) -> Iterator[Site]:
    yield from synced(site, stack)


RECORDS = (
    "pages",
    "observed",
    "metas",
    "places",
    "ranks",
    "children",
    "databases",
    "sources",
    "listings",
)
ODD = ("", "x", "\ufffdno JSON", "[]", '{"edited":null,"source":5}', "7")


def remembered(site: Site, name: str) -> dict[str, str]:
    """A hash of the engine's."""
    flat: list[str] = site.command("HGETALL", f"sync:{name}")
    return dict(zip(flat[::2], flat[1::2], strict=True))


def overwrite(site: Site, name: str, field: str, value: str) -> None:
    site.command("HSET", f"sync:{name}", field, value)


def quiet(site: Site) -> None:
    """One more run finds nothing to do."""
    site.later()
    run = site.sync()
    assert (run["status"], run["toSync"], run.get("written", "0")) == ("delivered", "0", "0")
    site.check()


@pytest.mark.parametrize("name", RECORDS)
def test_records_that_another_wrote_are_put_right_by_the_next_run(settled: Site, name: str) -> None:
    site = settled
    for field, odd in zip(remembered(site, name), ODD, strict=False):
        overwrite(site, name, field, odd)

    run = site.sync()

    assert (run["status"], run.get("failed", "0")) == ("delivered", "0")
    site.check()
    edit_everything(site)
    assert site.sync()["status"] == "delivered"
    site.check()
    quiet(site)


def test_every_record_may_be_written_over_at_once(settled: Site) -> None:
    site = settled
    for name in RECORDS:
        for field in remembered(site, name):
            overwrite(site, name, field, "x")

    run = site.sync()

    assert (run["status"], run.get("failed", "0")) == ("delivered", "0")
    site.check()
    edit_everything(site)
    assert site.sync()["status"] == "delivered"
    site.check()
    quiet(site)


def edit_everything(site: Site) -> None:
    """Every page is edited, child pages too."""
    for page_id in site.published():
        site.notion.edit.append_blocks(page_id, [{"paragraph": "One more line"}])
    site.later()


@pytest.mark.parametrize("name", ["pages", "observed", "work"])
def test_what_is_written_over_while_a_run_is_at_work_costs_nothing_else(
    settled: Site, name: str
) -> None:
    site = settled
    broken: list[str] = []

    def strike(moment: str, words: list[str]) -> None:
        if (
            moment == "after"
            and words[:1] == ["EVAL"]
            and "Claims up to" in words[1]
            and not broken
            and len(there := list(remembered(site, name))) >= 3
        ):
            broken.extend(there[:3])
            for field in broken:
                overwrite(site, name, field, "[]")

    site.kv.on_command(strike)
    run = site.sync(force="1")
    assert (run["status"], len(broken)) == ("delivered", 3)
    site.later()
    assert site.sync()["status"] == "delivered"
    site.check()
    quiet(site)


def test_redirects_that_another_wrote_are_written_anew(settled: Site) -> None:
    site = settled
    slug = remembered(site, "places")[VISIT]
    site.command("SET", "redirects", '{"a":{"to":"/b"}}')
    site.notion.edit.set_property(VISIT, "slug", "elsewhere")

    run = site.sync()

    assert run["status"] == "delivered"
    assert site.read("redirects")[slug] == "elsewhere"
    assert "a" not in site.read("redirects")
    site.check()


def test_a_key_of_another_type_fails_the_run_by_its_name_and_nothing_else(settled: Site) -> None:
    site = settled
    site.command("RENAME", "sync:pages", "aside")
    site.command("SET", "sync:pages", "x")

    failed = site.sync()

    assert failed["status"] == "failed"
    assert (
        failed["error"]
        == "KV key sync:pages holds something that this project did not write: delete it or"
        " restore it"
    )
    assert failed.get("retries", "0") == "0"
    site.command("RENAME", "aside", "sync:pages")
    assert site.sync()["status"] == "delivered"
    quiet(site)


def test_a_run_that_can_not_even_begin_says_which_key_keeps_it_from_it(settled: Site) -> None:
    site = settled
    site.command("RPUSH", "sync:active", "x")

    answer = site.stack.get("/api/sync")

    assert "KV key sync:active holds something" in answer.json()["error"]
    site.command("DEL", "sync:active")
    quiet(site)
