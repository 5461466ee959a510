"""One odd value costs at most itself: objects of every type of Notion's API, in which one value is
broken."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.model import JSON
from tests.kv_schema import misfits
from tests.notion.cassettes import RECORDED
from tests.odd.breaks import MISSING, MORE, Break, breaks, broken
from tests.odd.fitting import kv_fits
from tests.odd.javascript import JavaScript
from tests.odd.official import CLIENT, conforms, options_of, shape_of
from tests.odd.outcomes import of_page
from tests.odd.play import GAMES, NEW_EACH_TIME, Game, Tally
from tests.odd.recorded import OFFICIAL, recorded_of
from tests.odd.valid import objects, of_shape, pages_with_blocks

EXAMPLES = 600
"""Subjects of all games together; each is broken in up to ten ways."""

Lacking = Callable[[str, str], NoReturn]


@pytest.fixture(autouse=True)
def _tools(lacking: Lacking) -> None:
    if not CLIENT.is_dir() or shutil.which("node") is None:
        lacking(
            "odd values", "install Node.js 20 or newer, then run `npm ci --prefix tests/clients`"
        )


@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
def test_one_odd_value_costs_at_most_itself(game: Game) -> None:
    if game.name.startswith("recorded") and not RECORDED.is_dir():
        pytest.skip("the recorded Notion answers (../shared/recorded) are absent")
    tally, javascript = Tally(), JavaScript()
    examples = EXAMPLES * game.share // 100
    game.play(examples, tally, javascript)
    assert tally.played.total() > examples
    assert 0 < tally.noted.total() < tally.played.total()
    javascript.read_all()
    assert javascript.misunderstood == []


@settings(NEW_EACH_TIME, max_examples=3)
@given(st.data())
def test_every_kind_of_block_and_property_is_drawn(data: st.DataObject) -> None:
    for official, kinds in {
        "BlockObjectResponse": 37,
        "PagePropertyValueWithIdResponse": 24,
    }.items():
        options = options_of(shape_of(official))
        assert len({data.draw(of_shape(option))["type"] for option in options}) >= kinds


@settings(NEW_EACH_TIME, max_examples=60)
@given(st.data())
def test_what_is_drawn_is_of_the_official_types_until_it_is_broken(data: st.DataObject) -> None:
    official = data.draw(
        st.sampled_from(["PageObjectResponse", "BlockObjectResponse", "DataSourceObjectResponse"])
    )
    drawn, shape = data.draw(objects(official)), shape_of(official)
    assert conforms(drawn, shape)
    assert not conforms({**drawn, "created_time": None}, shape)
    assert not conforms({name: member for name, member in drawn.items() if name != "id"}, shape)


@settings(NEW_EACH_TIME, max_examples=30)
@given(st.deferred(lambda: pages_with_blocks()), st.data())
def test_the_quick_validator_agrees_with_the_one_of_the_schemas_authors(
    subject: JSON, data: st.DataObject
) -> None:
    value = {key: json.loads(text) for key, text in of_page(subject).texts.items()}
    assert kv_fits()(value)
    assert misfits(value) == []
    one = data.draw(breaks({"page": value}))
    odd = broken({"page": value}, one).get("page")
    assert kv_fits()(odd) == (misfits(odd) == [])


def test_a_break_changes_one_place_and_shares_all_else() -> None:
    subject = {"page": {"a": [1, {"b": "text"}], "c": {}}}
    assert broken(subject, Break(("page", "a", 1, "b"), "null")) == {
        "page": {"a": [1, {"b": None}], "c": {}}
    }
    assert broken(subject, Break(("page", "a", 0), MISSING)) == {
        "page": {"a": [{"b": "text"}], "c": {}}
    }
    assert broken(subject, Break(("page", "c"), f"{MORE}person"))["page"]["c"] == {"person": "odd"}
    assert broken(subject, Break(("page",), "zero")) == {"page": 0}
    assert subject == {"page": {"a": [1, {"b": "text"}], "c": {}}}


@pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded Notion answers (../shared/recorded) are absent"
)
def test_what_was_recorded_is_of_the_official_types() -> None:
    found = {kind: len(recorded_of(kind)) for kind in OFFICIAL}
    assert all(number >= 25 for number in found.values()), found
    assert min(found["page"], found["block"]) > 200


def test_javascript_reads_what_is_a_line_end_elsewhere_and_tells_what_it_can_not_read() -> None:
    javascript = JavaScript()
    for text in (
        '{"a":"\u2028\u0085 \\n"}',
        '{"__proto__":1,"n":1.1805916207174113e21}',
        '{"n":NaN}',
    ):
        javascript.take(text)
    javascript.read_all()
    assert [one.partition("\n")[2] for one in javascript.misunderstood] == ['{"n":NaN}']


def test_without_the_tools_all_this_is_collected_and_can_say_what_is_lacking() -> None:
    code = (
        "from pathlib import Path; from tests.odd import official;"
        " official.FOLDER = Path('nowhere'); import tests.odd.test_odd"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
