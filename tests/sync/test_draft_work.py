"""What a draft's work decides by itself."""

from lib.sync.work.draft_work import free_slug


def test_a_draft_takes_no_slug_whose_key_is_something_else() -> None:
    page, database = "bbbbbbbb-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000001"

    assert free_slug("paths", page, []) == "paths-bbbbbbbb"
    assert free_slug(f"db:{database}", page, []) == f"db:{database}-bbbbbbbb"
    assert free_slug("db:2026", page, []) == "db:2026"
    assert free_slug("storm", page, ["storm"]) == "storm-bbbbbbbb"
