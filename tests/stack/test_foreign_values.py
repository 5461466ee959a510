"""Another hand writes over what the engine keeps in KV: the next run delivers, names it, and puts it right."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dev.stack import Stack
from tests.stack.site import Site, synced


@pytest.fixture
def settled(site: Site, stack: Stack) -> Iterator[Site]:
    yield from synced(site, stack)


def kept(site: Site) -> dict[str, Any]:
    """What is remembered of each page, by its slug, with the page's id."""
    flat: list[str] = site.command("HGETALL", "sync:kept")
    records = {id: json.loads(text) for id, text in zip(flat[::2], flat[1::2], strict=True)}
    return {record["slug"]: {"id": id, **record} for id, record in records.items()}


def remember(site: Site, record: dict[str, Any], **odd: Any) -> str:
    """Writes a page's record with odd members; gives the page's title."""
    members = {name: value for name, value in record.items() if name != "id"} | odd
    site.command("HSET", "sync:kept", record["id"], json.dumps(members))
    return str(record["title"])


def quiet(site: Site) -> None:
    """One more run finds nothing to do."""
    site.later()
    run = site.sync()
    assert (run["status"], run["toSync"], run.get("written", "0")) == ("delivered", "0", "0")
    assert "could not be read" not in run["warnings"]
    site.check()


def test_records_that_another_wrote_are_named_and_put_right_by_the_next_run(settled: Site) -> None:
    site = settled
    pages = kept(site)
    rows = [page for page in pages.values() if "parent" not in page]
    child = next(page for page in pages.values() if "parent" in page)
    shower = next(page for page in rows if page.get("databases"))
    titles = [
        remember(site, rows[0], edited=None),
        remember(site, rows[1], created=7, rank={"id": None}),
        remember(site, rows[2], slug=None, children="none"),
        remember(site, rows[3], began_at=1e300, version="newer"),
        remember(site, child, parent=None, source=None, read_at="now"),
    ]
    site.command("HSET", "sync:kept", rows[4]["id"], "\ufffdno JSON")
    site.command("HSET", "sync:databases", shower["databases"][0], '{"title":null}')
    site.command("HSET", "sync:sources", "posts", "[]")
    site.command("HSET", "sync:revisions", "pages", "many")
    site.command("HSET", "sync:metas", rows[5]["id"], "no meta")

    run = site.sync()

    assert run["status"] == "delivered"
    site.check()
    warnings = "\n".join(json.loads(run["warnings"]))
    for title in [*titles, rows[4]["title"]]:
        assert f'page "{title}" could not be read; it is read again' in warnings
    assert f'database "{shower["databases"][0]}" could not be read' in warnings
    assert "source posts could not be read" in warnings
    assert run.get("failed", "0") == "0"
    quiet(site)


def test_every_record_may_be_written_over_at_once(settled: Site) -> None:
    site = settled
    for page in kept(site).values():
        site.command("HSET", "sync:kept", page["id"], "x")
        site.command("HSET", "sync:metas", page["id"], "x")
    for key in ("sync:databases", "sync:sources"):
        for name in site.command("HKEYS", key):
            site.command("HSET", key, name, "x")

    run = site.sync()

    assert (run["status"], run.get("failed", "0")) == ("delivered", "0")
    site.check()
    for _ in range(2):  # of pages that are all due, one below another, a run reads two levels
        site.later()
        assert site.sync()["status"] == "delivered"
    quiet(site)


def test_what_is_written_over_while_a_run_is_at_work_costs_nothing_else(settled: Site) -> None:
    site = settled
    page = next(iter(kept(site).values()))
    broken: list[str] = []

    def overwrite(moment: str, words: list[str]) -> None:
        if moment == "after" and words[:1] == ["EVAL"] and "Claims up to" in words[1] and not broken:
            broken.append(page["id"])
            remember(site, page, edited=[])

    site.kv.on_command(overwrite)
    run = site.sync(force="1")
    assert (run["status"], broken) == ("delivered", [page["id"]])
    site.later()
    assert site.sync()["status"] == "delivered"
    site.check()
    quiet(site)


def test_redirects_that_another_wrote_are_named_and_written_anew(settled: Site) -> None:
    site = settled
    page = next(page for page in kept(site).values() if "parent" not in page)
    site.command("SET", "redirects", '{"a":{"to":"/b"}}')
    site.notion.edit.set_property(page["id"], "slug", "elsewhere")

    run = site.sync()

    assert run["status"] == "delivered"
    assert site.read("redirects")[page["slug"]] == "elsewhere"
    assert "a" not in site.read("redirects")
    assert any('"a": {"to":"/b"}' in warning for warning in json.loads(run["warnings"]))
    site.check()


def test_a_key_of_another_type_fails_the_run_by_its_name_and_nothing_else(settled: Site) -> None:
    site = settled
    site.command("RENAME", "sync:kept", "aside")
    site.command("SET", "sync:kept", "x")

    failed = site.sync()

    assert failed["status"] == "failed"
    assert failed["error"] == (
        "KV key sync:kept holds something that this project did not write: delete it or restore it"
    )
    assert failed.get("retries", "0") == "0"
    site.command("RENAME", "aside", "sync:kept")
    assert site.sync()["status"] == "delivered"
    quiet(site)


def test_a_run_that_can_not_even_begin_says_which_key_keeps_it_from_it(settled: Site) -> None:
    site = settled
    site.command("RPUSH", "sync:active", "x")

    answer = site.stack.get("/api/sync")

    assert "KV key sync:active holds something" in answer.json()["error"]
    site.command("DEL", "sync:active")
    quiet(site)
