"""JSON text that every `JSON.parse` reads as the same value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.encoding import encode, encode_block, size
from lib.model import JSON
from tests.bundle.samples import deep, paragraph

whole_characters = st.characters(exclude_categories=["Cs"])

plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(whole_characters),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside, max_size=4),
    max_leaves=10,
)


@given(plain_json)
def test_text_reads_back_as_the_value(value: Any) -> None:
    assert json.loads(encode(value)) == value


def test_text_is_compact_and_not_escaped() -> None:
    assert encode({"a": [1, "été 🥐"], "b": None}) == '{"a":[1,"été 🥐"],"b":null}'


@pytest.mark.parametrize(
    ("written", "kept"),
    [("\ud83d", "�"), ("a\ude00b", "a�b"), ("\ud83d\ud83d.", "��."), ("\ud83d\ude00", "😀"), ("🥐\ud83d🥐", "🥐�🥐")],
)
def test_half_of_a_surrogate_pair_is_replaced_and_two_halves_are_joined(written: str, kept: str) -> None:
    assert json.loads(encode({"text": written})) == {"text": kept}


def test_half_a_pair_changes_nothing_of_the_rest() -> None:
    assert encode({"a": ["\ud83d", 1, "été"], "b": None}) == encode({"a": ["�", 1, "été"], "b": None})


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_written_in_utf_8(text: str) -> None:
    encode({"text": text}).encode()


def test_a_number_larger_than_64_bits_is_kept() -> None:
    assert encode(123456789012345680000) == "123456789012345680000"


trees = st.recursive(
    st.builds(paragraph, st.text(max_size=5)),
    lambda inside: st.builds(
        lambda text, children: paragraph(text, children=children), st.text(max_size=5), st.lists(inside, max_size=3)
    ),
    max_leaves=8,
)


@given(trees)
def test_a_block_is_encoded_with_its_children_in_their_order(block: JSON) -> None:
    assert encode_block(block) == encode(block)


def test_no_depth_of_a_block_is_too_deep() -> None:
    levels = 20_000
    text = encode_block(deep(levels)[0])
    assert text.count('"children":[') == levels - 1
    assert text.endswith("]}" * (levels - 1))


@given(st.text(whole_characters))
def test_size_counts_bytes(text: str) -> None:
    assert size(text) == len(text.encode())
