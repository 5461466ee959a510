"""A page in parts is read whole or not at all, by both readers, within what one answer of Upstash
may carry."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dev.upstash import UpstashStandIn
from tests.examples.fixtures import drop, page_in_parts, paragraph, put, whole_page
from tests.examples.readers import READER, Reader, ask, read

MAX_ANSWER_BYTES = 10_485_760
"""https://upstash.com/docs/redis/troubleshooting/max_request_size_exceeded."""


def part(*blocks: Any, **more: str) -> dict[str, Any]:
    return {"blocks": list(blocks)} | more


def ids(blocks: list[Any]) -> list[Any]:
    """The ids of blocks, those of their children in a list behind them."""
    return [
        entry
        for block in blocks
        for entry in (
            [block["id"], ids(block["children"])] if "children" in block else [block["id"]]
        )
    ]


def test_parts_are_put_together_in_order(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    put(empty_kv, page_in_parts("rye", *(part(paragraph(f"{number}")) for number in range(1, 12))))
    assert ids(blocks_of(empty_kv, "rye")) == [f"{number}" for number in range(1, 12)]


def test_parts_without_a_digest_are_read_still(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    put(empty_kv, page_in_parts("rye", part(paragraph("a")), part(paragraph("b")), digest=None))
    assert ids(blocks_of(empty_kv, "rye")) == ["a", "b"]


def test_a_whole_page_is_read(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    put(empty_kv, whole_page("rye", paragraph("a"), paragraph("b")))
    assert ids(blocks_of(empty_kv, "rye")) == ["a", "b"]


def test_the_prefix_stands_before_every_key(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    ours = page_in_parts("rye", part(paragraph("a")), part(paragraph("b")))
    put(empty_kv, {f"ours:{key}": value for key, value in ours.items()})
    assert ids(blocks_of(empty_kv, "rye", KV_PREFIX="ours:")) == ["a", "b"]


def test_a_block_goes_on_in_the_next_part(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    """A cut block may be the last at any depth, and may be cut more than once."""
    deep = paragraph("top", [paragraph("a"), paragraph("b", [paragraph("b1")])])
    put(
        empty_kv,
        page_in_parts(
            "rye",
            part(paragraph("first"), deep),
            part(paragraph("b2"), paragraph("b3"), continues="b"),
            part(paragraph("c", [paragraph("c1")]), continues="top"),
            part(paragraph("c2"), continues="c"),
            part(paragraph("d"), continues="top"),
            part(paragraph("last")),
        ),
    )
    expected = ["first", "top", ["a", "b", ["b1", "b2", "b3"], "c", ["c1", "c2"], "d"], "last"]
    assert ids(blocks_of(empty_kv, "rye")) == expected


def test_a_block_whose_first_child_comes_in_the_next_part(
    empty_kv: UpstashStandIn, blocks_of: Reader
) -> None:
    put(
        empty_kv,
        page_in_parts("rye", part(paragraph("top")), part(paragraph("a"), continues="top")),
    )
    assert ids(blocks_of(empty_kv, "rye")) == ["top", ["a"]]


def test_no_block_is_lost_where_none_can_go_on(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    """`a` is no last child any more: what continues it stands at the page's end."""
    first = part(paragraph("top", [paragraph("a"), paragraph("b")]))
    put(empty_kv, page_in_parts("rye", first, part(paragraph("lost"), continues="a")))
    assert ids(blocks_of(empty_kv, "rye")) == ["top", ["a", "b"], "lost"]


@pytest.mark.parametrize("digest", ["d1", None])
def test_each_value_travels_alone(
    empty_kv: UpstashStandIn, blocks_of: Reader, digest: str | None
) -> None:
    """Two parts of 8 MB in one answer would be more than Upstash gives."""
    put(
        empty_kv,
        page_in_parts("rye", *(part(paragraph(f"{number}")) for number in range(9)), digest=digest),
    )
    requests, commands = empty_kv.usage.requests, empty_kv.commands.total()
    blocks_of(empty_kv, "rye")
    again = 0 if digest else 1
    assert empty_kv.commands.total() - commands == 10 + again
    assert empty_kv.usage.requests - requests == 10 + again


def test_the_largest_part_fits_into_an_answer(empty_kv: UpstashStandIn, blocks_of: Reader) -> None:
    """Base64, which Upstash's clients ask for by themselves, would make 10.7 MB of it."""
    large = part(
        *(paragraph(f"Ä line of {number}. " * 20, block_id=str(number)) for number in range(17_150))
    )
    put(empty_kv, page_in_parts("rye", large))
    size = len(json.dumps(large, ensure_ascii=False).encode())
    assert 7_900_000 < size < 8_000_000
    before = empty_kv.usage.bytes_out
    found = len(blocks_of(empty_kv, "rye"))
    assert found == 17_150
    assert 8_000_000 < empty_kv.usage.bytes_out - before < MAX_ANSWER_BYTES


@pytest.mark.parametrize(("before", "after"), [(2, 3), (3, 2), (2, 2), (2, 0)])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_page_that_is_replaced_while_it_is_read_is_read_again(
    empty_kv: UpstashStandIn, blocks_of: Reader, before: int, after: int, nth: int
) -> None:
    old = page_in_parts("rye", *(part(paragraph(f"old {number}")) for number in range(before)))
    new = page_in_parts(
        "rye", *(part(paragraph(f"new {number}")) for number in range(after)), digest="d2"
    )
    new = new if after else whole_page("rye", paragraph("new whole"))
    put(empty_kv, old)
    readings: list[str] = []

    def replace(moment: str, words: list[str]) -> None:
        if moment == "after" and words[0] == "GET":
            readings.append(words[1])
            if len(readings) == nth:
                put(empty_kv, new, old.keys() - new.keys())

    empty_kv.on_command(replace)
    found = ids(blocks_of(empty_kv, "rye"))
    assert found in (
        [f"old {number}" for number in range(before)],
        [f"new {number}" for number in range(after)] or ["new whole"],
    )
    assert found[0].startswith("new") or nth > 1
    assert len(readings) >= nth


def test_a_part_that_is_not_there_yet_is_waited_for(
    empty_kv: UpstashStandIn, blocks_of: Reader
) -> None:
    page = page_in_parts("rye", part(paragraph("a")), part(paragraph("b")))
    put(empty_kv, page)
    drop(empty_kv, "page:rye:part:2")
    heads: list[str] = []

    def complete(moment: str, words: list[str]) -> None:
        if moment == "before" and words == ["GET", "page:rye"]:
            heads.append(words[1])
            if len(heads) == 3:
                put(empty_kv, page)

    empty_kv.on_command(complete)
    assert ids(blocks_of(empty_kv, "rye")) == ["a", "b"]
    assert len(heads) == 3


@pytest.mark.parametrize("reader", ["JavaScript", "Python"])
def test_a_page_that_never_settles_is_given_up(
    empty_kv: UpstashStandIn, request: pytest.FixtureRequest, reader: str
) -> None:
    """Never half a page, and no endless reading."""
    put(empty_kv, page_in_parts("rye", part(paragraph("a"), digest="another")))
    command: list[str | Path] = [sys.executable, READER, "rye"]
    if reader == "JavaScript":
        command = [
            "node",
            "nextjs.cjs",
            request.getfixturevalue("compiled"),
            '[["getPage", "rye"]]',
        ]
    done = read(command, empty_kv)
    assert done.returncode == 1
    assert "page:rye was replaced 5 times while it was read" in done.stderr
    assert done.stdout == ""
    assert empty_kv.commands["GET"] == 10


def index_pages(revision: str | None, *pages: list[str]) -> dict[str, Any]:
    stamp = {} if revision is None else {"revision": revision}
    return {
        "posts:index" + (f":{number}" if number > 1 else ""): {
            "items": [{"id": item} for item in page],
            "pages": len(pages),
            **stamp,
        }
        for number, page in enumerate(pages, 1)
    }


@pytest.mark.parametrize("revision", ["r", None])
def test_an_index_that_is_replaced_while_it_is_read_is_read_again(
    empty_kv: UpstashStandIn, compiled: Path, revision: str | None
) -> None:
    put(empty_kv, index_pages(revision and "r1", ["a", "b"], ["c"], ["d"]))
    readings: list[str] = []

    def replace(moment: str, words: list[str]) -> None:
        if moment == "after" and words[0] == "GET" and not readings:
            readings.append(words[1])
            put(empty_kv, index_pages(revision and "r2", ["b", "c"], ["d"], ["e"]))

    empty_kv.on_command(replace)
    [items] = ask(compiled, empty_kv, ("getIndex", "posts"))["answers"]
    assert [item["id"] for item in items] == ["b", "c", "d", "e"]
    assert readings == ["posts:index"]
