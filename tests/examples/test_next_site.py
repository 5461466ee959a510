"""The Next.js example as Next builds and serves it: what changed in KV is shown, as soon as the
sync says so."""

import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright
from upstash_redis import Redis

from dev.functions.process import FunctionsProcess
from dev.stack import ROOT, Stack
from dev.upstash import UpstashStandIn
from lib.secret import Secret, preview_secret, sign_preview
from tests.browser.tab import BROWSERS, chromium
from tests.examples.built_site import BUILD_SECONDS, START_SECONDS
from tests.examples.crawl import crawl
from tests.examples.fixtures import (
    JSON,
    SYNCED_AT,
    drop,
    meta,
    page_in_parts,
    paragraph,
    published,
    put,
    whole_page,
)
from tests.examples.next_site import NextSite
from tests.examples.readers import NEXTJS, REMEDY, Lacking
from tests.stack.site import Site
from tests.waiting import until

pytestmark = pytest.mark.timeout(BUILD_SECONDS + START_SECONDS + 120)

SITE_URL = "https://site.example"
SECRET = "a secret of the site's"
OWNER = Secret("a secret of the sync's")
PREVIEW_KEY = preview_secret(OWNER)
MISSING_SECONDS = 60
WAYS_TO_NOTION = re.compile(r"(https?|notion)://([\w-]+\.)*notion\.(so|site|com)\b")
LATE = "published-without-a-word"
CHILD = "cccccccc-0000-4000-8000-000000000001"

SLUGS = [
    "plain",
    "a&b",
    "a+b",
    "100%",
    "50%25",
    "a%2Fb",
    "two-words",
    "é",
    "e\u0301",
    "日本",
    "🏮",
    "it's",
    "a(b)",
    "wow!",
    "~x",
    "a*b",
    "a:b",
    "a,b;c=d@e",
    "[x]",
    "$x",
    "a|b^`{c}",
    "deep/á & b/日本/100%",
    "page",
    "layout",
    "index",
    "constructor",
    "home:part:1",
    "long-" * 40 + "/" + "long-" * 40,
    "é/" * 60 + "é",
]


@pytest.fixture(scope="module")
def kv() -> Iterator[UpstashStandIn]:
    with UpstashStandIn() as running:
        yield running


@pytest.fixture(scope="module")
def site(kv: UpstashStandIn, lacking: Lacking) -> Iterator[NextSite]:
    """One site for all tests, each of which has keys of its own. It may read KV and not write."""
    if shutil.which("node") is None or not (NEXTJS / "node_modules/next").exists():
        lacking("Next.js example", REMEDY)
    variables = {"KV_REST_API_URL": kv.url, "KV_REST_API_TOKEN": kv.read_only_token}
    variables |= {"REVALIDATE_SECRET": SECRET, "SITE_URL": SITE_URL, "PREVIEW_SECRET": PREVIEW_KEY}
    with NextSite(variables) as running:
        visit(running, LATE)  # long before it is published
        yield running


def address(slug: str) -> str:
    """A slug's path, every character spelled out that an address may not have, as a browser does
    it."""
    return "/" + quote(slug, safe="/!'()*~:;,=@$&+[]")


def visit(site: NextSite, slug: str) -> httpx.Response:
    return site.get(address(slug))


def tell(site: NextSite, *changed: str, deleted: Sequence[str] = ()) -> None:
    """Sends what the sync sends when these keys changed, as docs/api.md says under *What your site and
    people are told*."""

    def slugs(keys: Sequence[str]) -> list[str]:
        return [key.removeprefix("page:") for key in keys if key.startswith("page:")]

    tags = sorted([*changed, *deleted])
    body = {"runId": "run_1", "changed": slugs(changed), "deleted": slugs(deleted), "tags": tags}
    answer = site.post("/revalidate", json.dumps(body).encode(), f"Bearer {SECRET}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_is_shown_as_it_is_when_the_sync_says_that_it_changed(
    site: NextSite, kv: UpstashStandIn, slug: str
) -> None:
    """It was looked for before it appeared, changes while it is kept, and goes."""
    key = f"page:{slug}"
    assert visit(site, slug).status_code == 404

    put(kv, whole_page(slug, paragraph("First words."), title="First title"))
    tell(site, key)
    shown = visit(site, slug)
    assert (shown.status_code, "First words." in shown.text) == (200, True)

    put(kv, whole_page(slug, paragraph("Second words."), title="Second title"))
    kept = visit(site, slug)
    assert "First words." in kept.text or slug == "index", (
        "it is kept until the sync says that it changed"
    )
    tell(site, key)
    shown = visit(site, slug)
    assert ("First words." in shown.text, "Second words." in shown.text) == (False, True)

    drop(kv, key)
    tell(site, deleted=[key])
    assert visit(site, slug).status_code == 404


def test_a_page_that_is_published_without_a_word_is_found_within_a_minute(
    site: NextSite, kv: UpstashStandIn
) -> None:
    """The site was asked for it when it started; nothing is sent to `/revalidate`."""
    assert visit(site, LATE).status_code == 404
    put(kv, whole_page(LATE, paragraph("Here at last.")))
    until(
        lambda: "Here at last." in visit(site, LATE).text,
        MISSING_SECONDS + 30,
        told=lambda: visit(site, LATE),
    )


def test_what_is_missing_is_kept_for_a_minute_and_not_for_a_year(site: NextSite) -> None:
    for path in ("/never-there", "/database/never-there"):
        answer = site.get(path)
        assert answer.status_code == 404
        assert f"s-maxage={MISSING_SECONDS}," in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("path", "sent_on_to"),
    [
        ("/c%", "/c%25"),
        ("/c%/d%zz", "/c%25/d%25zz"),
        ("/%FF", "/%25FF"),
        ("/%E0%A4%A", "/%25E0%25A4%25A"),
        ("/database/c%", "/database/c%25"),
    ],
)
def test_a_percent_sign_that_encodes_nothing_stands_for_itself(
    site: NextSite, path: str, sent_on_to: str
) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.headers["location"]) == (308, sent_on_to)
    assert site.get(sent_on_to).status_code == 404


def test_a_slug_with_a_percent_sign_is_found_as_people_type_it(
    site: NextSite, kv: UpstashStandIn
) -> None:
    put(kv, whole_page("typed%", paragraph("Found.")))
    assert "Found." in site.get(site.get("/typed%").headers["location"]).text


def test_a_renamed_page_keeps_its_old_address(site: NextSite, kv: UpstashStandIn) -> None:
    put(kv, whole_page("now/é & b", paragraph("Moved.")))
    put(
        kv,
        {"redirects": {"once": "then", "then": "now/é & b", "round": "round", "lost": "nowhere"}},
    )
    tell(site, "redirects")
    for slug in ("once", "then"):
        answer = visit(site, slug)
        # Next names it twice where it has just rendered the page.
        assert (answer.status_code, set(answer.headers.get_list("location"))) == (
            308,
            {"/now/%C3%A9%20%26%20b"},
        )
    assert visit(site, "round").status_code == visit(site, "lost").status_code == 404


def test_the_front_page_lists_what_is_public(site: NextSite, kv: UpstashStandIn) -> None:
    rows = [meta("a & b", title="Seen"), meta("c", title="Members' own", visibility="members")]
    index = {"items": rows, "total": 3, "pages": 2, "revision": "r1", "syncedAt": SYNCED_AT}
    more = {**index, "items": [meta("d", title="On the second page")]}
    put(kv, {"posts:index": index, "posts:index:2": more})
    tell(site, "posts:index")
    html = site.get("/").text
    assert '<a href="/a%20%26%20b">Seen</a>' in html
    assert '<a href="/d">On the second page</a>' in html
    assert "Members" not in html

    fewer = {**index, "items": [], "revision": "r2"}
    put(kv, {"posts:index": fewer, "posts:index:2": {**fewer, "items": [meta("e", title="Alone")]}})
    tell(site, "posts:index:2")  # one index, whichever of its pages is named
    html = site.get("/").text
    assert ("Alone" in html, "Seen" in html) == (True, False)


def test_a_page_that_is_not_public_is_not_shown_nor_what_stands_in_it(
    site: NextSite, kv: UpstashStandIn
) -> None:
    """Child pages share their parent's visibility; a database bears that of the strictest page that
    shows it."""
    members = {"visibility": "members"}
    put(
        kv,
        whole_page("club", paragraph("Hush."), **members)
        | whole_page("club/room", paragraph("Hush."), **members),
    )
    put(
        kv,
        {
            "db:club": database("Club", **members),
            "db:open": database("Open"),
            "db:null": database("Null"),
        },
    )
    put(kv, {"db:said": database("Said", visibility="public")})
    for path in ("/club", "/club/room", "/database/club"):
        answer = site.get(path)
        assert (answer.status_code, "Hush." in answer.text, "Club" in answer.text) == (
            404,
            False,
            False,
        )
    for path in ("/database/open", "/database/said"):
        assert site.get(path).status_code == 200

    put(kv, whole_page("club", paragraph("Welcome.")) | {"db:club": database("Club")})
    tell(site, "page:club", "db:club")
    assert "Welcome." in site.get("/club").text
    assert "<h1>Club</h1>" in site.get("/database/club").text

    put(
        kv,
        whole_page("club", paragraph("Hush."), **members)
        | {"db:club": database("Club", **members)},
    )
    tell(site, "page:club", "db:club")
    assert site.get("/club").status_code == site.get("/database/club").status_code == 404


def database(title: str, *rows: JSON, columns: Sequence[str] = ("Name",), **more: Any) -> JSON:
    items = [{"id": f"row {number}", "properties": row} for number, row in enumerate(rows)]
    properties = {column: {"type": "rich_text"} for column in columns}
    return {
        "id": "d",
        "title": title,
        "properties": properties,
        "items": items,
        "syncedAt": SYNCED_AT,
        **more,
    }


def test_a_column_may_bear_any_name(site: NextSite, kv: UpstashStandIn) -> None:
    columns = ("constructor", "__proto__", "toString", "Name")
    rows = (
        {"Name": "without"},
        {"constructor": "Ada", "__proto__": "Bob", "toString": 3, "Name": "with"},
    )
    put(kv, {"db:odd": database("Odd", *rows, columns=columns)})
    html = site.get("/database/odd").text
    assert "".join(f"<th>{column}</th>" for column in columns) in html
    assert "<tr><td></td><td></td><td></td><td>without</td></tr>" in html
    assert "<tr><td>Ada</td><td>Bob</td><td>3</td><td>with</td></tr>" in html


def test_every_kind_of_value_has_its_words(site: NextSite, kv: UpstashStandIn) -> None:
    values: JSON = {
        "number": 0,
        "flag": True,
        "none": None,
        "tags": ["a", "b"],
        "day": {"start": "2026-05-01", "end": None, "timeZone": None},
        "span": {"start": "2026-05-01", "end": "2026-05-03"},
        "people": [{"id": "u", "name": "Ada"}, {"id": "v"}],
        "odd": {"start": 5, "x": []},
    }
    put(kv, {"db:values": database("Values", values, columns=list(values))})
    words = ["0", "yes", "", "a, b", "2026-05-01", "2026-05-01 – 2026-05-03", "Ada", "5"]
    assert (
        "<tr>" + "".join(f"<td>{each}</td>" for each in words) + "</tr>"
        in site.get("/database/values").text
    )


def test_a_page_in_parts_is_shown_whole(site: NextSite, kv: UpstashStandIn) -> None:
    first, more = (
        {"blocks": [paragraph("top")]},
        {"blocks": [paragraph("inside")], "continues": "top"},
    )
    put(kv, page_in_parts("in-parts", first, more))
    assert '<p>top</p><div class="indented"><p>inside</p></div>' in visit(site, "in-parts").text


@pytest.mark.parametrize("odd", [None, 7, "odd", [], [None, 7], {}, {"type": "odd"}, True])
def test_a_page_with_odd_values_is_shown_without_them(
    site: NextSite, kv: UpstashStandIn, odd: Any
) -> None:
    slug = f"odd-{json.dumps(odd)}"
    known = ("title", "cover", "childPages", "parent", "icon", "properties", "url")
    page = whole_page(slug, paragraph("Still here."), odd, **dict.fromkeys(known, odd))
    put(
        kv,
        page | {f"db:{slug}": database("A", odd) | {"title": odd, "items": odd, "properties": odd}},
    )
    assert "Still here." in visit(site, slug).text
    assert site.get("/database" + address(slug)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"page:home"',
        b'{"changed": "home"}',
        b'{"changed": [], "deleted": [7], "tags": []}',
        b'{"tags": {"0": "page:home"}}',
        b"\xff\xfe",
    ],
)
def test_a_broken_body_is_refused(site: NextSite, body: bytes) -> None:
    assert site.post("/revalidate", body, f"Bearer {SECRET}").status_code == 400
    assert site.post("/revalidate", body, "Bearer another").status_code == 401


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer undefined", f"Basic {SECRET}", SECRET, f"Bearer {SECRET[:-1]}"],
)
def test_only_who_knows_the_secret_makes_a_site_read_again(
    site: NextSite, kv: UpstashStandIn, authorization: str
) -> None:
    put(kv, whole_page("guarded", paragraph("First.")))
    tell(site, "page:guarded")
    assert "First." in visit(site, "guarded").text
    put(kv, whole_page("guarded", paragraph("Second.")))
    body = b'{"runId": "r", "changed": ["guarded"], "deleted": [], "tags": ["page:guarded"]}'
    assert site.post("/revalidate", body, authorization).status_code == 401
    assert "First." in visit(site, "guarded").text


RYE, OATS, CLUB, GONE = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abcd")


def linking(*page_ids: str, anchor: str = "") -> JSON:
    """A paragraph that leads to pages."""
    items = [
        {"type": "text", "plain_text": f"to [{one[0]}]", "href": f"/{one.replace('-', '')}{anchor}"}
        for one in page_ids
    ]
    return {"id": "l", "type": "paragraph", "paragraph": {"rich_text": items}}


def test_links_lead_to_pages_of_the_site_and_what_is_not_published_is_its_text(
    site: NextSite, kv: UpstashStandIn
) -> None:
    published(kv, "bread/rye (day)", paragraph("Rye."), page_id=RYE)
    published(kv, "linking", linking(RYE, GONE), page_id=OATS)
    html = visit(site, "linking").text
    assert '<p><a href="/bread/rye%20(day)">to [a]</a>to [d]</p>' in html
    assert "notion" not in html.partition("<main>")[2].partition("</main>")[0].lower()


@pytest.mark.parametrize(
    "accept",
    ["text/markdown", "text/markdown, text/html;q=0.5, */*;q=0.1", "text/html,text/markdown"],
)
def test_a_page_is_given_as_markdown_to_who_asks_for_it(
    site: NextSite, kv: UpstashStandIn, accept: str
) -> None:
    published(kv, "bread/rye (day)", paragraph("Rye."), page_id=RYE)
    published(
        kv, "as-text", linking(RYE, GONE, anchor=f"#{'b' * 32}"), page_id=OATS, title="As *text*"
    )
    markdown = f"# As \\*text\\*\n\n[to \\[a\\]](/bread/rye%20%28day%29#{'b' * 32})to \\[d\\]\n"
    for answer in (site.get("/as-text.md"), site.get("/as-text", accept)):
        assert (answer.status_code, answer.text) == (200, markdown)
        assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
        assert "accept" in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "text/html, text/markdown;q=0.5",
        "text/markdown;q=0",
    ],
)
def test_browsers_get_html(site: NextSite, kv: UpstashStandIn, accept: str) -> None:
    published(kv, "as-page", paragraph("Seen."), page_id=OATS)
    answer = site.get("/as-page", accept)
    assert answer.headers["content-type"].startswith("text/html")
    assert "<p>Seen.</p>" in answer.text


@pytest.mark.parametrize("slug", ["é & b", "100%", "a/b/c", "[x]", "it's"])
def test_any_slug_is_found_as_markdown(site: NextSite, kv: UpstashStandIn, slug: str) -> None:
    published(kv, f"text/{slug}", paragraph("Found."), page_id=OATS)
    for answer in (
        site.get(f"{address(f'text/{slug}')}.md"),
        site.get(address(f"text/{slug}"), "text/markdown"),
    ):
        assert (answer.status_code, answer.text.endswith("\n\nFound.\n")) == (200, True)


def test_what_is_not_public_or_not_there_has_no_markdown(
    site: NextSite, kv: UpstashStandIn
) -> None:
    published(kv, "hushed", paragraph("Hush."), page_id=CLUB, visibility="members")
    for path in ("/hushed.md", "/as-markdown/hushed", "/never-there.md"):
        answer = site.get(path)
        assert (answer.status_code, "Hush" in answer.text) == (404, False)
    assert site.get("/hushed", "text/markdown").status_code == 404


def test_markdown_is_made_anew_when_its_page_changed(site: NextSite, kv: UpstashStandIn) -> None:
    published(kv, "text-changes", paragraph("First."), page_id=OATS)
    assert "First." in site.get("/text-changes.md").text
    published(kv, "text-changes", paragraph("Second."), page_id=OATS)
    tell(site, "page:text-changes")
    assert "Second." in site.get("/text-changes.md").text


def test_a_page_says_what_it_is_about(site: NextSite, kv: UpstashStandIn) -> None:
    about = {"excerpt": 'So "good".', "Tags": ["rye", "oats"], "date": {"start": "2026-05-01"}}
    published(
        kv,
        "about",
        paragraph("Bread."),
        page_id=OATS,
        title="Rye & Oats",
        properties=about,
        cover="/c.png",
    )
    head = visit(site, "about").text.partition("</head>")[0]
    for part in (
        "<title>Rye &amp; Oats – Written in Notion</title>",
        '<meta name="description" content="So &quot;good&quot;."/>',
        f'<link rel="canonical" href="{SITE_URL}/about"/>',
        f'<link rel="alternate" type="text/markdown" href="{SITE_URL}/about.md"/>',
        f'<link rel="alternate" type="application/rss+xml" href="{SITE_URL}/feed.xml"/>',
        '<meta property="og:type" content="article"/>',
        '<meta property="og:title" content="Rye &amp; Oats"/>',
        '<meta property="og:description" content="So &quot;good&quot;."/>',
        f'<meta property="og:url" content="{SITE_URL}/about"/>',
        f'<meta property="og:image" content="{SITE_URL}/c.png"/>',
        '<meta property="article:published_time" content="2026-05-01"/>',
        '<meta property="article:tag" content="oats"/>',
    ):
        assert part in head


def test_without_docs_a_page_has_its_title(site: NextSite, kv: UpstashStandIn) -> None:
    put(kv, whole_page("no-doc", paragraph("Bread."), title="Only a title"))
    assert "<title>Only a title – Written in Notion</title>" in visit(site, "no-doc").text


def listed(kv: UpstashStandIn, site: NextSite) -> None:
    """Three rows of which one is not public, and child pages of two."""
    date = {"date": {"start": "2026-05-01T10:00:00.000Z"}, "Excerpt": "In\nshort."}
    published(
        kv,
        "new & old",
        paragraph("Prose <here>."),
        page_id=OATS,
        title="New [& old]",
        properties=date,
    )
    published(kv, "club", paragraph("Hush."), page_id=CLUB, visibility="members")
    published(kv, "plain", paragraph("Plain."), page_id=RYE, createdTime="2026-06-01T10:00:00.000Z")
    put(kv, {}, paths={"e": "new & old/child/deeper", "f": "club/room", "g": "elsewhere"})
    rows = [
        meta("new & old", id=OATS, title="New [& old]", properties=date, lastEdited=SYNCED_AT),
        meta("club", id=CLUB, title="Members' own", visibility="members"),
        meta("plain", id=RYE, createdTime="2026-06-01T10:00:00.000Z"),
    ]
    put(kv, {"posts:index": {"items": rows, "total": 3, "syncedAt": SYNCED_AT}})
    tell(site, "posts:index")


def test_the_sitemap_has_every_public_page_and_no_other(site: NextSite, kv: UpstashStandIn) -> None:
    listed(kv, site)
    answer = site.get("/sitemap.xml")
    urls = [url.text for url in ElementTree.fromstring(answer.text).findall(".//{*}loc")]
    pages = ["/", "/new%20%26%20old", "/new%20%26%20old/child/deeper", "/plain"]
    assert urls == [SITE_URL + path for path in pages]
    assert answer.text.count("<lastmod>") == 1


def test_the_feed_has_the_newest_public_rows(site: NextSite, kv: UpstashStandIn) -> None:
    listed(kv, site)
    answer = site.get("/feed.xml")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    items = list(ElementTree.fromstring(answer.text).iter("item"))
    assert [{one.tag: one.text for one in item} for item in items] == [
        {
            "title": "plain",
            "link": f"{SITE_URL}/plain",
            "pubDate": "Mon, 01 Jun 2026 10:00:00 GMT",
            "guid": RYE,
            "description": "Plain.",
        },
        {
            "title": "New [& old]",
            "link": f"{SITE_URL}/new%20%26%20old",
            "pubDate": "Fri, 01 May 2026 10:00:00 GMT",
            "guid": OATS,
            "description": "In short.",
        },
    ]


def test_language_models_find_the_public_rows(site: NextSite, kv: UpstashStandIn) -> None:
    listed(kv, site)
    for answer in (site.get("/llms.txt"), site.get("/", "text/markdown")):
        assert (
            answer.text == "# Written in Notion\n\n## pages\n\n## posts\n- [New \\[&"
            f" old\\]]({SITE_URL}/new%20%26%20old.md): In short.\n-"
            f" [plain]({SITE_URL}/plain.md)\n"
        )


def link_to(slug: str, secret: Secret = OWNER, seconds: int = 3600) -> str:
    """The query of a link to a preview."""
    expires = int(time.time()) + seconds
    signature = sign_preview(secret, slug, expires)
    return urlencode({"slug": slug, "expires": expires, "signature": signature})


def seen_by(site: NextSite, query: str, slug: str, database: str = "") -> tuple[int, str]:
    """What a browser of its own sees of a preview, or of a database on it, after it has followed a
    link. To browsers this host is as good as one with TLS, whose cookies may be secure."""
    with httpx.Client(base_url=site.url, trust_env=False, timeout=60) as browser:
        given = browser.get(f"/api/preview?{query}").headers.get_list("set-cookie")
        kept = "; ".join(cookie.partition(";")[0] for cookie in given)
        shown = httpx.get(
            f"{site.url}/preview{address(slug)}",
            params={"database": database} if database else {},
            headers={"Cookie": kept},
            trust_env=False,
            timeout=60,
        )
        return shown.status_code, shown.text


def test_who_has_a_link_sees_the_draft_and_the_pages_below_it_and_no_other(
    site: NextSite, kv: UpstashStandIn
) -> None:
    child = {"id": CHILD, "slug": "spring/é & co", "title": "Below"}
    block = {"id": CHILD, "type": "child_page", "child_page": {"title": "Below"}}
    values = {
        **whole_page("spring", paragraph("Not yet."), block, id="d", childPages=[child]),
        **whole_page("spring/é & co", paragraph("Not yet either."), id=CHILD),
        **whole_page("autumn", paragraph("Much later.")),
    }
    drafts = {key.replace("page:", "preview:"): value for key, value in values.items()}
    put(kv, drafts)
    with Redis(kv.url, kv.token) as redis:
        redis.hset("preview:paths", values={CHILD: "spring/é & co"})
    put(kv, whole_page("summer", paragraph("Published.")))

    status, text = seen_by(site, link_to("spring"), "spring")
    assert (status, "Not yet." in text) == (200, True)
    assert f'href="/preview/{quote("spring/é & co")}"' in text
    assert "Not yet either." in seen_by(site, link_to("spring"), "spring/é & co")[1]
    assert "Published." in seen_by(site, link_to("summer"), "summer")[1]
    assert seen_by(site, link_to("spring"), "autumn")[0] == 404
    assert seen_by(site, link_to("spring/é & co"), "spring")[0] == 404
    assert visit(site, "spring").status_code == 404


def test_who_has_a_link_sees_the_databases_of_the_draft_and_of_no_other(
    site: NextSite, kv: UpstashStandIn
) -> None:
    def crew(database_id: str, name: str) -> JSON:
        item = {"id": name, "lastEdited": SYNCED_AT, "icon": None, "cover": None}
        about = {"id": database_id, "title": "Crew", "visibility": "draft", "syncedAt": SYNCED_AT}
        items = [item | {"properties": {"Name": name}}]
        return about | {"properties": {"Name": {"type": "title"}}, "items": items}

    def showing(slug: str, database_id: str) -> JSON:
        block = {"id": database_id, "type": "child_database", "child_database": {"title": "Crew"}}
        page: JSON = whole_page(slug, block)[f"page:{slug}"]
        return page

    own, other, published = (f"{digit * 8}-0000-4000-8000-00000000000d" for digit in "abc")
    values = {
        "preview:regatta": showing("regatta", own),
        "preview:harvest": showing("harvest", other),
        "page:ferry": showing("ferry", published),
        f"preview:db:{own}": crew(own, "Ann Draft"),
        f"preview:db:{other}": crew(other, "Bea Draft"),
        f"db:{published}": crew(published, "Cid Published"),
    }
    put(kv, values)

    assert (
        f'href="/preview/regatta?database={own}"' in seen_by(site, link_to("regatta"), "regatta")[1]
    )
    shown = [
        seen_by(site, link_to(slug), shown, one)
        for slug, shown, one in (
            ("regatta", "regatta", own),
            ("ferry", "ferry", published),
            ("regatta", "regatta", other),
            ("regatta", "harvest", other),
            ("regatta", "regatta", published),
        )
    ]
    assert [status for status, _ in shown] == [200, 200, 404, 404, 404]
    assert "Ann Draft" in shown[0][1] and "Cid Published" in shown[1][1]
    assert not any("Draft" in text for _, text in shown[2:])
    forged = seen_by(site, link_to("regatta", Secret("another's")), "regatta", own)
    assert (forged[0], "Ann Draft" in forged[1]) == (404, False)
    assert visit(site, f"database/{own}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("slug=winter", id="unsigned"),
        pytest.param(link_to("winter", seconds=-1), id="over"),
        pytest.param(link_to("winter", Secret("another deployment's")), id="foreign"),
        pytest.param(link_to("autumn").replace("autumn", "winter"), id="for another page"),
    ],
)
def test_a_link_that_is_forged_foreign_or_over_shows_nothing(
    site: NextSite, kv: UpstashStandIn, query: str
) -> None:
    put(kv, {"preview:winter": whole_page("winter", paragraph("Hidden."))["page:winter"]})

    status, text = seen_by(site, query, "winter")

    assert (status, "Hidden." in text) == (404, False)


@pytest.fixture
def browser(lacking: Lacking) -> Iterator[Browser]:
    path = chromium()
    if path is None:
        lacking("browser tier", f"needs one of {', '.join(BROWSERS)} on the PATH")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def test_a_browser_finds_its_way_through_the_whole_sample_workspace(
    site: NextSite, kv: UpstashStandIn, browser: Browser, tmp_path: Path
) -> None:
    """The last test of the site: it empties its KV. The functions run in a process of their own."""

    def deploy(stack: Stack, port: int) -> FunctionsProcess:
        return FunctionsProcess(ROOT, stack.environ, tmp_path / "log", port)

    with Stack(environ={}, deploy=deploy) as stack:
        synced = Site.of(stack)
        synced.sync()
        keys, bundles = synced.site_keys(), list(synced.published().values())
        paths = synced.command("HGETALL", "paths")
        with Redis(kv.url, kv.token) as redis:
            redis.flushdb()
            redis.mset({key: synced.command("GET", key) for key in keys})
            redis.hset("paths", values=dict(zip(paths[::2], paths[1::2], strict=True)))
        tell(site, *keys)

        visited = crawl(browser, site)

    public = {
        address(bundle["meta"]["slug"]): bundle["blocks"]
        for bundle in bundles
        if bundle["meta"]["visibility"] == "public"
    }
    assert len(public) > 30
    assert visited.keys() >= public.keys()
    assert {path: one.notes for path, one in visited.items() if one.notes} == {
        path: notes for path, blocks in public.items() if (notes := list(not_shown(blocks)))
    }
    for path, blocks in public.items():
        said = " ".join(visited[path].text.split())
        assert [words for words in texts(blocks) if " ".join(words.split()) not in said] == []
    assert [
        (path, href)
        for path, one in visited.items()
        for href in one.hrefs
        if WAYS_TO_NOTION.match(href)
    ] == [("/imprint", "https://www.notion.com/")]


def not_shown(blocks: Sequence[Any]) -> Iterator[str]:
    """What a page says in place of blocks that Notion does not give, or gives to nobody."""
    for block in blocks:
        kind = block["type"]
        if kind == "unsupported" or block.get("unavailable"):
            named = block[kind].get("block_type") if kind == "unsupported" else kind
            yield f"Not shown here: {named.replace('_', ' ')}"
        yield from not_shown(block.get("children", []))


def texts(blocks: Sequence[Any]) -> Iterator[str]:
    """What somebody wrote in these blocks, piece by piece."""
    for block in blocks:
        for piece in block[block["type"]].get("rich_text", []):
            if piece["type"] == "text":
                yield piece["plain_text"]
        yield from texts(block.get("children", []))
