"""`examples/python/reader.py` finds a page as a site does, and says so where there is none."""

import sys
from typing import Any

import pytest

from dev.upstash import UpstashStandIn
from tests.examples.fixtures import JSON, page_in_parts, paragraph, published, put, whole_page
from tests.examples.readers import READER, execute, printed, read


def ids(blocks: list[Any]) -> list[str]:
    return [block["id"] for block in blocks]


def test_redirects_are_followed_to_the_end(empty_kv: UpstashStandIn) -> None:
    redirects = {"redirects": {"a": "b", "b": "c/d", "c/d": "été"}}
    put(empty_kv, whole_page("été", paragraph("found")) | redirects)
    for slug in ("été", "c/d", "b", "a", "/a/"):
        assert ids(printed(empty_kv, slug)) == ["found"]


def test_a_redirect_leads_to_a_page_in_parts(empty_kv: UpstashStandIn) -> None:
    page = page_in_parts("rye", {"blocks": [paragraph("a")]}, {"blocks": [paragraph("b")]})
    put(empty_kv, page | {"redirects": {"old": "rye"}})
    assert ids(printed(empty_kv, "old")) == ["a", "b"]


def test_a_page_goes_before_a_redirect(empty_kv: UpstashStandIn) -> None:
    """A slug that was left may have been taken again."""
    pages = whole_page("b", paragraph("b")) | whole_page("c", paragraph("c"))
    put(empty_kv, pages | {"redirects": {"a": "b", "b": "c"}})
    assert ids(printed(empty_kv, "b")) == ["b"]
    assert ids(printed(empty_kv, "a")) == ["b"]


@pytest.mark.parametrize(
    "redirects",
    [{}, {"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}, {"a": "gone"}],
)
def test_redirects_to_nothing_and_in_circles_end(
    empty_kv: UpstashStandIn, redirects: dict[str, str]
) -> None:
    put(empty_kv, {"redirects": redirects})
    done = read([sys.executable, READER, "a"], empty_kv)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "no page a\n")


def test_the_prefix_stands_before_every_key(empty_kv: UpstashStandIn) -> None:
    page = page_in_parts("rye", {"blocks": [paragraph("a")]}, {"blocks": [paragraph("b")]})
    ours = {f"ours:{key}": value for key, value in {**page, "redirects": {"old": "rye"}}.items()}
    put(empty_kv, ours | whole_page("rye", paragraph("another site's")))
    for slug in ("rye", "old"):
        assert ids(printed(empty_kv, slug, KV_PREFIX="ours:")) == ["a", "b"]


def test_a_read_only_token_goes_before_the_other(empty_kv: UpstashStandIn) -> None:
    put(empty_kv, whole_page("rye", paragraph("a")))
    tokens = {"KV_REST_API_TOKEN": "wrong", "KV_REST_API_READ_ONLY_TOKEN": empty_kv.read_only_token}
    done = execute([sys.executable, READER, "rye"], KV_REST_API_URL=empty_kv.url, **tokens)
    assert done.returncode == 0, done.stderr


def test_a_key_that_is_no_page_is_no_page(empty_kv: UpstashStandIn) -> None:
    put(empty_kv, page_in_parts("rye", {"blocks": [paragraph("a")]}))
    assert read([sys.executable, READER, "rye:part:1"], empty_kv).stderr == "no page rye:part:1\n"


RYE, OATS, GONE = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abd")


def test_markdown_has_links_to_pages_of_the_site_and_the_text_of_others(
    empty_kv: UpstashStandIn,
) -> None:
    items = [
        {"plain_text": f"to [{one[0]}]", "href": f"/{one.replace('-', '')}#{'b' * 32}"}
        for one in (RYE, GONE)
    ]
    linking: JSON = {"id": "l", "type": "paragraph", "paragraph": {"rich_text": items}}
    published(empty_kv, "bread/rye (day)", paragraph("Rye."), page_id=RYE, prefix="ours:")
    published(empty_kv, "oats", linking, page_id=OATS, prefix="ours:")
    put(empty_kv, {"redirects": {"old": "oats"}}, prefix="ours:")
    for slug in ("oats", "old"):
        done = read([sys.executable, READER, "--markdown", slug], empty_kv, KV_PREFIX="ours:")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"[to \\[a\\]](/bread/rye%20%28day%29#{'b' * 32})to \\[d\\]\n"
    assert empty_kv.commands["HMGET"] == 2
    assert read([sys.executable, READER, "--markdown", "gone"], empty_kv).stderr == "no page gone\n"


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--markdown"]])
def test_who_asks_for_no_page_learns_how(empty_kv: UpstashStandIn, arguments: list[str]) -> None:
    done = read([sys.executable, READER, *arguments], empty_kv)
    assert (done.returncode, done.stderr) == (1, "usage: python reader.py [--markdown] <slug>\n")
