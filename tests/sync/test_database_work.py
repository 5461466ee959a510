"""A child database: who may see it, what sums up its rows, and when it is tried for the last
time."""

import pytest

from lib.model import BUNDLE_VERSION, Claim, DatabaseRecord, WorkItem
from lib.sync.work.database_work import MOST_SIGNED, signature, visibility_of
from lib.sync.work.unfinished import PAUSES_SECONDS, is_last_try
from tests.bundle.samples import hosted, prop
from tests.sync.records import LATER, SETTLED, record, row_page


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([], "public"),
        (["public", "public"], "public"),
        (["public", "members"], "members"),
        (["staff", "public", "members"], "members"),
    ],
)
def test_a_database_is_shown_to_those_whom_the_strictest_of_its_pages_is_shown(
    shown: list[str], expected: str
) -> None:
    assert visibility_of(shown) == visibility_of(reversed(shown)) == expected


def test_a_signature_tells_rows_their_times_and_their_values_apart_but_not_their_order() -> None:
    one, two = row_page("a"), row_page("b")
    others = [
        [one],
        [one, two, row_page("c")],
        [one, row_page("b", last_edited_time=LATER)],
        [one, row_page("b", properties={"Size": prop("number", 4)})],
        [one, row_page("b", title="Another")],
        [one, row_page("b", in_trash=True)],
    ]

    assert signature([one, two]) == signature([two, one])
    assert len({signature([one, two]), *map(signature, others)}) == 1 + len(others)


def test_a_signature_does_not_tell_when_addresses_were_signed() -> None:
    photos = (
        [row_page(properties={"P": prop("files", [{"name": "o", **hosted(query=q)}])})]
        for q in ("?1", "?2")
    )

    assert len(set(map(signature, photos))) == 1


def test_more_rows_than_one_answer_shows_have_no_signature() -> None:
    rows = [row_page(str(number)) for number in range(MOST_SIGNED + 1)]

    assert signature(rows[:-1]) != ""
    assert signature(rows) == ""


def test_what_gets_no_answer_is_left_out_on_the_last_try_and_where_it_was_left_out_before() -> None:
    def claim(attempts: int = 0, *, is_lacking: bool = False) -> Claim:
        return Claim(
            key="a",
            number=1,
            item=WorkItem(attempts=attempts),
            record=record(is_lacking=is_lacking),
        )

    assert [is_last_try(claim(attempts)) for attempts in range(len(PAUSES_SECONDS) + 1)] == [
        False,
        False,
        True,
    ]
    assert is_last_try(claim(is_lacking=True))
    assert not is_last_try(Claim(key="a", number=1, item=WorkItem()))


def test_a_child_database_that_lacks_something_is_on_its_last_try() -> None:
    read = DatabaseRecord(
        title="",
        data_source_ids=[],
        read_at=SETTLED,
        digest="d",
        version=BUNDLE_VERSION,
        is_lacking=True,
    )

    assert is_last_try(Claim(key="db:d", number=1, item=WorkItem(), database=read))
