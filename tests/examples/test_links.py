"""The Next.js example's data layer finds where links lead, in one command."""

from pathlib import Path

import pytest

from dev.upstash import UpstashStandIn
from tests.examples.fixtures import JSON, page_in_parts, paragraph, published, put, whole_page
from tests.examples.readers import ask

HOME, RYE, OATS, GONE = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abcd")


def mentioning(*page_ids: str) -> JSON:
    items = [
        {
            "type": "mention",
            "mention": {"type": "page", "page": {"id": one}},
            "plain_text": f"page {one[0]}",
        }
        for one in page_ids
    ]
    return {"id": "m", "type": "paragraph", "paragraph": {"rich_text": items}}


def test_all_links_of_a_page_are_resolved_by_one_command(
    empty_kv: UpstashStandIn, compiled: Path
) -> None:
    published(empty_kv, "rye", paragraph("Rye."), page_id=RYE)
    published(empty_kv, "123", paragraph("Oats."), page_id=OATS)
    published(empty_kv, "home", mentioning(RYE, HOME, GONE, OATS, RYE), page_id=HOME)
    before = empty_kv.commands.total()
    seen = ask(compiled, empty_kv, ("getPage", "home"))
    assert empty_kv.commands.total() - before == 2
    assert empty_kv.commands["HMGET"] == 1
    rye, home, oats = (
        '<a href="/rye">page b</a>',
        '<a href="/home">page a</a>',
        '<a href="/123">page c</a>',
    )
    assert seen["pages"] == [f"<p>{rye}{home}page d{oats}{rye}</p>"]


def test_the_prefix_stands_before_paths(empty_kv: UpstashStandIn, compiled: Path) -> None:
    page = whole_page("home", mentioning(RYE), id=HOME)
    page["page:home"]["refs"] = [RYE]
    put(empty_kv, page, paths={RYE: "rye"}, prefix="ours:")
    put(empty_kv, {}, paths={RYE: "another site's"})
    [html] = ask(compiled, empty_kv, ("getPage", "home"), KV_PREFIX="ours:")["pages"]
    assert html == '<p><a href="/rye">page b</a></p>'


def test_a_page_in_parts_is_linked_too(empty_kv: UpstashStandIn, compiled: Path) -> None:
    parts = page_in_parts(
        "home", {"blocks": [paragraph("a")]}, {"blocks": [mentioning(RYE)]}, id=HOME
    )
    parts["page:home"]["refs"] = [RYE]
    put(empty_kv, parts, paths={RYE: "rye"})
    [html] = ask(compiled, empty_kv, ("getPage", "home"))["pages"]
    assert html == '<p>a</p><p><a href="/rye">page b</a></p>'


@pytest.mark.parametrize("refs", [None, 7, "odd", {}, [], [None, 7, {}]])
def test_odd_refs_and_those_of_an_older_version_lead_nowhere(
    empty_kv: UpstashStandIn, compiled: Path, refs: object
) -> None:
    page = whole_page("home", mentioning(RYE), id=HOME)
    page["page:home"]["refs"] = refs
    put(empty_kv, page, paths={RYE: "rye"})
    [html] = ask(compiled, empty_kv, ("getPage", "home"))["pages"]
    assert html == "<p>page b</p>"
    assert empty_kv.commands["HMGET"] == 0


def test_a_child_page_that_stands_in_a_synced_block_is_found(
    empty_kv: UpstashStandIn, compiled: Path
) -> None:
    """It is no child page of this page, and no reference either."""
    child = {"id": RYE, "type": "child_page", "child_page": {"title": "Rye"}}
    synced = {"id": "s", "type": "synced_block", "synced_block": {}, "children": [child]}
    put(empty_kv, whole_page("home", synced, id=HOME), paths={RYE: "bread/rye"})
    [html] = ask(compiled, empty_kv, ("getPage", "home"))["pages"]
    assert '<a href="/bread/rye">' in html


def test_a_page_as_text_is_read_with_the_slugs_in_it(
    empty_kv: UpstashStandIn, compiled: Path
) -> None:
    published(empty_kv, "rye", paragraph("Rye."), page_id=RYE)
    published(empty_kv, "home", mentioning(RYE, GONE), page_id=HOME)
    doc, nothing = ask(compiled, empty_kv, ("getDoc", "home"), ("getDoc", "gone"))["answers"]
    assert doc["markdown"] == f"[page b](page:{RYE})[page d](page:{GONE})"
    assert nothing is None
