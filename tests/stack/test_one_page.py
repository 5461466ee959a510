"""Runs of one page: they touch that page, what shows it, and nothing else."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dev.notion.ids import resolved
from dev.stack import Stack
from tests.stack.site import DATABASES, Site, synced

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"
LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000003"
TOWER = "aaaaaaaa-0000-4000-8000-000000000031"
COTTAGE = "aaaaaaaa-0000-4000-8000-000000000035"
BUILDING_BLOCKS = "aaaaaaaa-0000-4000-8000-000000000007"
MEMBERS = "aaaaaaaa-0000-4000-8000-000000000010"
OBJECTS = "dddddddd-0000-4000-8000-000000000003"


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    yield from synced(site, stack)


def written(site: Site, run: dict[str, str]) -> set[str]:
    """What a run changed of what a site reads."""
    return set(site.command("SMEMBERS", f"sync:run:{run['runId']}:changed"))


def slug_of(site: Site, id: str) -> str:
    slug: str = site.published()[id]["meta"]["slug"]
    return slug


def asked(site: Site) -> list[str]:
    return [f"{request['method']} {request['path']}" for request in site.notion.log.requests]


def test_a_page_is_read_with_one_request_and_its_tree(site: Site) -> None:
    """A child page costs one more: the row above it says whether it is published at all."""
    site.notion.edit.append_blocks(COTTAGE, [{"paragraph": "A new lock"}])

    run = site.sync(page="lighthouse/keeper-s-cottage")

    assert asked(site) == [
        f"GET /v1/pages/{COTTAGE}",
        f"GET /v1/pages/{LIGHTHOUSE}",
        f"GET /v1/blocks/{COTTAGE}/children",
    ]
    assert written(site, run) == {"page:lighthouse/keeper-s-cottage"}
    assert "A new lock" in str(site.read("page:lighthouse/keeper-s-cottage")["blocks"])


@pytest.mark.parametrize(
    "spelling", [TOWER, TOWER.replace("-", ""), "lighthouse/the-tower", "/lighthouse/the-tower/"]
)
def test_a_page_is_named_by_slug_or_id(site: Site, spelling: str) -> None:
    site.notion.edit.append_blocks(TOWER, [{"paragraph": "Mind your head"}])

    run = site.sync(page=spelling)

    assert (run["status"], written(site, run)) == ("delivered", {"page:lighthouse/the-tower"})


def test_a_page_that_has_not_changed_is_asked_for_once_and_not_written(site: Site) -> None:
    run = site.sync(page="lighthouse")

    assert asked(site) == [f"GET /v1/pages/{LIGHTHOUSE}"]
    assert written(site, run) == set()


def test_a_forced_page_is_read_again_and_no_other(site: Site) -> None:
    run = site.sync(page="lighthouse", force="1")

    assert run["synced"] == "1"
    assert f"GET /v1/blocks/{LIGHTHOUSE}/children" in asked(site)
    assert f"GET /v1/blocks/{TOWER}/children" not in asked(site)


def test_a_new_row_is_published_and_stands_in_its_index(site: Site) -> None:
    posts = site.notion.workspace.nodes[DATABASES[1]].children[0]
    id = site.notion.edit.create_row(posts, {"Title": "Storm"}, [{"paragraph": "It blows."}])

    run = site.sync(page=id)

    assert written(site, run) == {"page:storm", "posts:index"}
    site.check()


def test_a_new_child_page_is_published_by_the_page_around_it(site: Site) -> None:
    id = site.notion.edit.create_page(
        LIGHTHOUSE, "The stairs", [{"child_page": {"title": "Step"}, "id": "@step"}]
    )

    site.sync(page=resolved("@step"))

    assert site.read("page:lighthouse/the-stairs")["meta"]["id"] == id
    assert site.read("page:lighthouse/the-stairs/step")["meta"]["parent"] == id
    site.check()


@pytest.mark.parametrize("how", ["trash", "archive", "unshare"])
def test_a_row_that_is_gone_is_unpublished(site: Site, how: str) -> None:
    item = site.read("posts:index")["items"][0]
    getattr(site.notion.edit, how)(item["id"])

    run = site.sync(page=item["slug"])

    assert (run["status"], run["deleted"]) == ("delivered", "1")
    assert site.read(f"page:{item['slug']}") is None
    assert item["id"] not in [one["id"] for one in site.read("posts:index")["items"]]


def test_a_row_that_moved_out_of_its_source_is_unpublished(site: Site) -> None:
    item = site.read("posts:index")["items"][0]
    outside = next(node.id for node in site.notion.workspace.nodes.values() if node.parent is None)
    site.notion.edit.move(item["id"], outside)

    site.sync(page=item["id"])

    assert site.read(f"page:{item['slug']}") is None


def test_a_trashed_child_page_goes_with_what_stands_below_it(site: Site) -> None:
    site.notion.edit.trash(TOWER)

    site.sync(page="lighthouse/the-tower")

    assert [key for key in site.site_keys() if key.startswith("page:lighthouse/the-tower")] == []
    site.check()


def test_a_renamed_child_page_moves_with_what_stands_below_it(site: Site) -> None:
    site.notion.edit.set_title(TOWER, "The keep")

    site.sync(page="lighthouse/the-tower")

    assert site.read("page:lighthouse/the-keep/lantern-room") is not None
    assert site.read("redirects")["lighthouse/the-tower"] == "lighthouse/the-keep"
    site.check()


def test_an_edited_original_reaches_the_pages_that_show_it(site: Site) -> None:
    ferry = site.notion.workspace.nodes[resolved("@ferry-notice")]
    site.notion.edit.edit_block(ferry.children[0], "No ferry today.")

    run = site.sync(page="visit")

    assert {"page:visit", f"page:{slug_of(site, BUILDING_BLOCKS)}"} <= written(site, run)
    site.check()


def test_an_edited_original_on_an_unpublished_page_reaches_the_pages_that_show_it(
    site: Site,
) -> None:
    note = site.notion.workspace.nodes[resolved("@winter-note")]
    site.notion.edit.edit_block(note.children[0], "The house is shut for good.")

    run = site.sync(page="aaaaaaaa-0000-4000-8000-000000000009")

    assert run["status"] == "delivered"
    assert f"page:{slug_of(site, MEMBERS)}" in written(site, run)
    site.check()


def test_a_child_database_is_read_without_the_page_around_it(site: Site) -> None:
    row = site.read(f"db:{OBJECTS}")["items"][0]["id"]
    site.notion.edit.set_title(row, "Polished")

    run = site.sync(page=OBJECTS)

    assert f"db:{OBJECTS}" in written(site, run)
    assert not [path for path in asked(site) if "/blocks/" in path]


def test_a_row_of_a_child_database_leads_to_the_database(site: Site) -> None:
    row = site.read(f"db:{OBJECTS}")["items"][0]["id"]
    site.notion.edit.set_title(row, "Polished")

    assert f"db:{OBJECTS}" in written(site, site.sync(page=row))


def test_a_page_of_somebody_else_fails_the_run_with_the_reason(site: Site) -> None:
    outside = next(node.id for node in site.notion.workspace.nodes.values() if node.parent is None)

    run = site.sync(page=outside)

    assert run["status"] == "failed"
    assert "no row of a source" in run["error"]


def test_a_page_is_published_before_anything_else_ever_was(site: Site) -> None:
    site.stack.reset()  # type: ignore[attr-defined]

    run = site.sync(page=VISIT)

    assert run["status"] == "delivered"
    assert site.read("page:visit")["meta"]["id"] == VISIT
    site.sync()
    site.check()


def test_a_page_run_beside_a_full_run_leaves_a_whole_site(site: Site) -> None:
    site.notion.latency.set(15)
    full = site.stack.get("/api/sync/trigger", force="1").json()["runId"]
    beside: list[Any] = []
    for slug in ("visit", "lighthouse", "lighthouse/the-tower"):
        site.notion.edit.append_blocks(
            site.read(f"page:{slug}")["meta"]["id"], [{"paragraph": "Beside"}]
        )
        beside.append(site.stack.get("/api/sync/trigger", page=slug).json()["runId"])

    assert {site.ended(run_id)["status"] for run_id in [*beside, full]} == {"delivered"}
    site.later()
    site.notion.latency.set(0)
    site.sync()
    site.check()


@pytest.mark.parametrize("published", [True, False])
def test_a_page_that_was_hidden_during_a_full_run_stays_hidden(
    site: Site, stack: Stack, published: bool
) -> None:
    """The full run has listed it before; whatever it reads of it now is older than what the run of
    the page saw."""
    posts = site.notion.workspace.nodes[DATABASES[1]].children[0]
    hidden = site.notion.edit.create_row(posts, {"Title": "Storm"}, [{"paragraph": "It blows."}])
    if published:
        site.sync(page=hidden)
    stack.set("SYNC_SLICE_SECONDS", "0.01")
    try:
        full = site.stack.get("/api/sync", force="1").json()["runId"]
        while not site.command("HEXISTS", "sync:work", hidden):
            site.stack.get("/api/sync")
        site.notion.edit.set_property(hidden, "Visibility", "draft")
        site.sync(page=hidden)
        assert site.run(full)["status"] == "active"
    finally:
        stack.set("SYNC_SLICE_SECONDS", "")
    while site.run(full)["status"] == "active":
        site.stack.get("/api/sync")

    assert hidden not in site.published()
    site.check()


def test_a_button_in_notion_publishes_the_page_that_it_was_pressed_on(site: Site) -> None:
    site.notion.edit.append_blocks(VISIT, [{"paragraph": "Published by a button"}])
    body = {
        "source": {"type": "automation", "action_id": TOWER, "attempt": 1},
        "data": {"object": "page", "id": VISIT, "properties": {}},
    }

    answer = press(site, json=body)

    assert answer.status_code == 202
    run = site.ended(answer.json()["runId"])
    assert (run["status"], run["page"], run["askedBy"]) == ("delivered", VISIT, "button")
    assert "Published by a button" in str(site.read("page:visit")["blocks"])


@pytest.mark.parametrize(
    "content", [b"", b"no JSON", b'{"data": {"object": "database", "id": 7}}'], ids=str
)
def test_a_button_that_stands_on_no_page_asks_for_everything(site: Site, content: bytes) -> None:
    answer = press(site, content=content)

    assert answer.status_code == 202
    run = site.ended(answer.json()["runId"])
    assert (run["status"], run["page"], run["source"]) == ("delivered", "", "")


def test_a_button_without_the_secret_publishes_nothing(site: Site) -> None:
    answer = httpx.post(f"{site.stack.url}/api/sync/trigger", json={}, trust_env=False)

    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


def press(site: Site, **body: Any) -> httpx.Response:
    """What Notion's *Send webhook* action does, with a header that its owner gave it."""
    return httpx.post(
        f"{site.stack.url}/api/sync/trigger",
        headers={"Authorization": f"Bearer {site.stack.secret}"},
        timeout=60,
        trust_env=False,
        **body,
    )
