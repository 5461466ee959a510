"""With a Blob store: files are copied into it in the background of a run, once, and nothing waits
for them."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from dev.blob import BlobStandIn
from dev.notion.files import IMAGE_SIZE, content
from dev.stack import Stack
from tests.stack.site import Site
from tests.stack.test_media import ADDRESS, CAFE, THREE_HOURS, VISIT, addresses, ask, cover, opened
from tests.waiting import until


@pytest.fixture(scope="module")
def stack(redis_environ: dict[str, str]) -> Iterator[Stack]:
    with Stack(
        environ=redis_environ, blob=True, settings={"NOTION_REQUESTS_PER_MINUTE": "6000"}
    ) as running:
        running.reset()  # the Redis may hold what the tests before left
        yield running


@pytest.fixture
def blob(stack: Stack, site: Site) -> BlobStandIn:
    """An empty store; Notion gives as many answers as a story of many runs in one minute needs."""
    assert stack.blob is not None
    site.notion.limit.requests = None
    return stack.blob


def copies(site: Site, blob: BlobStandIn) -> list[str]:
    """Every address of a copy in what a site reads."""
    texts = [site.command("GET", key) for key in site.site_keys()]
    return sorted(
        {
            found
            for text in texts
            for found in text.split('"')
            if found.startswith(f"{blob.url}/public/")
        }
    )


def revisions(site: Site) -> dict[str, str]:
    return {key: site.command("GET", key) for key in site.site_keys()}


def test_every_file_is_copied_once_and_opens_for_ever(site: Site, blob: BlobStandIn) -> None:
    run = site.sync()

    assert run["status"] == "delivered"
    assert addresses(site) == []
    found = copies(site, blob)
    assert len(found) == len(blob.puts) == len(set(blob.puts)) == int(run["images"]) > 5
    site.notion.clock.advance(THREE_HOURS)
    for address in found:
        answer = ask(address)
        assert answer.status_code == 200
        assert answer.content == content(urlsplit(address).path.rpartition("/")[2])
    site.check(copies=f"{blob.url}/public")


def test_pictures_get_their_size_and_files_the_type_of_their_bytes(
    site: Site, blob: BlobStandIn
) -> None:
    site.sync()

    blocks = [block for bundle in site.published().values() for block in nested(bundle["blocks"])]
    pictures = [
        block["image"]["file"]
        for block in blocks
        if block["type"] == "image" and "file" in block["image"]
    ]
    assert pictures
    assert {(picture["width"], picture["height"]) for picture in pictures} == {IMAGE_SIZE}
    assert {file.media_type for file in blob.files if file.pathname.endswith(".png")} == {
        "image/png"
    }
    assert "application/pdf" in {file.media_type for file in blob.files}


def test_a_second_run_copies_and_writes_nothing(site: Site, blob: BlobStandIn) -> None:
    site.sync()
    before, puts = revisions(site), list(blob.puts)
    site.notion.clock.advance(180)
    site.sync()

    run = site.sync()

    assert (revisions(site), blob.puts, run["images"]) == (before, puts, "0")
    assert int(run["kvCommands"]) + int(run["finishCommands"]) <= 20


def test_the_indexes_name_the_copies_too(site: Site, blob: BlobStandIn) -> None:
    site.sync()

    item = next(item for item in site.read("pages:index")["items"] if item["id"] == VISIT)
    assert item["cover"] == cover(site) in copies(site, blob)


def test_an_address_given_out_before_the_copy_was_made_leads_to_the_copy(
    site: Site, blob: BlobStandIn
) -> None:
    blob.fail(times=1000)
    site.sync()
    before = addresses(site)
    assert before
    blob.reset()
    site.sync()

    assert addresses(site) == []
    assert {ask(address).headers["Location"] for address in before} <= set(copies(site, blob))


def test_c13_a_copy_whose_address_leads_elsewhere_is_no_copy(site: Site, blob: BlobStandIn) -> None:
    blob.fail(times=1000)
    site.sync()
    address = cover(site)
    blob.reset()
    file = address.partition("&file=")[2][:16]
    for elsewhere in (
        "https://evil.example/a.png",
        f"{blob.url}.evil.example/public/a.png",
        "javascript:alert(1)",
    ):
        site.command("HSET", "sync:files:copies:localstore", file, json.dumps({"url": elsewhere}))
        answer = ask(address)
        assert answer.headers["Location"].startswith(site.notion.url)
        assert answer.headers["CDN-Cache-Control"] == "no-store"


def test_c4_files_of_pages_that_are_not_public_stay_out_of_the_public_store(
    site: Site, blob: BlobStandIn
) -> None:
    site.notion.edit.set_property(VISIT, "visibility", "members")
    site.notion.edit.set_cover(VISIT, {"file": "for-members.png"})
    run = site.sync()

    assert run["status"] == "delivered"
    assert not [name for name in blob.puts if "for-members" in name]
    assert "/api/media?" in cover(site)
    assert opened(cover(site)).content == content("for-members.png")
    assert site.command("ZSCORE", "sync:files:uncopied", f"page:{VISIT}") is None, (
        "no run looks at it in vain"
    )
    assert copies(site, blob), "those of public pages are copied"

    site.notion.edit.set_property(VISIT, "visibility", "public")
    site.notion.clock.advance(180)
    site.sync()
    assert cover(site) in copies(site, blob)


def test_a_page_that_stops_being_public_leaves_no_copy_behind(
    site: Site, blob: BlobStandIn
) -> None:
    site.sync()
    copy = cover(site)
    site.notion.edit.set_property(VISIT, "visibility", "members")

    site.sync()

    texts = [site.command("GET", key) for key in site.site_keys()]
    assert not [text for text in texts if copy in text]
    answer = ask(cover(site))
    assert answer.headers["Location"].startswith(site.notion.url)
    assert answer.headers["CDN-Cache-Control"] == "no-store"
    for _ in range(2):
        next_day(site)
        site.sync()
        age_idle_copies(site)
    assert ask(copy).status_code == 404
    assert opened(cover(site)).status_code == 200

    site.notion.edit.set_property(VISIT, "visibility", "public")
    site.sync()
    assert ask(cover(site)).status_code == 200
    assert "/public/" in cover(site)


def test_while_the_store_fails_every_page_is_published_and_every_file_opens(
    site: Site, blob: BlobStandIn
) -> None:
    blob.fail(times=1000)

    run = site.sync()

    assert (run["status"], run.get("failed", "0"), run["images"]) == ("delivered", "0", "0")
    assert "Blob" in json.loads(run["warnings"])[-1]
    site.check()
    assert opened(cover(site)).status_code == 200


@pytest.fixture
def silent_host(site: Site, stack: Stack) -> Iterator[socket.socket]:
    """Notion's files are on a host that takes connections and says nothing; closed, it refuses
    them."""
    home = site.notion.workspace.home
    with socket.create_server(("127.0.0.1", 0)) as host:
        address = "{}:{}".format(*host.getsockname())
        stack.set("NOTION_FILE_HOSTS", f"{stack.environ['NOTION_FILE_HOSTS']},{address}")
        site.notion.workspace.home = f"http://{address}"
        yield host
    site.notion.workspace.home = home
    stack.set("NOTION_FILE_HOSTS", stack.environ["NOTION_FILE_HOSTS"])


def test_a_file_host_that_hangs_delays_no_page(
    site: Site, blob: BlobStandIn, silent_host: socket.socket
) -> None:
    run_id = site.stack.get("/api/sync/trigger").json()["runId"]

    until(lambda: site.truth().problems(site.bundles()) == [])
    assert site.run(run_id)["status"] == "active"
    silent_host.close()
    run = site.ended(run_id)
    assert (run["status"], run.get("failed", "0"), run["images"]) == ("delivered", "0", "0")
    assert "file host" in json.loads(run["warnings"])[-1]
    due = site.command("ZCOUNT", "sync:files:uncopied", "-inf", str(round(time.time() * 1000)))
    assert due == len(site.command("HKEYS", "sync:files"))  # the next run takes them up


def test_a_slow_store_delays_no_page(site: Site, blob: BlobStandIn, stack: Stack) -> None:
    blob.hold_back(2.0)
    stack.set("SYNC_SLICE_SECONDS", "4")
    try:
        run_id = site.stack.get("/api/sync/trigger").json()["runId"]
        until(lambda: site.truth().problems(site.bundles()) == [])
        assert site.run(run_id)["status"] == "active"
        blob.hold_back(0.0)
        assert site.ended(run_id)["status"] == "delivered"
    finally:
        stack.set("SYNC_SLICE_SECONDS", "")


def test_who_asks_while_files_are_copied_does_not_wait_for_them(
    site: Site, blob: BlobStandIn
) -> None:
    blob.hold_back(1.0)
    first = site.stack.get("/api/sync/trigger").json()["runId"]
    until(lambda: site.read("pages:index") is not None)
    second = site.stack.get("/api/sync/trigger").json()
    assert second["message"] == "Sync already running"
    blob.hold_back(0.0)

    assert site.ended(site.ended(first)["followUpRun"])["status"] == "delivered"
    assert addresses(site) == []


def test_a_store_that_comes_later_gets_the_files_of_pages_that_did_not_change(
    site: Site, blob: BlobStandIn, stack: Stack
) -> None:
    stack.set("BLOB_READ_WRITE_TOKEN", "")
    try:
        site.sync()
        before = addresses(site)
    finally:
        stack.set("BLOB_READ_WRITE_TOKEN", blob.token)
    assert before
    assert copies(site, blob) == []

    run = site.sync()
    assert int(run["images"]) == len(blob.puts) > 5
    assert addresses(site) == []
    site.check(copies=f"{blob.url}/public")


def test_without_the_store_a_forced_run_leads_everything_back(
    site: Site, blob: BlobStandIn, stack: Stack
) -> None:
    site.sync()
    stack.set("BLOB_READ_WRITE_TOKEN", "")
    try:
        site.sync(force="1")
        assert copies(site, blob) == []
        assert opened(cover(site)).status_code == 200
    finally:
        stack.set("BLOB_READ_WRITE_TOKEN", blob.token)


def test_copies_that_no_bundle_names_are_removed_a_day_later(site: Site, blob: BlobStandIn) -> None:
    site.sync()
    old = cover(site)
    site.notion.edit.set_cover(VISIT, {"file": "replaced.png"})
    site.sync(page="visit")
    assert cover(site) != old

    next_day(site)
    site.sync()
    assert ask(old).status_code == 200  # seen to be unnamed, and kept for a day
    age_idle_copies(site)
    next_day(site)
    site.sync()

    assert ask(old).status_code == 404
    assert all(
        httpx.get(address, trust_env=False).status_code == 200 for address in copies(site, blob)
    )


def test_a_copy_that_is_named_again_is_never_removed(site: Site, blob: BlobStandIn) -> None:
    site.sync()
    old = cover(site)
    for name in ("replaced.png", "harbour.png"):
        site.notion.edit.set_cover(VISIT, {"file": name})
        site.sync(page="visit")
        next_day(site)
        site.sync()
        age_idle_copies(site)

    next_day(site)
    site.sync()

    assert cover(site) == old
    assert ask(old).status_code == 200
    assert [pathname for pathname in blob.puts if old.endswith(pathname)] == [
        old.partition("/public/")[2]
    ]


def test_a_bundle_in_parts_gets_the_copies_too(site: Site, stack: Stack) -> None:
    stack.set("KV_MAX_VALUE_BYTES", "20000")
    try:
        site.sync()
    finally:
        stack.set("KV_MAX_VALUE_BYTES", "")

    parts = [site.command("GET", key) for key in site.site_keys() if ":part:" in key]
    assert parts
    assert not [part for part in parts if ADDRESS.search(part)]
    assert [part for part in parts if "/public/" in part]


def test_a_draft_leaves_its_files_unnamed(site: Site) -> None:
    site.sync()
    site.notion.edit.set_property(CAFE, "visibility", "draft")
    site.sync()

    assert f"page:{CAFE}" not in site.command("HKEYS", "sync:files")


def next_day(site: Site) -> None:
    """The sweep is due again."""
    site.command("DEL", "sync:files:copies:localstore:swept")


def age_idle_copies(site: Site) -> None:
    """Whatever is idle has been so for more than a day."""
    for file in site.command("HKEYS", "sync:files:copies:localstore:idle"):
        site.command("HSET", "sync:files:copies:localstore:idle", file, "1")


def nested(blocks: list[Any]) -> Iterator[Any]:
    for block in blocks:
        yield block
        yield from nested(block.get("children", []))
