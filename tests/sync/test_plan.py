"""What a run must do, decided from a listing and from what KV remembers."""

from typing import Any

import msgspec
import pytest

from lib.model import BUNDLE_VERSION, FIRST_VERSION, Kept, KeptDatabase, Known, Rank
from lib.sync.facts import Listed, Row, Watched
from lib.sync.plan import make
from lib.sync.watches import doubtful_originals, missing, watches

MINUTE = "2026-05-01T10:00:00.000Z"
LATER = "2026-05-01T10:05:00.000Z"
WITHIN_THE_MINUTE = 1_777_629_630.0  # 10:00:30
AFTER_THE_MINUTE = 1_777_629_700.0  # 10:01:40
SEEN = AFTER_THE_MINUTE + 60


def row(id: str, **more: Any) -> Row:
    facts: dict[str, Any] = {
        "id": id,
        "source": "pages",
        "title": id,
        "created": MINUTE,
        "edited": MINUTE,
        "wanted": id,
        "published": True,
        "visibility": "public",
        "paused": False,
        "fingerprint": "f",
        "page": msgspec.Raw(b"{}"),
        "read_at": AFTER_THE_MINUTE,
        "began_at": AFTER_THE_MINUTE,
    }
    return Row(**facts | more)


def kept(id: str, **more: Any) -> Kept:
    facts: dict[str, Any] = {
        "slug": id,
        "source": "pages",
        "title": id,
        "created": MINUTE,
        "edited": MINUTE,
        "read_at": AFTER_THE_MINUTE,
        "began_at": AFTER_THE_MINUTE,
        "digest": "d",
        "fingerprint": "f",
        "version": BUNDLE_VERSION,
        "rank": None if "parent" in more else Rank(id=id, created=MINUTE),
    }
    return Kept(**facts | more)


def known(
    pages: dict[str, Kept], overdue: tuple[str, ...] = (), databases: dict[str, KeptDatabase] | None = None
) -> Known:
    return Known(pages, overdue, databases or {}, {}, {})


def listed(*rows: Row, whole: bool = True) -> list[Listed]:
    return [Listed("pages", rows, whole)]


def due(plan: Any) -> list[str]:
    return sorted(item.id for item in plan.items)


def test_an_unchanged_page_is_not_read_again() -> None:
    plan = make(listed(row("a")), known({"a": kept("a")}), Watched())

    assert plan.items == []
    assert plan.unchanged == 1


def test_a_new_page_is_due() -> None:
    assert due(make(listed(row("a")), known({}), Watched())) == ["a"]


def test_an_edited_page_is_due() -> None:
    assert due(make(listed(row("a", edited=LATER)), known({"a": kept("a")}), Watched())) == ["a"]


def test_a_page_whose_properties_show_something_else_is_due_though_its_time_has_not_moved() -> None:
    assert due(make(listed(row("a", fingerprint="g")), known({"a": kept("a")}), Watched())) == ["a"]


def test_a_page_that_was_read_within_the_minute_of_its_edit_is_due_again() -> None:
    plan = make(listed(row("a")), known({"a": kept("a", read_at=WITHIN_THE_MINUTE)}), Watched())

    assert due(plan) == ["a"]


def test_a_record_that_names_no_version_is_of_the_first_one_for_ever() -> None:
    record = msgspec.json.decode(msgspec.json.encode(kept("a", version=FIRST_VERSION)), type=Kept)
    assert (record.version, FIRST_VERSION) == (1, 1)


def test_an_older_format_makes_a_page_due() -> None:
    assert due(make(listed(row("a")), known({"a": kept("a", version=BUNDLE_VERSION - 1)}), Watched())) == ["a"]


def test_a_page_that_could_not_be_read_stays_due() -> None:
    assert due(make(listed(row("a")), known({"a": kept("a")}, overdue=("a",)), Watched())) == ["a"]


def test_a_forced_run_reads_what_was_read_before_it_was_asked_for() -> None:
    pages = {"a": kept("a"), "b": kept("b", began_at=AFTER_THE_MINUTE + 100)}

    plan = make(listed(row("a"), row("b")), known(pages), Watched(), forced_at=AFTER_THE_MINUTE + 50)

    assert due(plan) == ["a"]


def test_a_draft_is_dropped_with_what_stands_below_it() -> None:
    pages = {"a": kept("a", children=["c"]), "c": kept("c", parent="a", slug="a/c")}

    plan = make(listed(row("a", published=False, began_at=SEEN)), known(pages), Watched())

    assert plan.drops == {"a": SEEN}
    assert plan.moving == ["a", "c"]
    assert plan.items == []


def test_a_draft_that_is_not_published_is_noted_only_by_a_run_of_it() -> None:
    draft = listed(row("a", published=False, began_at=SEEN))

    assert make(draft, known({}), Watched()).drops == {}
    alone = make(draft, known({}), Watched(), focus=["a"])
    assert (alone.drops, alone.dropping) == ({"a": SEEN}, 0)


def test_a_missing_row_is_dropped_only_when_it_is_proven_to_be_gone() -> None:
    memory = known({"a": kept("a"), "b": kept("b")})
    listing = listed(row("a"))

    assert missing(listing, memory) == {"pages": ["b"]}
    assert make(listing, memory, Watched()).drops == {}
    assert make(listing, memory, Watched(), gone={"b": SEEN}).drops == {"b": SEEN}


def test_a_listing_that_is_not_whole_misses_nothing() -> None:
    assert missing(listed(row("a"), whole=False), known({"a": kept("a"), "b": kept("b")})) == {}


def test_a_paused_page_keeps_its_slug_and_is_not_read() -> None:
    plan = make(listed(row("a", paused=True, wanted="new", edited=LATER)), known({"a": kept("a")}), Watched())

    assert plan.items == []
    assert plan.moving == []


def test_a_paused_page_that_was_never_published_is_not_published() -> None:
    assert make(listed(row("a", paused=True)), known({}), Watched()).items == []


def test_a_renamed_page_is_due_and_leaves_its_slug() -> None:
    plan = make(listed(row("a", wanted="new")), known({"a": kept("a")}), Watched())

    assert [(item.id, item.slug) for item in plan.items] == [("a", "new")]
    assert plan.moving == ["a"]


def test_a_page_that_moved_from_another_source_is_due() -> None:
    assert due(make(listed(row("a")), known({"a": kept("a", source="posts")}), Watched())) == ["a"]


def test_a_child_page_is_watched_and_due_when_its_own_time_moved() -> None:
    pages = {"a": kept("a", children=["c"]), "c": kept("c", parent="a", slug="a/c")}
    listing = listed(row("a"))
    child = {"id": "c", "created_time": MINUTE, "last_edited_time": LATER, "properties": {"title": _title("c")}}

    assert watches(listing, known(pages), None).pages == ["c"]
    plan = make(listing, known(pages), Watched(read_at=AFTER_THE_MINUTE, pages={"c": child}))
    assert [(item.id, item.parent, item.slug) for item in plan.items] == [("c", "a", "a/c")]


def test_a_renamed_child_page_gets_its_slug_from_its_parent() -> None:
    pages = {"a": kept("a", children=["c"]), "c": kept("c", parent="a", slug="a/c")}
    child = {"id": "c", "created_time": MINUTE, "last_edited_time": LATER, "properties": {"title": _title("new name")}}

    plan = make(listed(row("a")), known(pages), Watched(read_at=AFTER_THE_MINUTE, pages={"c": child}))

    assert [(item.id, item.due_children) for item in plan.items] == [("a", ["c"])]


def test_a_page_is_due_when_the_original_of_a_copy_on_it_was_edited() -> None:
    pages = {"a": kept("a", copied={"o": None}), "b": kept("b", originals=["o"])}

    plan = make(listed(row("a"), row("b", edited=LATER)), known(pages), Watched())

    assert due(plan) == ["a", "b"]


def test_an_original_outside_the_sources_is_watched_on_its_page() -> None:
    pages = {"a": kept("a", copied={"o": "elsewhere"})}
    listing = listed(row("a"))
    elsewhere = {"id": "elsewhere", "created_time": MINUTE, "last_edited_time": LATER, "properties": {}}

    assert watches(listing, known(pages), None).pages == ["elsewhere"]
    assert due(make(listing, known(pages), Watched(pages={"elsewhere": elsewhere}))) == ["a"]


def test_a_changed_child_database_is_read_without_the_page_that_shows_it() -> None:
    databases = {"d": KeptDatabase("D", ["s"], AFTER_THE_MINUTE, AFTER_THE_MINUTE, "x")}
    memory = known({"a": kept("a", databases=["d"])}, databases=databases)

    assert watches(listed(row("a")), memory, None).databases == ["d"]
    plan = make(listed(row("a")), memory, Watched(changed_databases={"d"}))
    assert [(item.id, item.kind) for item in plan.items] == [("d", "database")]


def test_a_forced_run_watches_nothing() -> None:
    pages = {"a": kept("a", children=["c"], copied={"o": None}), "c": kept("c", parent="a")}
    wanted = watches(listed(row("a")), known(pages), AFTER_THE_MINUTE + 1)

    assert (wanted.pages, wanted.databases, wanted.originals) == ([], [], [])


def test_a_slug_is_not_taken_from_a_paused_page_by_an_older_one() -> None:
    pages = {"a": kept("a"), "b": kept("b", slug="home", created=LATER)}
    listing = listed(row("a", wanted="home"), row("b", wanted="home", created=LATER, paused=True))

    plan = make(listing, known(pages), Watched())

    assert [(item.id, item.slug) for item in plan.items] == [("a", "home-aaaaaaaa")]
    assert plan.moving == ["a"]


def test_a_child_page_that_a_broken_run_never_came_to_makes_its_parent_due() -> None:
    pages = {"a": kept("a", children=["c"])}
    child = {"id": "c", "created_time": MINUTE, "last_edited_time": MINUTE, "properties": {"title": _title("c")}}

    assert watches(listed(row("a")), known(pages), None).pages == ["c"]
    assert due(make(listed(row("a")), known(pages), Watched(pages={"c": child}))) == ["a"]
    assert due(make(listed(row("a")), known(pages), Watched(pages={"c": None}))) == ["a"]  # to hide it


def test_a_child_page_that_notion_does_not_show_any_more_is_dropped_with_what_stands_below_it() -> None:
    pages = {
        "a": kept("a", children=["c"]),
        "c": kept("c", parent="a", slug="a/c", children=["d"]),
        "d": kept("d", parent="c", slug="a/c/d"),
    }

    plan = make(listed(row("a")), known(pages), Watched(pages={"c": None, "d": None}, began_at=SEEN))

    assert plan.drops == {"a/c": SEEN, "c/d": SEEN}
    assert plan.moving == ["c", "d"]
    assert due(plan) == ["a"]


@pytest.mark.parametrize("behind", [{"slug": "old/c"}, {"visibility": "members"}, {"source": "posts"}])
def test_a_child_page_that_did_not_follow_its_parent_is_read_with_it(behind: dict[str, str]) -> None:
    pages = {"a": kept("a", children=["c"]), "c": kept("c", **{"parent": "a", "slug": "a/c", **behind})}
    child = {"id": "c", "created_time": MINUTE, "last_edited_time": MINUTE, "properties": {"title": _title("c")}}

    plan = make(listed(row("a")), known(pages), Watched(read_at=AFTER_THE_MINUTE, pages={"c": child}))

    assert [(item.id, item.due_children) for item in plan.items] == [("a", ["c"])]


def test_a_child_database_that_a_broken_run_never_came_to_is_read() -> None:
    plan = make(listed(row("a")), known({"a": kept("a", databases=["d"])}), Watched())

    assert [(item.id, item.kind) for item in plan.items] == [("d", "database")]


def test_a_child_database_that_could_not_be_read_is_watched_until_it_is_shared() -> None:
    memory = known({"a": kept("a", unreadable=["d"])})

    assert watches(listed(row("a")), memory, None).unreadable == ["d"]
    assert due(make(listed(row("a")), memory, Watched())) == []
    assert due(make(listed(row("a")), memory, Watched(found_databases={"d"}))) == ["a"]


def test_a_page_is_due_until_it_has_noticed_that_its_child_database_is_lost() -> None:
    databases = {"d": KeptDatabase("D", ["s"], AFTER_THE_MINUTE, AFTER_THE_MINUTE, "x", lost=True)}
    memory = known({"a": kept("a", databases=["d"])}, databases=databases)

    assert due(make(listed(row("a")), memory, Watched())) == ["a"]


@pytest.mark.parametrize(
    "found", [None, {"id": "e", "created_time": MINUTE, "last_edited_time": MINUTE, "in_trash": True}]
)
def test_an_original_whose_page_is_gone_is_asked_for_and_its_copies_are_due_when_it_is_lost(
    found: dict[str, Any] | None,
) -> None:
    memory = known({"a": kept("a", copied={"o": "e"})})

    assert doubtful_originals({"e": found}, memory) == ["o"]
    assert due(make(listed(row("a")), memory, Watched(pages={"e": found}))) == []
    assert due(make(listed(row("a")), memory, Watched(pages={"e": found}, lost_originals={"o"}))) == ["a"]


def test_a_copy_that_knows_its_original_to_be_lost_is_not_read_again_for_that() -> None:
    memory = known({"a": kept("a", copied={"o": None})})

    assert due(make(listed(row("a")), memory, Watched(lost_originals={"o"}))) == []


def test_copies_are_due_when_the_page_of_their_lost_original_was_published_meanwhile() -> None:
    pages = {"a": kept("a", copied={"o": None}), "b": kept("b", originals=["o"])}

    assert due(make(listed(row("a"), row("b")), known(pages), Watched())) == ["a"]


def test_copies_are_due_in_the_run_that_drops_the_row_of_their_original() -> None:
    pages = {"a": kept("a", copied={"o": "b"}), "b": kept("b", originals=["o"])}

    assert due(make(listed(row("a")), known(pages), Watched(), gone={"b": SEEN})) == ["a"]


def _title(text: str) -> dict[str, Any]:
    return {"id": "title", "type": "title", "title": [{"type": "text", "plain_text": text}]}


def test_a_hidden_child_page_is_watched_and_makes_its_parent_due_once_it_can_be_read() -> None:
    pages = known({"a": kept("a", hidden=["b"])})

    assert watches(listed(row("a")), pages, None).pages == ["b"]
    assert due(make(listed(row("a")), pages, Watched(pages={"b": None}))) == []
    assert due(make(listed(row("a")), pages, Watched(pages={"b": {"id": "b"}}))) == ["a"]


def test_a_child_database_that_was_never_read_is_due() -> None:
    [item] = make(listed(row("a")), known({"a": kept("a", databases=["d"])}), Watched()).items

    assert (item.id, item.kind, item.data_source_ids) == ("d", "database", [])


def test_what_the_watches_have_seen_is_not_asked_for_again() -> None:
    pages = {"a": kept("a", edited=LATER, children=["b", "c"])}
    pages |= {id: kept(id, parent="a", slug=f"a/{id}") for id in ("b", "c")}
    watched = Watched(pages={"b": {"created_time": MINUTE, "last_edited_time": MINUTE, "properties": {}}, "c": None})

    [item] = make(listed(row("a")), known(pages), watched).items
    assert (item.children, item.seen) == (["b", "c"], ["b"])
    [forced] = [item for item in make(listed(row("a")), known(pages), Watched(), forced_at=2e9).items if item.id == "a"]
    assert forced.seen == []


def test_what_is_not_looked_at_counts_as_unchanged_if_it_is_published() -> None:
    pages = {id: kept(id) for id in ("same", "paused", "draft")} | {"c": kept("c", parent="same", slug="same/c")}
    pages |= {"under": kept("under", parent="paused", slug="paused/under"), "post": kept("post", source="posts")}
    pages["paused"] = kept("paused", children=["under"])
    rows = [row("same"), row("paused", paused=True), row("draft", published=False), row("new", paused=True)]

    plan = make(listed(*rows), known(pages), Watched())

    assert (plan.unchanged, plan.listed, plan.items) == (4, 4, [])


def test_a_draft_takes_no_slug_and_is_dropped_only_if_it_was_published() -> None:
    plan = make(
        listed(row("a", published=False, wanted="home"), row("b", wanted="home", created=LATER)), known({}), Watched()
    )

    assert [(item.id, item.slug) for item in plan.items] == [("b", "home")]
    assert len(plan.drops) == 0


def test_a_page_that_no_listing_showed_keeps_its_slug_against_an_older_one() -> None:
    memory = known({"b": kept("b", slug="home", created=LATER)})

    [item] = make(listed(row("a", wanted="home"), whole=False), memory, Watched()).items

    assert item.slug == "home-aaaaaaaa"


def test_the_slug_of_a_page_that_goes_is_free_in_the_same_run() -> None:
    memory = known({"b": kept("b", slug="home", children=["c"]), "c": kept("c", parent="b", slug="home/c")})

    plan = make(listed(row("a", wanted="home"), row("b", published=False)), memory, Watched())

    assert [item.slug for item in plan.items] == ["home"]
    assert plan.moving == ["b", "c"]


def test_nothing_is_read_under_a_page_that_goes_nor_in_a_source_that_is_not_listed() -> None:
    pages = {"a": kept("a", children=["c", "unknown"]), "c": kept("c", parent="a", slug="a/c", children=["d"])}
    pages |= {"d": kept("d", parent="c", slug="a/c/d"), "p": kept("p", source="posts", children=["q"])}
    pages["q"] = kept("q", parent="p", slug="p/q", source="posts")

    plan = make(listed(row("a", published=False)), known(pages, overdue=("a", "c", "d", "q")), Watched())

    assert plan.items == []
    assert plan.moving == ["a", "c", "d"]


def test_pages_that_name_each_other_as_children_do_not_hold_the_plan_up() -> None:
    pages = {"a": kept("a", children=["b"]), "b": kept("b", parent="a", slug="a/b", children=["a", "b"])}

    assert make(listed(row("a", published=False)), known(pages), Watched()).moving == ["a", "b"]


def test_an_item_brings_along_what_its_reading_needs_and_nothing_has_to_be_asked_twice() -> None:
    databases = {"d": KeptDatabase("D", ["s"], AFTER_THE_MINUTE, AFTER_THE_MINUTE, "digest of d")}
    pages = {"a": kept("a", children=["c"], databases=["d"], visibility="members"), "r": kept("r")}
    pages["c"] = kept("c", parent="a", slug="a/c", visibility="members")
    child = {"id": "c", "created_time": MINUTE, "last_edited_time": LATER, "properties": {"title": _title("c")}}
    watched = Watched(read_at=5.0, began_at=6.0, pages={"c": child}, changed_databases={"d"})
    rows = [
        row("a", visibility="members"),
        row("r", edited=LATER, page=msgspec.Raw(b'{"id":"r"}'), read_at=3.0, began_at=4.0),
    ]

    a_row, a_child, a_database = make(listed(*rows), known(pages, databases=databases), watched).items

    assert (a_row.source, a_row.visibility, bytes(a_row.page)) == ("pages", "public", b'{"id":"r"}')
    assert (a_row.read_at, a_row.began_at) == (3.0, 4.0)
    assert (a_child.source, a_child.visibility, msgspec.json.decode(a_child.page)) == ("pages", "members", child)
    assert (a_child.read_at, a_child.began_at) == (5.0, 6.0)
    assert (a_database.title, a_database.data_source_ids, a_database.digest) == ("D", ["s"], "digest of d")


def test_a_child_page_that_nobody_looked_at_is_asked_for_when_it_is_read() -> None:
    pages = {"a": kept("a", began_at=2e9, children=["c"]), "c": kept("c", parent="a", slug="a/c")}

    [item] = make(listed(row("a")), known(pages), Watched(read_at=5.0, began_at=6.0), forced_at=1.9e9).items

    assert (item.id, bytes(item.page), item.read_at, item.began_at) == ("c", b"null", 0.0, 0.0)


def test_the_slug_of_a_row_that_is_gone_is_free_in_the_same_run() -> None:
    memory = known({"b": kept("b", slug="home")})

    [item] = make(listed(row("a", wanted="home")), memory, Watched(), gone={"b": SEEN}).items

    assert item.slug == "home"
