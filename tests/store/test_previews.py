"""Which drafts a dashboard lists: those that have a preview, and why the public does not see them."""

import pytest

from lib.model import Observation
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.previews import Previews
from lib.store.runs import Runs
from lib.sync.preview import Why, why_hidden
from tests.store.conftest import Clock
from tests.store.scene import EDITED_AT, NOW
from tests.store.test_drafts import Studio, family


@pytest.mark.parametrize("has_rule", [False, True])
@pytest.mark.parametrize(
    ("visibility", "is_published", "changes_at", "expected", "by_rule"),
    [
        ("Draft", False, None, "draft", "draft"),
        ("members, draft", False, None, "draft", "draft"),
        ("public", False, EDITED_AT + 60, "waiting", "waiting"),
        ("public", False, None, "over", "draft"),
        ("public", True, None, "paused", "paused"),
    ],
)
def test_why_a_row_is_none_of_the_publics(
    visibility: str,
    is_published: bool,
    changes_at: float | None,
    expected: Why,
    by_rule: Why,
    has_rule: bool,
) -> None:
    row = Observation(
        source="pages",
        title="T",
        created=NOW,
        edited=NOW,
        wanted="t",
        visibility=visibility,
        is_published=is_published,
        is_paused=is_published,
        changes_at=changes_at,
    )

    assert why_hidden(row, has_rule=has_rule) == (by_rule if has_rule else expected)


async def test_drafts_are_listed_by_their_slugs_in_one_command_each_with_its_row(
    kv: Kv, keys: Keys, runs: Runs, clock: Clock
) -> None:
    studio = Studio(kv, keys, runs, clock)
    await studio.begin()
    await studio.draft("c", visibility="draft")
    await studio.write("c", "zebra", seen=studio.seen("c", visibility="draft"))
    await family(studio)
    await kv.command("HSET", keys.preview_paths, "lost", "aardvark")
    previews = Previews(kv, keys)
    await previews.list_previewed()
    before = kv.commands

    total, listed = await previews.list_previewed()

    assert kv.commands - before == 1
    assert total == 4
    assert [(one.page_id, one.slug) for one in listed] == [
        ("lost", "aardvark"),
        ("a", "one"),
        ("b", "one/b"),
        ("c", "zebra"),
    ]
    lost, row, child, draft = listed
    assert (lost.seen, lost.row) == (None, None)
    assert row.seen == row.row == child.row
    assert child.seen
    assert child.seen.parent == "a"
    assert draft.row
    assert why_hidden(draft.row, has_rule=False) == "draft"
