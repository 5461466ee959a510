"""A run is cancelled: nothing is written any more, what it published stays, the next one goes on."""

import httpx
import pytest

from dev.listener import Listener
from dev.qstash import Fault
from dev.stack import Stack
from tests.stack.site import Site
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("no_limit")


def cancel(site: Site, run_id: str) -> httpx.Response:
    return httpx.post(
        f"{site.stack.url}/api/sync/cancel",
        params={"run": run_id},
        headers={"Authorization": f"Bearer {site.stack.secret}"},
        trust_env=False,
    )


def half_done(site: Site) -> str:
    """A run that has published some pages and reads others."""
    site.notion.latency.set(150)
    run_id: str = site.stack.get("/api/sync/trigger").json()["runId"]
    until(lambda: site.synced(run_id) >= 3)
    return run_id


def test_a_cancelled_run_writes_nothing_any_more_and_the_next_one_goes_on(site: Site) -> None:
    run_id = half_done(site)

    answer = cancel(site, run_id)
    published = site.bundles()
    site.notion.latency.set(0)
    site.qstash.drain()

    assert answer.status_code == 200, answer.text
    run = answer.json()
    assert (run["runId"], run["status"], run["errors"][0]["kind"]) == (run_id, "cancelled", "run")
    assert "next run goes on" in run["errors"][0]["reason"]
    after = site.bundles()
    assert (after.values, after.paths) == (published.values, published.paths)
    assert 3 <= len(published.pages) < 37
    assert site.stack.get("/api/sync/status").json()["active"] is None
    assert {message.state for message in site.qstash.messages} == {"DELIVERED"}

    before = {id: page["syncedAt"] for id, page in published.pages.items()}
    site.sync()
    site.check()
    assert {id: site.published()[id]["syncedAt"] for id in before} == before


def test_a_run_that_has_not_begun_is_cancelled_too_and_never_begins(site: Site) -> None:
    site.qstash.fail(Fault("wrong_sub"))  # the worker refuses the first delivery
    run_id = site.stack.get("/api/sync/trigger").json()["runId"]

    assert cancel(site, run_id).json()["status"] == "cancelled"
    site.qstash.advance(60)
    site.qstash.drain()

    assert site.run(run_id)["status"] == "cancelled"
    assert site.site_keys() == []


def test_the_next_run_may_begin_at_once(site: Site) -> None:
    first = half_done(site)
    cancel(site, first)
    site.notion.latency.set(0)

    second = site.sync()

    assert (second["status"], second["runId"] != first) == ("delivered", True)
    site.check()


def test_what_was_promised_meanwhile_is_taken_back(site: Site) -> None:
    run_id = half_done(site)
    assert site.stack.get("/api/sync/trigger").json()["message"] == "Sync already running"

    cancel(site, run_id)
    site.notion.latency.set(0)
    site.qstash.drain()

    assert "followUpRun" not in site.run(run_id)
    assert len(site.stack.get("/api/sync/status").json()["runs"]) == 1


def test_the_site_is_told_of_what_was_published_and_people_are_not(
    site: Site, stack: Stack
) -> None:
    with Listener() as listener:
        stack.set("REVALIDATE_URL", f"{listener.url}/revalidate")
        stack.set("SLACK_WEBHOOK_URL", f"{listener.url}/slack")
        try:
            run_id = half_done(site)
            cancel(site, run_id)
            site.notion.latency.set(0)
            site.qstash.drain()
        finally:
            stack.set("REVALIDATE_URL", "")
            stack.set("SLACK_WEBHOOK_URL", "")

        assert [heard.path for heard in listener.heard()] == ["/revalidate"]


def test_a_run_that_has_ended_is_not_cancelled(site: Site) -> None:
    run = site.sync()

    answer = cancel(site, run["runId"])

    assert answer.status_code == 409
    assert "was delivered" in answer.json()["error"]
    assert site.run(run["runId"])["status"] == "delivered"


@pytest.mark.parametrize(("run_id", "status"), [("run_nobody_knows", 404), ("", 400), ("a b", 400)])
def test_a_run_that_is_none_is_not_cancelled(site: Site, run_id: str, status: int) -> None:
    assert cancel(site, run_id).status_code == status


def test_it_takes_the_secret_and_a_post(site: Site) -> None:
    address = f"{site.stack.url}/api/sync/cancel?run=run_1"

    assert httpx.post(address, trust_env=False).status_code == 401
    answer = site.stack.get("/api/sync/cancel", run="run_1")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
