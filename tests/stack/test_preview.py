"""Drafts under `preview:`, for who has a link: whole, never under a public key, and gone in time."""

import hmac
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from dev.notion.generate import PAGES
from dev.stack import Stack
from lib.secret import AddressKey, Secret, preview_secret
from tests.kv_schema import misfits
from tests.stack.site import NOWHERE, Site, unlimited

LIGHTHOUSE = "aaaaaaaa-0000-4000-8000-000000000003"
COTTAGE = "aaaaaaaa-0000-4000-8000-000000000035"
PUBLIC = ("page:", "doc:", "pages:index", "posts:index", "db:", "redirects")


@pytest.fixture
def site(site: Site, stack: Stack) -> Iterator[Site]:
    stack.set("SYNC_PREVIEW", "on")
    with unlimited(stack):
        yield site
    for name in ("SYNC_PREVIEW", "PREVIEW_URL"):
        stack.set(name, "")


def draft(site: Site, title: str, *texts: str, **properties: Any) -> str:
    """A new row that is a draft; its id."""
    [data_source] = site.notion.workspace.nodes[PAGES].children
    return site.notion.edit.create_row(
        data_source,
        {"Name": title, "visibility": "draft", **properties},
        [{"paragraph": text} for text in texts],
    )


def crew_of(site: Site, page: str, *names: str) -> tuple[str, str]:
    """A database on a page, with a row for each of these names; its id and its data source's."""
    database = site.notion.edit.create_database(page, "Crew", {"Name": "title"})
    [home] = site.notion.workspace.nodes[database].children
    for name in names:
        site.notion.edit.create_row(home, {"Name": name}, [])
    return database, home


def names_in(bundle: Any) -> list[str]:
    return [item["properties"]["Name"] for item in bundle["items"]]


def paths(site: Site) -> dict[str, str]:
    flat = site.command("HGETALL", "preview:paths")
    return dict(zip(flat[::2], flat[1::2], strict=True))


def previews(site: Site) -> dict[str, str]:
    """Every preview of a page by its slug, as text."""
    keys = [key for key in site.command("KEYS", "preview:*") if key != "preview:paths"]
    keys = [key for key in keys if not key.startswith("preview:db:")]
    return {key.removeprefix("preview:"): site.command("GET", key) for key in keys}


def ask(address: str) -> httpx.Response:
    return httpx.get(address, trust_env=False, timeout=30)


def public(site: Site) -> str:
    """All that the public can read, in one text."""
    keys = [key for key in site.site_keys() if key.startswith(PUBLIC)]
    return "\n".join([*site.command("MGET", *keys), *site.command("HKEYS", "paths")])


def test_a_draft_stands_in_its_preview_with_its_child_pages_and_nowhere_else(site: Site) -> None:
    row = draft(site, "Storm season", "Under wraps")
    child = site.notion.edit.create_page(row, "Crew list", [{"paragraph": "Nobody yet"}])

    run = site.sync()

    assert run["status"] == "delivered"
    assert (paths(site)[row], paths(site)[child]) == ("storm-season", "storm-season/crew-list")
    bundle = site.read("preview:storm-season")
    assert "Under wraps" in str(bundle["blocks"])
    assert (bundle["meta"]["id"], bundle["meta"]["visibility"]) == (row, "draft")
    assert bundle["meta"]["childPages"] == [
        {"id": child, "slug": "storm-season/crew-list", "title": "Crew list"}
    ]
    assert "Nobody yet" in str(site.read("preview:storm-season/crew-list")["blocks"])
    assert {row, child}.isdisjoint(site.published())
    assert not any(word in public(site) for word in (row, child, "Under wraps", "Nobody yet"))
    site.check()


def test_an_unchanged_draft_costs_a_look_at_each_of_its_child_pages(site: Site) -> None:
    row = draft(site, "Storm season", "Under wraps")
    child = site.notion.edit.create_page(row, "Crew list", [{"paragraph": "Nobody yet"}])
    site.later()
    site.sync(source="pages")
    site.later()

    run = site.sync(source="pages")

    asked = [request["path"] for request in site.notion.log.requests]
    assert run.get("synced", "0") == "0"
    assert f"/v1/pages/{child}" in asked
    assert not [path for path in asked if row in path or path == f"/v1/blocks/{child}/children"]


def test_a_draft_that_is_published_leaves_its_preview(site: Site) -> None:
    row = draft(site, "Storm season", "Under wraps")
    child = site.notion.edit.create_page(row, "Crew list")
    site.sync(page=row)
    site.later()
    site.notion.edit.set_property(row, "visibility", None)

    site.sync(page=row)

    assert {row, child}.isdisjoint(paths(site))
    assert not [slug for slug in previews(site) if slug.startswith("storm-season")]
    assert site.read("page:storm-season")["meta"]["id"] == row
    assert site.read("page:storm-season/crew-list")["meta"]["id"] == child


def test_a_published_page_that_becomes_a_draft_goes_to_its_preview(site: Site) -> None:
    site.sync(source="pages")
    site.later()
    site.notion.edit.set_property(LIGHTHOUSE, "visibility", "draft")

    site.sync(page=LIGHTHOUSE)

    assert site.read("page:lighthouse") is None
    assert site.read("preview:lighthouse")["meta"]["id"] == LIGHTHOUSE
    assert site.read("preview:lighthouse/keeper-s-cottage")["meta"]["id"] == COTTAGE


def test_a_paused_page_shows_what_is_published_and_previews_what_is_new(site: Site) -> None:
    site.sync(source="pages")
    site.later()
    site.notion.edit.rename_property(
        site.notion.workspace.nodes[PAGES].children[0], "Label", "sync"
    )
    site.notion.edit.set_property(LIGHTHOUSE, "sync", "paused")
    site.notion.edit.append_blocks(LIGHTHOUSE, [{"paragraph": "A new lamp"}])

    site.sync(source="pages")

    assert "A new lamp" not in str(site.read("page:lighthouse")["blocks"])
    assert "A new lamp" in str(site.read("preview:lighthouse")["blocks"])
    site.later()
    site.notion.edit.set_property(LIGHTHOUSE, "sync", "")
    site.sync(source="pages")
    assert "A new lamp" in str(site.read("page:lighthouse")["blocks"])
    assert site.read("preview:lighthouse") is None


def test_what_happens_below_a_draft_shows_in_the_next_run(site: Site) -> None:
    row = draft(site, "Storm season")
    kept = site.notion.edit.create_page(row, "Crew list", [{"paragraph": "Nobody yet"}])
    dropped = site.notion.edit.create_page(row, "Menu")
    site.sync(page=row)
    site.later()
    site.notion.edit.append_blocks(kept, [{"paragraph": "Ann"}])
    site.notion.edit.set_title(kept, "The crew")
    site.notion.edit.trash(dropped)

    site.sync(source="pages")

    assert "Ann" in str(site.read("preview:storm-season/the-crew")["blocks"])
    assert set(previews(site)) >= {"storm-season", "storm-season/the-crew"}
    assert not {"storm-season/crew-list", "storm-season/menu"} & set(previews(site))
    assert (kept in paths(site), dropped in paths(site)) == (True, False)


def test_a_draft_in_the_trash_leaves_its_preview(site: Site) -> None:
    row = draft(site, "Storm season")
    child = site.notion.edit.create_page(row, "Crew list")
    site.sync(page=row)
    site.later()
    site.notion.edit.trash(row)

    site.sync(source="pages")

    assert {row, child}.isdisjoint(paths(site))
    assert not [slug for slug in previews(site) if slug.startswith("storm-season")]


def test_drafts_of_one_slug_and_of_a_published_page_disturb_each_other_not(site: Site) -> None:
    one = draft(site, "Lighthouse")
    other = draft(site, "Lighthouse")
    named = draft(site, "Paths")

    site.sync(source="pages")

    found = paths(site)
    assert {found[one], found[other]} in (
        {"lighthouse", f"lighthouse-{other[:8]}"},
        {"lighthouse", f"lighthouse-{one[:8]}"},
    )
    assert found[named] == f"paths-{named[:8]}"
    assert site.read("page:lighthouse")["meta"]["id"] == LIGHTHOUSE


def test_switched_off_all_of_it_goes_in_the_next_full_run_and_comes_again(
    site: Site, stack: Stack
) -> None:
    row = draft(site, "Storm season")
    site.notion.edit.create_page(row, "Crew list")
    site.later()
    site.sync(source="pages")
    site.later()
    stack.set("SYNC_PREVIEW", "")

    site.sync(source="pages")

    left = [*site.command("KEYS", "preview:*"), *site.command("KEYS", "sync:drafts*")]
    assert left == []
    assert not [key for key in site.command("ZRANGE", "sync:due", "0", "-1") if "draft" in key]
    stack.set("SYNC_PREVIEW", "on")
    site.sync(source="pages")
    assert {"storm-season", "storm-season/crew-list"} <= set(previews(site))


def test_a_file_of_a_draft_opens_by_its_preview_s_address_only(site: Site) -> None:
    row = draft(site, "Storm season")
    site.notion.edit.append_blocks(row, [{"image": {"file": "storm.png"}}])
    site.sync(page=row)

    [address] = re.findall(r'"(http[^"]*/api/media[^"]*)"', str(previews(site)["storm-season"]))
    token = address.partition("?")[2].partition("&preview=")[0]
    public = AddressKey(Secret(site.stack.secret)).mac(token)

    assert ask(address).status_code == 302
    assert ask(address.replace("&preview=", "&mac=")).status_code == 404
    assert ask(f"{site.stack.url}/api/media?{token}&mac={public}").status_code == 404
    assert ask(f"{site.stack.url}/api/media?{token}&preview={public}").status_code == 404


def test_a_link_is_signed_and_good_for_an_hour(site: Site, stack: Stack) -> None:
    row = draft(site, "Storm & season")
    site.sync(page=row)
    answer = site.stack.get("/api/sync/status", preview=row)
    assert (answer.status_code, "PREVIEW_URL is not set" in answer.json()["error"]) == (500, True)
    stack.set("PREVIEW_URL", "https://site.example/api/preview?from=notion")

    for wanted in (row, row.replace("-", ""), "storm-season", "/storm-season/"):
        link = site.stack.get("/api/sync/status", preview=wanted).json()["preview"]
        base, query = link["url"].split("?")
        sent = dict(parse_qsl(query))
        assert (base, sent["from"]) == ("https://site.example/api/preview", "notion")
        assert (sent["slug"], link["slug"]) == ("storm-season", "storm-season")
        expires = int(sent["expires"])
        assert abs(expires - time.time() - 3600) < 60
        assert datetime.fromisoformat(link["expiresAt"]).timestamp() == expires
        key = preview_secret(Secret(stack.secret)).encode()
        signed = hmac.digest(key, f"{expires}.storm-season".encode(), "sha256").hex()
        assert sent["signature"] == signed
    assert site.stack.get("/api/sync/status", preview="no-such-page").status_code == 404
    assert site.stack.get("/api/sync/status", preview=NOWHERE).status_code == 404


def test_a_preview_that_kv_lost_comes_back(site: Site) -> None:
    row = draft(site, "Storm season")
    site.notion.edit.create_page(row, "Crew list")
    site.later()
    site.sync(page=row)
    site.later()
    site.command("DEL", "preview:storm-season", "preview:storm-season/crew-list")

    site.sync(source="pages")

    assert {"storm-season", "storm-season/crew-list"} <= set(previews(site))


def test_a_database_in_a_draft_stands_in_the_preview_until_it_is_published(site: Site) -> None:
    row = draft(site, "Storm season")
    database, home = crew_of(site, row, "Ann Under-Wraps")
    site.later()

    run = site.sync(source="pages")

    bundle = site.read(f"preview:db:{database}")
    assert (run["status"], bundle["title"], bundle["visibility"]) == ("delivered", "Crew", "draft")
    assert names_in(bundle) == ["Ann Under-Wraps"]
    assert misfits({f"preview:db:{database}": bundle}) == []
    assert not any(word in public(site) for word in (database, "Under-Wraps"))
    site.later()
    site.notion.edit.create_row(home, {"Name": "Bea"}, [])
    site.sync(source="pages")
    assert names_in(site.read(f"preview:db:{database}"))[1:] == ["Bea"]
    site.later()
    cid = site.notion.edit.create_row(home, {"Name": "Cid"}, [])
    site.sync(page=cid)
    assert names_in(site.read(f"preview:db:{database}"))[1:] == ["Bea", "Cid"]
    site.later()
    site.notion.edit.set_property(row, "visibility", None)
    site.sync(page=row)
    assert site.read(f"preview:db:{database}") is None
    assert names_in(site.read(f"db:{database}")) == ["Ann Under-Wraps", "Bea", "Cid"]


def test_an_unchanged_database_of_a_draft_costs_one_look_and_is_not_written(site: Site) -> None:
    row = draft(site, "Storm season")
    database, home = crew_of(site, row, "Ann")
    site.later()
    site.sync(source="pages")
    site.later()
    before = site.read(f"preview:db:{database}")

    run = site.sync(source="pages")

    asked = [request["path"] for request in site.notion.log.requests]
    assert asked.count(f"/v1/data_sources/{home}/query") == 1
    assert not [path for path in asked if database in path or path == f"/v1/data_sources/{home}"]
    assert int(run["kvCommands"]) <= 20
    assert site.read(f"preview:db:{database}") == before


def test_a_database_that_a_draft_shows_no_more_leaves_the_preview(site: Site, stack: Stack) -> None:
    row = draft(site, "Storm season")
    child = site.notion.edit.create_page(row, "Crew list")
    one, _ = crew_of(site, row, "Ann")
    other, _ = crew_of(site, child, "Bea")
    site.later()
    site.sync(source="pages")
    assert site.read(f"preview:db:{one}") and site.read(f"preview:db:{other}")
    site.later()
    site.notion.edit.trash(one)
    site.command("DEL", f"preview:db:{other}")

    site.sync(source="pages")

    assert site.read(f"preview:db:{one}") is None
    assert names_in(site.read(f"preview:db:{other}")) == ["Bea"]
    stack.set("SYNC_PREVIEW", "")
    site.sync(source="pages")
    assert site.command("KEYS", "preview:*") + site.command("KEYS", "sync:drafts*") == []
    shows = site.command("ZRANGE", "sync:shows", "0", "-1")
    assert not [line for line in shows if line.startswith("draft:")]


def test_a_file_in_a_database_of_a_draft_opens_by_its_preview_s_address_only(site: Site) -> None:
    row = draft(site, "Storm season")
    database = site.notion.edit.create_database(row, "Crew", {"Name": "title", "Pass": "files"})
    [home] = site.notion.workspace.nodes[database].children
    site.notion.edit.create_row(home, {"Name": "Ann", "Pass": [{"file": "pass.pdf"}]}, [])
    site.sync(page=row)

    text = site.command("GET", f"preview:db:{database}")
    [address] = re.findall(r'"(http[^"]*/api/media[^"]*)"', text)
    token = address.partition("?")[2].partition("&preview=")[0]
    public_mac = AddressKey(Secret(site.stack.secret)).mac(token)

    assert ask(address).status_code == 302
    assert ask(f"{site.stack.url}/api/media?{token}&mac={public_mac}").status_code == 404


def test_a_page_that_is_shared_no_more_leaves_the_draft_around_it(site: Site) -> None:
    row = draft(site, "Storm season")
    child = site.notion.edit.create_page(row, "Crew list", [{"paragraph": "Nobody yet"}])
    database, _ = crew_of(site, row, "Ann")
    site.later()
    site.sync(source="pages")
    site.later()
    site.notion.edit.unshare(child)
    site.notion.edit.unshare(database)

    site.sync(source="pages")

    assert child not in paths(site)
    assert not {"storm-season/crew-list", f"db:{database}"} & {
        key.removeprefix("preview:") for key in site.command("KEYS", "preview:*")
    }
    shown = site.read("preview:storm-season")
    assert "Nobody yet" not in str(shown)
    assert all(block["unavailable"] for block in shown["blocks"])
