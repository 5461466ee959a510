"""Every kind of Notion's blocks is shown or says what it is, and no odd value takes the page with
it."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dev.equality import Truth
from dev.notion import SAMPLE_DATABASES
from dev.notion.load import load
from dev.notion.notation import BLANK
from tests.examples.fixtures import JSON, paragraph
from tests.examples.readers import execute
from tests.notion.cassettes import exchanges, needed

HARNESS = Path(__file__).with_name("blocks.cjs")
SHOWCASE = "aaaaaaaa-0000-4000-8000-000000000007"
CHILD = "aaaaaaaa-0000-4000-8000-000000000071"
PAINTS = "dddddddd-0000-4000-8000-000000000004"
TRAIL = [{"path": "/", "title": "Home"}, {"path": "/here", "title": "Here"}]
HOME = "aaaaaaaa-0000-4000-8000-000000000001"
LINKS = [
    {"id": CHILD, "slug": "building-blocks/footnotes", "title": "Footnotes"},
    {"id": HOME, "slug": "home", "title": ""},
]


def render(compiled: Path, *pages: Sequence[Any], **more: Any) -> list[str]:
    """Returns the HTML of pages of blocks; nothing may be warned of."""
    given = [{"blocks": page, "links": LINKS, "trail": TRAIL, **more} for page in pages]
    done = execute(["node", HARNESS, compiled], json.dumps({"pages": given}))
    assert (done.returncode, done.stderr) == (0, "")
    found: list[str] = json.loads(done.stdout)["pages"]
    return found


def shown(compiled: Path, *blocks: Any) -> str:
    [html] = render(compiled, blocks)
    return html


def text(words: str, **more: Any) -> JSON:
    return {"type": "text", "plain_text": words, "href": None, **more}


def block(kind: str, own: Any, *children: JSON, **more: Any) -> JSON:
    return {
        "id": f"id-of-{kind}",
        "type": kind,
        kind: own,
        **({"children": list(children)} if children else {}),
        **more,
    }


@cache
def showcase() -> list[JSON]:
    """The sample's page with one of everything, as a site must find it."""
    return Truth(load(), SAMPLE_DATABASES, "https://sync.example").blocks(SHOWCASE)


def every_kind() -> list[JSON]:
    """Blocks of every kind: the sample's, and what the sample has no example of."""
    return [
        *showcase(),
        block(
            "transcription",
            {"title": [text("Old notes")], "children": {"notes_block_id": "n"}},
            {"id": "n"},
        ),
        block("synced_block", {"synced_from": None}, paragraph("original")),
        block("link_to_page", {"type": "page_id", "page_id": CHILD}),
        block("link_to_page", {"type": "comment_id", "comment_id": "c"}),
        block("toggle", {"rich_text": [text("T")], "color": "red"}, unavailable="not shared"),
        block("hologram", {"depth": 3, "rich_text": [text("H")]}, paragraph("inside")),
    ]


def kinds_in(blocks: Sequence[JSON]) -> set[str]:
    found = {found["type"] for found in blocks if "type" in found}
    return (
        found.union(*(kinds_in(inner.get("children", [])) for inner in blocks)) if blocks else found
    )


def test_every_kind_is_among_the_samples() -> None:
    assert kinds_in(every_kind()) >= BLANK.keys() | {
        "child_page",
        "child_database",
        "transcription",
    }


def test_no_odd_value_takes_the_page_with_it(compiled: Path) -> None:
    """Every place in a block of every kind holds every odd value once; what stands around the block
    is still there."""
    given = json.dumps({"breaking": every_kind()})
    done = execute(["node", HARNESS, compiled], given, NODE_ENV="production")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["failures"][:5] == []
    assert seen["rendered"] > 20_000


@pytest.mark.parametrize("odd", [None, 7, "odd", True, {}, [None, 7, "odd", [], {}]])
def test_odd_lists_of_blocks_and_links_are_empty_ones(compiled: Path, odd: Any) -> None:
    around = [paragraph("a"), odd, paragraph("b")]
    done = execute(
        ["node", HARNESS, compiled],
        json.dumps({"pages": [{"blocks": odd, "links": odd}, {"blocks": around, "links": odd}]}),
    )
    assert done.returncode == 0, done.stderr
    html = json.loads(done.stdout)["pages"][1]
    assert html.startswith("<p>a</p>")
    assert html.endswith("<p>b</p>")


def test_every_kind_is_shown(compiled: Path) -> None:
    html = shown(compiled, *showcase())
    for part in (
        ">One of everything</h2>",
        ' class="color-orange">Text</h3>',
        (
            "<strong>bold</strong>, <em>italic</em>, <s>struck</s>, <u>underlined</u>,"
            ' <code>code</code>, <span class="color-red">red</span>, <span class="equation"><span'
            ' class="katex"><math'
        ),
        '<span class="mention">@Ada Lindqvist</span>',
        '<a href="/home">Skerry Light</a> Posts <time',
        '<time dateTime="2026-05-01">2026-05-01 → 2026-09-30</time>',
        '<img class="emoji" src="/external/skerry.png" alt=":skerry:" loading="lazy"/>',
        '<a href="https://boats.example">Boats</a>',
        '<span class="mention">@today</span>',
        ">A heading that opens</h4></summary><p>Hello from inside.</p></details>",
        ">A small one</h5>",
        "<ul><li>One<ul><li>Two<ul><li>Three</li></ul></li></ul></li></ul>",
        '<ol type="i"><li value="4">Starts at four</li></ol>',
        (
            '<ul class="to-dos"><li><input type="checkbox" disabled="" checked=""/>Paint the'
            " door</li></ul>"
        ),
        "<details><summary>More</summary><blockquote>Less.<p>Much less.</p></blockquote></details>",
        (
            '<aside class="color-yellow_background"><p><img class="emoji"'
            ' src="https://sync.example/api/media?'
        ),
        (
            '<figure><pre><code class="language-javascript">lamp.on()\n</code></pre>'
            "<figcaption>The whole firmware</figcaption></figure>"
        ),
        '<div class="equation"><span class="katex"><math',
        "<hr/>",
        (
            '<figcaption>The lens, photographed by <span class="mention">@Tove'
            " Åström</span></figcaption></figure>"
        ),
        '<img src="/external/gull.png" alt="" loading="lazy"/>',
        'src="https://www.youtube-nocookie.com/embed/skerrylight1"',
        '<video src="https://sync.example/api/media?',
        '<audio src="/external/gulls.wav" controls=""',
        '<object data="/external/plan.pdf" type="application/pdf"><a href="/external/plan.pdf">',
        ">tides.csv</a></p><figcaption>Tides, 2026</figcaption></figure>",
        '<a href="/external/readme.txt">readme.txt</a>',
        (
            '<a href="https://lighthouses.example/skerry">https://lighthouses.example/skerry</a></p><figcaption>Our'
            " entry in the register</figcaption>"
        ),
        '<iframe src="https://maps.example/embed?skerry"',
        '<a href="https://github.com/skerrylight/site/pull/7">',
        "<p>A database in Notion</p>",
        (
            '<tr><th scope="col"></th><th scope="col">Day</th><th scope="col">Night</th></tr>'
            '<tr><th scope="row">Signal</th><td>none</td><td>Fl(2) <strong>W 12s</strong></td></tr>'
        ),
        '<div class="columns"><div style="flex-grow:0.6"><p>Wide</p></div>',
        (
            '<details name="tabs-3ea3653a-f164-5e2b-be5f-6e7ef69cb5bb" open=""><summary><span'
            ' class="icon">☀️ </span>Summer</summary><p>Open.</p></details>'
        ),
        (
            'src="https://www.notion.so/icons/snowflake_lightgray.svg" alt="snowflake"'
            ' loading="lazy"/>Winter</summary>'
        ),
        '<div class="synced"><aside class="color-red_background">',
        "<details><summary>Template: New watch</summary>",
        "<strong>Spring meeting</strong> 2026-05-08T10:00:00.000Z – 2026-05-08T11:00:00.000Z</p>",
        '<details open=""><summary>summary</summary><p>We paint in June.</p></details>',
        "<details><summary>transcript</summary><p>Ada: point 1.</p>",
        '<p class="note" title="unsupported">Not shown here: button</p>',
        '<p class="note" title="unsupported">Not shown here: ai block</p>',
        '<p><a href="/building-blocks/footnotes">Footnotes</a></p>',
        f'<p><a href="/database/{PAINTS}">Paints</a></p>',
        '<nav aria-label="Breadcrumb"><a href="/">Home</a> / <a href="/here">Here</a></nav>',
    ):
        assert part in html


def test_the_table_of_contents_lists_the_headings_wherever_they_stand(compiled: Path) -> None:
    html = shown(
        compiled,
        block("table_of_contents", {"color": "gray"}),
        block("heading_1", {"rich_text": [text("First")]}) | {"id": "aaaa-1"},
        block(
            "column_list",
            {},
            block("column", {}, block("heading_4", {"rich_text": [text("Deep")]}) | {"id": "b-2"}),
        ),
        block("heading_2", {"rich_text": [text("Kept apart")]}) | {"id": None},
    )
    assert (
        '<nav class="color-gray" aria-label="Table of contents"><ul class="outline">'
        '<li class="level-1"><a href="#aaaa1">First</a></li>'
        '<li class="level-4"><a href="#b2">Deep</a></li>'
        '<li class="level-2">Kept apart</li></ul></nav>' in html
    )
    assert '<h2 id="aaaa1">First</h2>' in html
    assert '<h5 id="b2">Deep</h5>' in html
    assert "<h3>Kept apart</h3>" in html


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (block("table", {"has_column_header": True}), "<table><tbody></tbody></table>"),
        (block("paragraph", {"rich_text": None}), "<p></p>"),
        (block("paragraph", None), "<p></p>"),
        ({"id": "x", "type": "paragraph"}, "<p></p>"),
        (
            block("paragraph", {"rich_text": [{"type": "text", "plain_text": "bare"}]}),
            "<p>bare</p>",
        ),
        (block("paragraph", {"rich_text": [text("a", annotations=None)]}), "<p>a</p>"),
        (
            block(
                "image",
                {
                    "type": "external",
                    "external": {"url": "https://a.example/b.png"},
                    "caption": None,
                },
            ),
            '<figure><img src="https://a.example/b.png" alt="" loading="lazy"/></figure>',
        ),
        (
            block(
                "image",
                {"type": "file", "file": {"url": "/m", "width": 640, "height": 480}, "caption": []},
            ),
            '<figure><img src="/m" alt="" width="640" height="480" loading="lazy"/></figure>',
        ),
        (
            block("image", {"type": "file", "file": {"url": None}}),
            '<p class="note">Not shown here: image</p>',
        ),
        (block("video", {}), '<p class="note">Not shown here: video</p>'),
        (
            block("embed", {"url": "javascript:alert(1)"}),
            '<p class="note">Not shown here: embed</p>',
        ),
        (block("bookmark", {"url": ""}), '<p class="note">Not shown here: bookmark</p>'),
        (block("paragraph", {"rich_text": [text("x", href="javascript:alert(1)")]}), "<p>x</p>"),
        (
            block("child_page", {"title": "Secret plans"}),
            '<p class="note">Not shown here: a page that is not published</p>',
        ),
        (block("hologram", {}), '<p class="note">Not shown here: hologram</p>'),
        (block("constructor", {}), '<p class="note">Not shown here: constructor</p>'),
        ({"id": "x"}, '<p class="note">Not shown here: block</p>'),
        (block("unsupported", {}), '<p class="note">Not shown here: unsupported block</p>'),
        (
            block("synced_block", {}, unavailable="not shared"),
            '<p class="note" title="not shared">Not shown here: synced block</p>',
        ),
        (block("equation", {"expression": "\\frac{"}), "<code>\\frac{</code>"),
        (
            block("link_to_page", {"type": "page_id", "page_id": CHILD}),
            '<a href="/building-blocks/footnotes">Footnotes</a>',
        ),
        (
            block("child_database", {"title": ""}),
            '<a href="/database/id-of-child_database">Untitled</a>',
        ),
        (
            block("callout", {"icon": {"type": "emoji", "emoji": "💡"}, "rich_text": []}),
            '<span class="icon">💡 </span>',
        ),
        (
            block(
                "callout",
                {"icon": {"custom_emoji": {"name": "gull", "url": "/g.png"}}, "rich_text": []},
            ),
            '<img class="emoji" src="/g.png" alt="gull" loading="lazy"/>',
        ),
    ],
)
def test_what_is_missing_is_left_out_or_named(compiled: Path, given: JSON, expected: str) -> None:
    html = shown(compiled, given)
    assert expected in html


BARE_HOME = HOME.replace("-", "")
ANCHOR = "b" * 32


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (f"https://www.notion.so/Home-{BARE_HOME}?pvs=4", "/home"),
        (f"https://notion.so/{BARE_HOME}#{ANCHOR}", f"/home#{ANCHOR}"),
        (f"https://APP.notion.com/p/bakery/Home-{BARE_HOME.upper()}/", "/home"),
        (f"https://skerry.notion.site/{HOME}", "/home"),
        (f"notion://www.notion.so/skerry/{BARE_HOME}", "/home"),
        (f"/{BARE_HOME}?pvs=25#{ANCHOR}", f"/home#{ANCHOR}"),
        (
            f"https://www.notion.so/{ANCHOR}?v={ANCHOR}&amp;p={BARE_HOME}".replace("&amp;", "&"),
            "/home",
        ),
        (f"https://www.notion.so/Gone-{ANCHOR}", None),
        (f"/{ANCHOR}", None),
        (
            f"https://www.notion.so/{ANCHOR}?v={ANCHOR}",
            f"https://www.notion.so/{ANCHOR}?v={ANCHOR}",
        ),
        (f"https://bakery.example/{BARE_HOME}", f"https://bakery.example/{BARE_HOME}"),
        (f"https://notion.so.example/{BARE_HOME}", f"https://notion.so.example/{BARE_HOME}"),
        (f"//bakery.example/{BARE_HOME}", f"//bakery.example/{BARE_HOME}"),
        ("https://[half", "https://[half"),
        ("mailto:ada@bakery.example", "mailto:ada@bakery.example"),
        (f"#{ANCHOR}", f"#{ANCHOR}"),
    ],
)
def test_a_link_to_a_page_stays_on_the_site_and_one_to_an_unpublished_page_is_its_text(
    compiled: Path, address: str, path: str | None
) -> None:
    linked = block("paragraph", {"rich_text": [text("there", href=address)]})
    assert shown(compiled, linked) == (
        f'<p><a href="{path}">there</a></p>' if path else "<p>there</p>"
    )
    bookmark = shown(compiled, block("bookmark", {"url": address, "caption": []}))
    assert f'<a href="{path}">' in bookmark if path else "Not shown here: bookmark" in bookmark


def test_databases_of_the_page_are_linked_and_others_are_words(compiled: Path) -> None:
    def mentioned(database_id: str) -> JSON:
        mention = {"type": "database", "database": {"id": database_id}}
        href = f"https://www.notion.so/{database_id.replace('-', '')}"
        return text("Paints", href=href) | {"type": "mention", "mention": mention}

    here = block("column", {}, block("child_database", {"title": "Paints"}) | {"id": PAINTS})
    shown_here = shown(
        compiled, here, block("paragraph", {"rich_text": [mentioned(PAINTS), mentioned(HOME)]})
    )
    assert shown_here.endswith(f'<p><a href="/database/{PAINTS}">Paints</a>Paints</p>')
    link = block("link_to_page", {"type": "database_id", "database_id": PAINTS})
    assert shown(compiled, here, link).endswith(
        f'<p><a href="/database/{PAINTS}">A database in Notion</a></p>'
    )
    gone = block("link_to_page", {"type": "page_id", "page_id": PAINTS})
    assert shown(compiled, gone) == "<p>A page in Notion</p>"


def test_equations_of_any_depth_are_shown_as_they_were_written(compiled: Path) -> None:
    deep = "{" * 5_000 + "x" + "}" * 5_000
    html = shown(compiled, block("equation", {"expression": deep}), paragraph("after"))
    assert html.endswith("<p>after</p>")


def test_lists_of_different_kinds_stand_side_by_side(compiled: Path) -> None:
    def item(kind: str, words: str, **more: Any) -> JSON:
        return block(kind, {"rich_text": [text(words)], **more})

    html = shown(
        compiled,
        item("bulleted_list_item", "a"),
        item("bulleted_list_item", "b"),
        item("to_do", "c", checked=False),
        item("numbered_list_item", "d", list_format="letters"),
        item("numbered_list_item", "e"),
        paragraph("between"),
        item("numbered_list_item", "f", color="blue"),
    )
    assert (
        html == "<ul><li>a</li><li>b</li></ul>"
        '<ul class="to-dos"><li><input type="checkbox" disabled=""/>c</li></ul>'
        '<ol type="a"><li>d</li><li>e</li></ol><p>between</p><ol><li class="color-blue">f</li></ol>'
    )


@needed
def test_every_block_that_was_recorded_from_notion_is_shown(compiled: Path) -> None:
    """Blocks as Notion really gave them; what says only what it is are the kinds that Notion itself
    doesn't give."""
    blocks = recorded_blocks()
    assert len({found["type"] for found in blocks}) > 20
    shown_blocks = zip(blocks, render(compiled, *([found] for found in blocks)), strict=True)
    named = {found["type"] for found, html in shown_blocks if "Not shown here" in html}
    assert named <= {"unsupported", "child_page"}


def recorded_blocks() -> list[JSON]:
    """Blocks of every list of children that was recorded."""
    answers = [
        exchange.json
        for exchange in exchanges()
        if exchange.status == 200 and exchange.answer.startswith("{")
    ]
    results = [result for answer in answers for result in answer.get("results", [])]
    return [result for result in results if result.get("object") == "block" and "type" in result]
