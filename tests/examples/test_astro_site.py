"""The Astro example as it is built and served: a live loader over the same keys."""

import shutil
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from dev.serve import HOST
from dev.stack import ROOT
from dev.upstash import UpstashStandIn
from tests.examples.built_site import BUILD_SECONDS, START_SECONDS, BuiltSite
from tests.examples.fixtures import JSON, SYNCED_AT, drop, meta, paragraph, published, put
from tests.examples.readers import Lacking

pytestmark = pytest.mark.timeout(BUILD_SECONDS + START_SECONDS + 120)

ASTRO = ROOT / "examples/astro"
COMMAND = ("node", "node_modules/astro/astro.js")
REMEDY = "install Node.js 20 or newer, then run `npm ci --prefix examples/astro`"
RYE, OATS, GONE = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abd")


@pytest.fixture(scope="module")
def kv() -> Iterator[UpstashStandIn]:
    with UpstashStandIn() as running:
        yield running


@pytest.fixture(scope="module")
def site(kv: UpstashStandIn, lacking: Lacking) -> Iterator[BuiltSite]:
    """One site for all tests; it may read KV and not write."""
    if shutil.which("node") is None or not (ASTRO / "node_modules/astro").exists():
        lacking("Astro example", REMEDY)
    variables = {
        "KV_REST_API_URL": kv.url,
        "KV_REST_API_TOKEN": kv.read_only_token,
        "KV_PREFIX": "ours:",
        "ASTRO_TELEMETRY_DISABLED": "1",
        "HOST": HOST,
        "PORT": "{port}",
    }
    with BuiltSite(
        ASTRO, (*COMMAND, "build"), ("node", "dist/server/entry.mjs"), variables
    ) as running:
        yield running


def publish(
    kv: UpstashStandIn, slug: str, *blocks: JSON, page_id: str = OATS, **about: str
) -> None:
    published(kv, slug, *blocks, page_id=page_id, prefix="ours:", **about)


def linking(*page_ids: str, anchor: str = "") -> JSON:
    items = [
        {"plain_text": f"to [{one[0]}]", "href": f"/{one.replace('-', '')}{anchor}"}
        for one in page_ids
    ]
    return {"id": "l", "type": "paragraph", "paragraph": {"rich_text": items}}


def test_it_is_sound_typescript(lacking: Lacking) -> None:
    if shutil.which("node") is None or not (ASTRO / "node_modules/typescript").exists():
        lacking("Astro example", REMEDY)
    for command in ((*COMMAND, "sync"), ("node", "node_modules/typescript/bin/tsc", "--noEmit")):
        checked = subprocess.run(command, cwd=ASTRO, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_address_that_is_none_leads_nowhere(site: BuiltSite) -> None:
    assert site.get("/%E0%A4%A").status_code in (400, 404)


@pytest.mark.parametrize("slug", ["plain", "é & b", "a/b (c)", "日本", "123", "100%"])
def test_a_page_is_shown_as_it_is_now(site: BuiltSite, kv: UpstashStandIn, slug: str) -> None:
    path = f"/{quote(slug, safe='/&')}"
    assert site.get(path).status_code == 404
    publish(kv, slug, paragraph("First *words*."), title="Rye & Oats")
    first = site.get(path)
    assert first.status_code == 200, first.text
    assert "<p>First *words*.</p>" in first.text
    assert "<title>Rye &amp; Oats</title>" in first.text
    assert '<meta name="description" content="First *words*.">' in first.text
    publish(kv, slug, paragraph("Second."))
    assert "<p>Second.</p>" in site.get(path).text
    drop(kv, f"ours:doc:{slug}")
    assert site.get(path).status_code == 404


def test_links_stay_on_the_site_and_one_to_an_unpublished_page_is_its_text(
    site: BuiltSite, kv: UpstashStandIn
) -> None:
    publish(kv, "bread/rye (day)", paragraph("Rye."), page_id=RYE)
    publish(kv, "linking", linking(RYE, GONE, anchor=f"#{'b' * 32}"))
    kv.commands.clear()
    html = site.get("/linking").text
    assert f'<p><a href="/bread/rye%20%28day%29#{"b" * 32}">to [a]</a>to [d]</p>' in html
    assert kv.commands["HMGET"] == 1
    assert site.get("/bread/rye%20%28day%29").status_code == 200


def test_a_renamed_page_keeps_its_old_address(site: BuiltSite, kv: UpstashStandIn) -> None:
    publish(kv, "now/é", paragraph("Moved."))
    put(kv, {"redirects": {"once": "now/é", "lost": "nowhere"}}, prefix="ours:")
    answer = site.get("/once")
    assert (answer.status_code, answer.headers["location"]) == (308, "/now/%C3%A9")
    assert site.get("/lost").status_code == 404


def test_the_front_page_lists_what_is_public(site: BuiltSite, kv: UpstashStandIn) -> None:
    first = {
        "items": [
            meta("a & b", title="Seen"),
            meta("c", title="Members' own", visibility="members"),
        ]
    }
    second = {"items": [meta("d", title="On the second page")]}
    index = {"total": 3, "pages": 2, "revision": "r", "syncedAt": SYNCED_AT}
    put(kv, {"posts:index": first | index, "posts:index:2": second | index}, prefix="ours:")
    html = site.get("/").text
    assert '<a href="/a%20&#38;%20b">Seen</a>' in html
    assert '<a href="/d">On the second page</a>' in html
    assert "Members" not in html
    publish(kv, "club", paragraph("Hush."), visibility="members")
    assert site.get("/club").status_code == 404
