"""What an older version of the project left in KV becomes the present layout by itself, while a
site goes on reading."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dev.stack import Stack
from tests.stack.histories.workspace import SOURCES, small
from tests.stack.histories.world import World
from tests.stack.site import Site

LEFT: dict[str, Any] = json.loads((Path(__file__).parent / "layout_2.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def world(redis_environ: dict[str, str]) -> Iterator[World]:
    sources = ",".join(f"{name}={one}" for name, one in SOURCES.items())
    limits = {"NOTION_SOURCES": sources, "NOTION_REQUESTS_PER_MINUTE": "100000"}
    with Stack(environ=redis_environ, settings=limits, workspace=small) as stack:
        yield World(stack)


@pytest.fixture
def site(world: World) -> Site:
    world.begin(0.0)
    for key, value in LEFT.items():
        match value:
            case str():
                world.site.command("SET", key, value)
            case dict():
                world.site.command("HSET", key, *(word for pair in value.items() for word in pair))
            case list() if key.endswith(("hidden", "named", "uncopied", "runs")):
                words = [
                    word
                    for member, score in zip(value[::2], value[1::2], strict=True)
                    for word in (score, member)
                ]
                world.site.command("ZADD", key, *map(str, words))
            case list():
                world.site.command("SADD", key, *value)
    return world.site


def test_a_run_takes_over_what_an_older_version_left(world: World, site: Site) -> None:
    run = site.sync()
    assert (run["status"], run.get("failed", "0")) == ("delivered", "0")
    assert world.problems({}, frozenset()) == []
    assert site.command("GET", "sync:layout") == "3"


def test_the_older_version_meets_a_sentence_where_its_records_were(site: Site) -> None:
    site.sync()
    assert "newer version" in site.command("GET", "sync:kept")


def test_redirects_of_the_older_version_go_on_leading_to_pages(site: Site) -> None:
    site.command("SET", "redirects", '{"come":"visit"}')
    site.sync()
    site.notion.edit.set_property(site.read("page:visit")["meta"]["id"], "slug", "see")
    site.sync()
    assert site.read("redirects") == {"come": "see", "visit": "see"}


def test_kv_of_a_newer_version_is_left_alone(site: Site) -> None:
    site.command("SET", "sync:layout", "4")
    before = {key: site.command("GET", key) for key in site.site_keys()}
    run = site.sync()
    assert run["status"] == "failed"
    assert "newer version" in run["error"]
    assert {key: site.command("GET", key) for key in site.site_keys()} == before
