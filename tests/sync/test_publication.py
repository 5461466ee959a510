"""What stands published when a run ends."""

from collections.abc import Mapping
from typing import Any

from lib.model import Kept, KeptDatabase, Rank
from lib.sync.publication import Outcome, index_pages, settle, signature

READ = 1_770_000_000.0


def row(id: str, slug: str, **more: Any) -> Kept:
    rank = Rank(id=id, created="2026-01-01T00:00:00.000Z")
    return page(id, slug, rank=rank, **more)


def page(id: str, slug: str, **more: Any) -> Kept:
    facts: dict[str, Any] = {
        "slug": slug,
        "source": "pages",
        "title": slug.title(),
        "created": "2026-01-01T00:00:00.000Z",
        "edited": "2026-01-01T00:00:00.000Z",
        "read_at": READ,
        "began_at": READ,
        "digest": f"digest of {id}",
    }
    return Kept(**facts | more)


def outcome(
    staged: Mapping[str, Kept] | None = None,
    moved: Mapping[str, tuple[str, int]] | None = None,
    drops: tuple[str, ...] = (),
) -> Outcome:
    return Outcome(staged or {}, moved or {}, dict.fromkeys(drops, READ + 1))


def test_a_page_that_was_read_after_it_was_seen_to_be_gone_stays() -> None:
    kept = {"a": row("a", "one", began_at=READ + 2), "b": row("b", "two")}

    assert settle(kept, {}, outcome(drops=("a", "b"))).dropped == ["b"]


def test_a_staged_page_of_which_a_newer_reading_is_known_is_forgotten() -> None:
    kept = {"a": row("a", "one", began_at=READ + 2)}

    state = settle(kept, {}, outcome(staged={"a": row("a", "two", parts=1), "b": row("b", "six")}, drops=("b",)))

    assert state.kept == kept
    assert (state.placed, state.refused, state.overtaken) == ({}, {}, {"a": 1, "b": 0})


def test_two_pages_that_swap_their_slugs_are_both_placed() -> None:
    kept = {"a": row("a", "one"), "b": row("b", "two")}

    state = settle(kept, {}, outcome(staged={"a": row("a", "two"), "b": row("b", "one")}))

    assert {id: one.slug for id, one in state.kept.items()} == {"a": "two", "b": "one"}
    assert state.left == {}
    assert state.redirects == {}


def test_a_page_stays_where_it_was_when_its_new_slug_was_not_given_up() -> None:
    kept = {"a": row("a", "one"), "b": row("b", "two"), "c": row("c", "three")}

    state = settle(kept, {}, outcome(staged={"a": row("a", "two"), "c": row("c", "one")}))

    assert {id: one.slug for id, one in state.kept.items()} == {"a": "one", "b": "two", "c": "three"}
    assert list(state.refused) == ["a", "c"]


def test_a_renamed_page_leaves_a_redirect_and_its_old_bundle_goes() -> None:
    kept = {"a": row("a", "new")}

    state = settle(kept, {}, outcome(moved={"old": ("a", 2)}))

    assert state.redirects == {"old": "new"}
    assert state.left == {"old": 2}


def test_a_slug_that_somebody_else_took_over_is_neither_removed_nor_redirected() -> None:
    kept = {"a": row("a", "new"), "b": row("b", "old")}

    state = settle(kept, {}, outcome(moved={"old": ("a", 0)}))

    assert state.left == {}
    assert state.redirects == {}


def test_dropping_a_row_takes_everything_below_it_along() -> None:
    kept = {
        "a": row("a", "top", children=["b"], databases=["d"]),
        "b": page("b", "top/child", parent="a", children=["c"]),
        "c": page("c", "top/child/leaf", parent="b"),
        "z": row("z", "other"),
    }

    state = settle(kept, {"d": KeptDatabase("D", [], 0.0, 0.0, "")}, outcome(drops=("a",)))

    assert state.dropped == ["a", "b", "c"]
    assert state.left == {"top": 0, "top/child": 0, "top/child/leaf": 0}
    assert state.databases == ["d"]


def test_a_child_that_moved_to_another_page_is_not_dropped_with_its_old_parent() -> None:
    kept = {"a": row("a", "top", children=["c"]), "b": row("b", "other", children=["c"])}
    kept["c"] = page("c", "other/leaf", parent="b")

    state = settle(kept, {}, outcome(drops=("a",)))

    assert state.dropped == ["a"]


def test_a_child_page_is_dropped_only_where_it_stood() -> None:
    before = {"a": row("a", "a", children=["c"]), "c": page("c", "a/c", parent="a")}

    assert settle(before, {}, outcome(drops=("a/c",))).dropped == ["c"]
    assert settle(before, {}, outcome(drops=("c", "b/c"))).dropped == []


def test_an_index_goes_on_after_500_rows() -> None:
    kept = {f"{n:04}": row(f"{n:04}", f"slug-{n}") for n in range(1_001)}

    pages = index_pages(kept, "pages", 500)

    assert [len(ids) for ids in pages] == [500, 500, 1]
    assert index_pages(kept, "posts", 500) == [[]]


def test_a_page_of_an_index_is_written_again_only_when_an_item_or_the_total_changed() -> None:
    kept = {"a": row("a", "one", meta_digest="1"), "b": row("b", "two", meta_digest="2")}
    before = signature(kept, ["a", "b"], 2)

    assert signature(dict(kept), ["a", "b"], 2) == before
    assert signature(kept, ["b", "a"], 2) != before
    assert signature(kept, ["a", "b"], 3) != before
    assert signature(kept | {"b": row("b", "two", meta_digest="3")}, ["a", "b"], 2) != before


def test_a_staged_page_that_gets_its_slug_leaves_the_old_one_and_a_redirect() -> None:
    kept = {"a": row("a", "one", parts=2)}

    state = settle(kept, {}, outcome(staged={"a": row("a", "two")}))

    assert (state.left, state.redirects) == ({"one": 2}, {"one": "two"})
    assert (list(state.placed), state.refused) == (["a"], {})


def test_only_the_staged_pages_that_do_not_get_their_slug_are_refused() -> None:
    kept = {"a": row("a", "one"), "b": row("b", "two")}

    state = settle(kept, {}, outcome(staged={"b": row("b", "three"), "c": row("c", "one", parts=3)}))

    assert (list(state.placed), state.refused) == (["b"], {"c": 3})


def test_a_staged_child_page_that_no_published_page_shows_is_refused() -> None:
    kept = {"top": row("top", "top", children=[])}

    state = settle(kept, {}, outcome(staged={"child": page("child", "top/child", parent="top", parts=2)}))

    assert (state.kept, state.placed, state.refused) == (kept, {}, {"child": 2})


def test_a_page_that_moved_and_then_went_leaves_no_redirect() -> None:
    state = settle({"a": row("a", "new")}, {}, outcome(moved={"old": ("gone", 1)}))

    assert (state.left, state.redirects) == ({"old": 1}, {})


def test_what_a_longer_bundle_had_beyond_the_one_that_takes_its_slug_is_spare() -> None:
    moved = {"one": ("a", 3), "two": ("b", 1)}
    kept = {"a": row("a", "x"), "b": row("b", "y"), "c": row("c", "one", parts=1), "d": row("d", "two", parts=1)}

    assert settle(kept, {}, outcome(moved=moved)).spare == {"one": range(2, 4)}


def test_the_slug_of_a_child_page_that_its_parent_shows_no_more_is_free() -> None:
    kept = {"a": row("a", "top"), "c": page("c", "top/c", parent="a"), "b": row("b", "other")}

    state = settle(kept, {}, outcome(staged={"b": row("b", "top/c")}))

    assert (state.dropped, list(state.placed)) == (["c"], ["b"])


def test_an_index_names_the_rows_of_its_source_in_their_order_and_no_child_page() -> None:
    ranks = {"a": 3.0, "b": 1.0, "c": 2.0}
    kept = {id: page(id, id, rank=Rank(id, "2026-01-01T00:00:00.000Z", order)) for id, order in ranks.items()}
    kept |= {"child": page("child", "a/child", parent="a"), "post": row("post", "post", source="posts")}

    assert index_pages(kept, "pages", 2) == [["b", "c"], ["a"]]
