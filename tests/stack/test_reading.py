"""What a sync leaves in KV fits the schema, and the examples read it: the site's half of the
contract."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from upstash_redis import Redis

from dev.equality import comparable
from dev.stack import Stack
from dev.upstash import UpstashStandIn
from lib.model import ITEMS_PER_PAGE
from lib.store.keys import Keys
from tests.examples.readers import READER, Lacking, ask, compile_nextjs, printed, read
from tests.kv_schema import misfits
from tests.stack.site import Site

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"
PAINTS = "dddddddd-0000-4000-8000-000000000004"
SYNCED_AT = "2026-11-01T12:00:00.000Z"
SMALL_VALUES = "20000"
"""Bytes; some of the sample's pages are larger, and no block of theirs is."""


@pytest.fixture(scope="module")
def compiled(lacking: Lacking, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Next.js example as JavaScript."""
    return compile_nextjs(tmp_path_factory.mktemp("nextjs"), lacking)


@pytest.fixture(scope="module")
def synced(stack: Stack) -> Site:
    """A site whose larger pages are in parts, and one of whose pages was renamed. Tests only read
    it."""
    site = Site.of(stack)
    stack.set("KV_MAX_VALUE_BYTES", SMALL_VALUES)
    site.sync()
    site.notion.edit.set_property(VISIT, "slug", "come/på besök")
    run = site.sync()
    assert (run["status"], run.get("failed", "0")) == ("delivered", "0")
    return site


@pytest.fixture
def kv() -> Iterator[UpstashStandIn]:
    """An empty KV."""
    with UpstashStandIn() as running:
        yield running


def test_everything_a_sync_writes_fits_the_schema(synced: Site) -> None:
    kv = {key: synced.read(key) for key in synced.site_keys()}
    assert {
        "page:home",
        "page:keepers:part:2",
        "pages:index",
        "posts:index",
        f"db:{PAINTS}",
        "redirects",
    } <= set(kv)
    assert misfits(kv) == []


def test_a_site_finds_every_page_whole(synced: Site, compiled: Path) -> None:
    heads = {
        key.removeprefix("page:"): synced.read(key)
        for key in synced.site_keys()
        if key.startswith("page:")
    }
    heads = {slug: head for slug, head in heads.items() if "meta" in head}
    assert sum("parts" in head for head in heads.values()) >= 2

    answers = ask(compiled, synced.kv, *(("getPage", slug) for slug in heads))["answers"]

    for (slug, head), page in zip(heads.items(), answers, strict=True):
        assert page["meta"] == head["meta"], slug
        assert comparable(page["blocks"]) == comparable(
            synced.truth().blocks(head["meta"]["id"])
        ), slug


def test_a_site_finds_the_index_and_the_databases(synced: Site, compiled: Path) -> None:
    pages, posts, none, paints, missing = ask(
        compiled,
        synced.kv,
        ("getIndex", "pages"),
        ("getIndex", "posts"),
        ("getIndex", "recipes"),
        ("getDatabase", PAINTS),
        ("getDatabase", "0" * 32),
    )["answers"]
    index = synced.bundles()
    assert index.values["posts:index"]["pages"] > 1  # its rows are too large for one value
    assert (pages, posts) == (index.of_index("pages"), index.of_index("posts"))
    assert none == []
    assert paints == synced.read(f"db:{PAINTS}")
    assert missing is None


def test_a_site_finds_what_was_renamed_and_nothing_where_nothing_is(
    synced: Site, compiled: Path
) -> None:
    moved, found, *nothing = ask(
        compiled,
        synced.kv,
        *(("getPage", slug) for slug in ("visit", "come/på besök", "nowhere", "constructor")),
    )["answers"]
    assert moved == {"movedTo": "come/på-besök"}
    assert found is None, "white space in a slug becomes a dash"
    assert nothing == [None, None]


def test_a_site_finds_all_items_of_a_long_index(kv: UpstashStandIn, compiled: Path) -> None:
    items = [{"id": str(number)} for number in range(2 * ITEMS_PER_PAGE + 1)]
    with Redis(kv.url, kv.token) as redis:
        for number, at in enumerate(range(0, len(items), ITEMS_PER_PAGE), 1):
            part = items[at : at + ITEMS_PER_PAGE]
            first = {"total": len(items), "pages": 3} if number == 1 else {}
            page = {"items": part, "syncedAt": SYNCED_AT, **first, "revision": "00000000000000a1"}
            redis.set(Keys().index("pages", number), json.dumps(page))
    assert ask(compiled, kv, ("getIndex", "pages"))["answers"] == [items]


def put(kv: UpstashStandIn, word: str, parts: int) -> None:
    """Publishes the page "rye" anew: so many parts, or whole where there are none."""
    blocks = [{"id": f"{word} {number}"} for number in range(1, parts + 1)]
    head: dict[str, Any] = {"v": 1, "meta": {"id": word, "childPages": []}, "syncedAt": SYNCED_AT}
    head |= {"parts": parts} if parts else {"blocks": [{"id": f"{word} whole"}]}
    values = {
        f"page:rye:part:{number}": {"blocks": [block]} for number, block in enumerate(blocks, 1)
    }
    with Redis(kv.url, kv.token) as redis:
        redis.mset({key: json.dumps(value) for key, value in ({"page:rye": head} | values).items()})


@pytest.mark.parametrize(("before", "after"), [(2, 3), (3, 2), (2, 2), (2, 0), (0, 2)])
@pytest.mark.parametrize("reader", ["JavaScript", "Python"])
def test_a_page_that_is_replaced_while_it_is_read_is_never_mixed(
    kv: UpstashStandIn, request: pytest.FixtureRequest, reader: str, before: int, after: int
) -> None:
    compiled = request.getfixturevalue("compiled") if reader == "JavaScript" else None
    put(kv, "old", before)
    readings: list[str] = []

    def replaced(when: str, words: list[str]) -> None:
        if when == "after" and words[0].upper() in ("GET", "MGET") and not readings:
            readings.append(words[0])
            put(kv, "new", after)

    kv.on_command(replaced)
    if compiled:
        [page] = ask(compiled, kv, ("getPage", "rye"))["answers"]
        seen = [block["id"] for block in page["blocks"]]
    else:
        seen = [block["id"] for block in printed(kv, "rye")]
    new = [f"new {number}" for number in range(1, after + 1)] or ["new whole"]
    assert seen == (new if before else ["old whole"])
    assert readings != []


def test_the_blocks_of_a_synced_page_are_shown(synced: Site, compiled: Path) -> None:
    """How each kind is shown, tests/examples says."""
    [html] = ask(compiled, synced.kv, ("getPage", "building-blocks"))["pages"]
    for part in (
        ">One of everything</h2>",
        (
            "<strong>bold</strong>, <em>italic</em>, <s>struck</s>, <u>underlined</u>,"
            " <code>code</code>"
        ),
        '<a href="https://boats.example">Boats</a>',
        "<ul><li>One<ul><li>Two<ul><li>Three</li></ul></li></ul></li></ul>",
        '<ol type="i"><li value="4">Starts at four</li></ol>',
        '<input type="checkbox" disabled="" checked=""/>Paint the door</li></ul>',
        "<details><summary>More</summary><blockquote>Less.<p>Much less.</p></blockquote></details>",
        "Mind the step</p></aside>",
        '<pre><code class="language-javascript">lamp.on()\n</code></pre>',
        ">@Tove Åström</span></figcaption></figure>",
        '<p><a href="https://lighthouses.example/skerry">',
        '<tr><th scope="row">Signal</th><td>none</td>',
        '<div class="columns"><div style="flex-grow:0.6"><p>Wide</p></div>',
        '<p><a href="/building-blocks/footnotes">Footnotes</a></p>',
        f'<p><a href="/database/{PAINTS}">Paints</a></p>',
    ):
        assert part in html
    assert html.count("We paint in June.") == 1
    assert html.count("Not shown here:") == html.count("Not shown here: button") + html.count(
        "Not shown here: ai block"
    )


@pytest.mark.parametrize("slug", ["home", "keepers"])
def test_the_python_reader_prints_every_block(synced: Site, slug: str) -> None:
    id = synced.read(f"page:{slug}")["meta"]["id"]
    assert comparable(printed(synced.kv, slug)) == comparable(synced.truth().blocks(id))


def test_the_python_reader_says_that_there_is_no_such_page(kv: UpstashStandIn) -> None:
    done = read([sys.executable, READER, "nowhere"], kv)
    assert (done.returncode, done.stderr) == (1, "no page nowhere\n")
