"""Files that never expire: every address in KV opens, for ever, and nothing but what is published
can be had."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from dev.notion import TOKEN
from dev.notion.files import content
from dev.stack import Stack
from dev.upstash import Fault
from tests.stack.site import Site, sync_once

THREE_HOURS = 3 * 3600
ADDRESS = re.compile(r'"(https?://[^"]*/api/media\?[^"]*)"')
VISIT = "aaaaaaaa-0000-4000-8000-000000000002"
CAFE = "aaaaaaaa-0000-4000-8000-000000000006"


def addresses(site: Site) -> list[str]:
    """Every address of ours in what a site reads."""
    return sorted(
        {found for key in site.site_keys() for found in ADDRESS.findall(site.command("GET", key))}
    )


def ask(address: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, address, trust_env=False, timeout=30)


def opened(address: str) -> httpx.Response:
    """Follows one redirect, as a browser does."""
    answer = ask(address)
    assert answer.status_code == 302, answer.text
    return ask(answer.headers["Location"])


def asked(site: Site) -> int:
    """How many requests Notion has got."""
    return len(site.notion.log.requests)


def picture(site: Site) -> str:
    """The address of a picture inside a page."""
    return next(address for address in addresses(site) if "block=" in address)


def cover(site: Site) -> str:
    address: str = site.published()[VISIT]["meta"]["cover"]
    return address


def test_nothing_that_expires_is_ever_written_to_kv(site: Site, stack: Stack) -> None:
    """Neither what a site reads nor what slices leave for one another: plans, listings, half-read
    trees."""
    written: list[str] = []
    site.kv.on_command(
        lambda moment, words: written.extend(map(str, words)) if moment == "before" else None
    )
    site.notion.latency.set(30)
    stack.set("SYNC_SLICE_SECONDS", "0.3")
    try:
        run = site.sync()
        site.notion.edit.append_blocks(VISIT, [{"image": {"file": "new.png"}}])
        site.sync(page="visit")
    finally:
        stack.set("SYNC_SLICE_SECONDS", "")

    assert int(run["slices"]) > 2
    assert [key for key in written if ":partial:" in key]
    assert [word for word in written if "harbour.png" in word]
    assert [word for word in written if "X-Amz" in word] == []


def test_every_address_opens_three_hours_later_with_the_files_own_bytes(site: Site) -> None:
    sync_once(site)
    site.notion.clock.advance(THREE_HOURS)

    found = addresses(site)
    assert len(found) > 10
    for address in found:
        answer = opened(address)
        assert answer.status_code == 200, answer.text
        assert answer.content == content(urlsplit(str(answer.url)).path.rpartition("/")[2])


def test_a_redirect_may_be_kept_for_less_than_the_address_lives(site: Site) -> None:
    sync_once(site)

    answer = ask(picture(site))
    keep = re.fullmatch(r"private, max-age=(\d+)", answer.headers["Cache-Control"])
    assert keep is not None
    assert 3000 < int(keep[1]) < 3600
    assert {answer.headers[name] for name in ("CDN-Cache-Control", "Vercel-CDN-Cache-Control")} == {
        "no-store"
    }
    site.notion.clock.advance(int(keep[1]))
    assert ask(answer.headers["Location"]).status_code == 200


def test_a_head_request_is_answered_alike(site: Site) -> None:
    sync_once(site)
    got = ask(picture(site))

    answer = ask(picture(site), "HEAD")
    assert (answer.status_code, answer.headers["Location"], answer.content) == (
        302,
        got.headers["Location"],
        b"",
    )


def test_notion_is_asked_once_whatever_the_traffic(site: Site) -> None:
    sync_once(site)
    site.notion.latency.set(300)
    before = asked(site)

    with ThreadPoolExecutor(12) as crowd:
        locations = {
            answer.headers.get("Location") for answer in crowd.map(ask, [picture(site)] * 40)
        }

    assert asked(site) == before + 1
    assert len(locations) == 1 and None not in locations


def test_all_files_of_a_page_cost_one_request(site: Site) -> None:
    sync_once(site)
    before = asked(site)

    for address in [address for address in addresses(site) if f"page={VISIT}" in address]:
        assert opened(address).status_code == 200

    assert asked(site) == before + 1


def test_a_look_up_costs_three_kv_commands_where_notion_is_asked_and_one_where_not(
    site: Site,
) -> None:
    site.sync()
    commands: list[str] = []
    site.kv.on_command(
        lambda moment, words: commands.append(str(words[0])) if moment == "before" else None
    )
    for address in (picture(site), cover(site)):
        counts = []
        for _ in range(2):
            commands.clear()
            assert ask(address).status_code == 302
            counts.append(len(commands))
        assert counts == [3, 1]


def test_while_kv_hangs_the_visitor_is_told_soon_to_come_back(site: Site) -> None:
    sync_once(site)
    address = picture(site)
    site.kv.fail(Fault("timeout", times=0))
    try:
        began = time.monotonic()
        answer = ask(address)
    finally:
        site.kv.heal()

    assert time.monotonic() - began < 5
    assert answer.status_code == 503
    assert "KV" in answer.json()["error"]
    assert int(answer.headers["Retry-After"]) == 5
    assert ask(address).status_code == 302


def test_a_sync_that_used_up_its_minute_leaves_visitors_theirs(site: Site) -> None:
    site.sync()
    address = picture(site)
    use_up(site, used=160, visits=0)

    assert ask(address).status_code == 302
    blocked = site.stack.get("/api/sync", page="visit").json()
    assert (blocked["status"], blocked["synced"]) == ("partial", 0)


def test_visitors_who_used_up_theirs_leave_a_sync_its_own(site: Site) -> None:
    site.sync()
    address = picture(site)
    use_up(site, used=90, visits=90)

    answer = ask(address)
    assert answer.status_code == 503
    assert 50 < int(answer.headers["Retry-After"]) <= 61
    assert site.stack.get("/api/sync", page="visit").json()["status"] == "done"


def use_up(site: Site, used: int, visits: int) -> None:
    """So many requests of this minute have been made, so many of them for visitors."""
    start = str(round(time.time() * 1000))
    site.command("HSET", "sync:budget", "start", start, "used", str(used), "visits", str(visits))


def test_the_file_of_an_unpublished_page_is_not_found(site: Site) -> None:
    sync_once(site)
    address = cover(site)
    assert ask(address).status_code == 302

    site.notion.edit.set_property(VISIT, "visibility", "draft")
    site.sync()
    before = asked(site)

    answer = ask(address)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "public, max-age=60")
    assert "error" in answer.json()
    assert asked(site) == before


def test_a_file_that_was_replaced_leads_to_the_new_one_under_its_new_address(site: Site) -> None:
    sync_once(site)
    old = cover(site)
    assert ask(old).status_code == 302

    site.notion.edit.set_cover(VISIT, {"file": "replaced.png"})
    site.sync(page="visit")

    assert cover(site) != old
    assert opened(cover(site)).content == content("replaced.png")
    assert ask(old).status_code == 404


def test_a_file_that_was_removed_from_notion_is_not_found_and_asked_for_once(site: Site) -> None:
    sync_once(site)
    address = picture(site)
    block = re.search(r"block=([\w-]+)", address)[1]  # type: ignore[index]
    site.notion.edit.trash(block)
    site.notion.log.clear()

    assert [ask(address).status_code for _ in range(5)] == [404] * 5
    paths = [request["path"] for request in site.notion.log.requests]
    assert paths.count(f"/v1/blocks/{block}") == 1
    assert len(paths) == 2  # it was looked for among the other blocks of its page before


def test_all_pictures_of_a_page_cost_one_request_for_each_hundred_blocks(site: Site) -> None:
    pictures = [{"image": {"file": f"picture{number}.png"}} for number in range(150)]
    inside = [{"image": {"file": f"inside{number}.png"}} for number in range(20)]
    site.notion.edit.append_blocks(CAFE, [*pictures[:99], {"toggle": "More", "children": inside}])
    site.notion.edit.append_blocks(CAFE, pictures[99:])
    site.sync()
    found = re.findall(
        ADDRESS, site.command("GET", f"page:{site.published()[CAFE]['meta']['slug']}")
    )
    blocks = [address for address in found if "block=" in address]
    assert len(blocks) >= 170
    site.notion.log.clear()

    with ThreadPoolExecutor(12) as crowd:
        statuses = {answer.status_code for answer in crowd.map(ask, blocks)}

    assert statuses == {302}
    assert (
        len(site.notion.log.requests) <= 2 * 3
    )  # three lists, and a block for whom each was the wrong one


def test_a_page_whose_slug_another_one_takes_over_keeps_its_files(site: Site) -> None:
    sync_once(site)
    published = site.published()
    slugs = {VISIT: published[CAFE]["meta"]["slug"], CAFE: published[VISIT]["meta"]["slug"]}
    for id, slug in slugs.items():
        site.notion.edit.set_property(id, "slug", slug)
    site.notion.edit.set_cover(CAFE, {"file": "swapped.png"})
    site.sync()

    assert {id: site.published()[id]["meta"]["slug"] for id in slugs} == slugs
    assert opened(site.published()[CAFE]["meta"]["cover"]).content == content("swapped.png")
    assert opened(cover(site)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "block=1&file=2",
        "block={id}",
        "page={id}&block={id}&file=0123456789abcdef",
        "block={id}&file=0123456789ABCDEF",
        "block={id}&file=0123456789abcdef0",
        "block=../users/me&file=0123456789abcdef",
        "block={id}%0a&file=0123456789abcdef",
        "url=https://evil.example/&file=0123456789abcdef",
    ],
)
def test_what_is_no_address_of_ours_is_refused(site: Site, query: str) -> None:
    before = asked(site)
    answer = ask(f"{site.stack.url}/api/media?{query.format(id=VISIT)}")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (400, "no-store")
    assert asked(site) == before


def test_nobody_can_make_it_read_another_block(site: Site) -> None:
    sync_once(site)
    before = asked(site)
    address = cover(site)
    for forged in (
        address.replace(VISIT, VISIT[:-1] + "3"),
        address[:-1] + ("0" if address[-1] != "0" else "1"),
    ):
        assert ask(forged).status_code == 404

    assert asked(site) == before


def test_when_notion_is_away_the_visitor_is_told_when_to_come_back(site: Site) -> None:
    sync_once(site)
    site.notion.edit.revoke_token(TOKEN)
    before = asked(site)

    answers = [ask(cover(site)) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
    assert asked(site) == before + 1
