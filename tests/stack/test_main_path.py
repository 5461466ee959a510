"""The main path: trigger → queue → worker → KV."""

from dev.notion import truth
from dev.stack import Stack
from tests.stack.site import DATABASES, Site


def test_a_full_sync_equals_the_workspace(site: Site) -> None:
    run = site.sync()

    assert run["status"] == "delivered"
    assert run.get("failed", "0") == "0"
    site.check()


def test_a_full_sync_needs_hardly_more_requests_than_the_minimum(site: Site) -> None:
    run = site.sync()

    minimum = truth.minimum_requests(site.notion.workspace, DATABASES)
    assert int(run["notionRequests"]) <= 1.02 * minimum


def test_a_second_run_reads_nothing_and_writes_nothing(site: Site) -> None:
    site.sync()
    before = {key: site.command("GET", key) for key in site.site_keys()}
    site.notion.log.clear()
    site.kv.commands.clear()

    run = site.sync()

    assert (run.get("synced", "0"), run["toSync"]) == ("0", "0")
    assert {key: site.command("GET", key) for key in site.site_keys()} == before


def test_a_run_of_many_slices_sends_one_message_for_each(site: Site, stack: Stack) -> None:
    stack.set("SYNC_SLICE_SECONDS", "1")
    site.notion.latency.set(250)
    try:
        run = site.sync()
    finally:
        stack.set("SYNC_SLICE_SECONDS", "")

    assert int(run["slices"]) > 2
    assert site.qstash.counts["publish"] == int(run["slices"])
    site.check()


def test_who_asks_meanwhile_joins_and_is_followed(site: Site) -> None:
    site.notion.latency.set(20)
    first = site.stack.get("/api/sync/trigger").json()
    second = site.stack.get("/api/sync/trigger").json()

    assert second["message"] == "Sync already running"
    assert (second["runId"], second["jobId"]) == (first["runId"], first["jobId"])
    followed = site.ended(first["runId"])["followUpRun"]
    assert site.ended(followed)["status"] == "delivered"


def test_the_backup_way_does_the_same_without_the_queue(site: Site) -> None:
    answer = site.stack.get("/api/sync").json()

    assert (answer["ok"], answer["status"], answer["remaining"]) == (True, "done", 0)
    assert site.qstash.counts["publish"] == 0
    site.check()


def test_a_child_page_that_is_not_shared_is_shown_as_unavailable_and_fails_nothing(
    site: Site,
) -> None:
    child = "aaaaaaaa-0000-4000-8000-000000000035"
    site.sync()
    site.notion.edit.unshare(child)
    site.notion.clock.advance(180)
    run = site.sync()

    assert (run.get("failed", "0"), run.get("deleted")) == ("0", "1")
    site.check()
    assert site.read("page:lighthouse/keeper-s-cottage") is None
    site.notion.log.clear()
    assert site.sync().get("synced", "0") == "0"
    site.notion.edit.share(child)
    site.sync()
    site.check()
    assert site.read("page:lighthouse/keeper-s-cottage")


def test_an_edit_a_moment_after_a_sync_is_published_by_the_next_one(site: Site) -> None:
    """Notion's clock shows whole seconds; which of two readings of one second is newer is told by
    ours."""
    visit = "aaaaaaaa-0000-4000-8000-000000000002"
    for number in range(5):
        site.notion.edit.set_property(visit, "slug", f"visit-{number}")
        site.sync(page=visit)
        assert site.read(f"page:visit-{number}")["meta"]["id"] == visit


def test_two_sites_share_one_database_under_their_prefixes(site: Site, stack: Stack) -> None:
    site.notion.limit.requests = None
    stack.set("KV_PREFIX", "blog:")
    try:
        assert site.stack.get("/api/sync").json()["status"] == "done"
    finally:
        stack.set("KV_PREFIX", "")
    first = {
        key: dumped(site, key) for key in site.command("KEYS", "blog:*") if ":sync:" not in key
    }
    assert site.command("DBSIZE") == len(site.command("KEYS", "blog:*"))

    site.notion.edit.set_property("aaaaaaaa-0000-4000-8000-000000000002", "visibility", "draft")
    assert site.stack.get("/api/sync").json()["status"] == "done"

    assert {key: dumped(site, key) for key in first} == first
    assert "blog:page:visit" in first
    second = {key for key in site.site_keys() if not key.startswith("blog:")}
    assert {key.removeprefix("blog:") for key in first} - second == {
        "page:visit",
        "doc:visit",
        "paths",
    }


def dumped(site: Site, key: str) -> str:
    """The value of a key, of whatever type."""
    return str(site.command("HGETALL" if key.endswith("paths") else "GET", key))
