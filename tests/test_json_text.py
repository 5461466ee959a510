"""JSON text that every `JSON.parse` reads as the same value, whatever the value is."""

import gc
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.json_text import encode, size
from lib.secret import Secret

whole_characters = st.characters(exclude_categories=["Cs"])
any_character = st.characters(exclude_categories=())


def values(
    characters: st.SearchStrategy[str], floats: st.SearchStrategy[float]
) -> st.SearchStrategy[Any]:
    text = st.text(characters, max_size=5)
    return st.recursive(
        st.none() | st.booleans() | st.integers() | floats | text,
        lambda inside: st.lists(inside, max_size=4) | st.dictionaries(text, inside, max_size=4),
        max_leaves=10,
    )


class Inner(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    a_name: str
    some_items: list[str] = []
    page: msgspec.Raw = msgspec.Raw(b"null")
    a_number: float | None = None


class Outer(msgspec.Struct):
    inner: Inner
    others: tuple[Inner, ...] = ()


names = st.text(any_character, max_size=3)
inners = st.builds(
    Inner,
    names,
    st.lists(names, max_size=2),
    st.sampled_from([msgspec.Raw(b"null"), msgspec.Raw(b'{"a":[1]}')]),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
)


def whole(value: Any) -> Any:
    """A value without what JSON can't say: halves of surrogate pairs, and what is no number."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {whole(name): whole(member) for name, member in value.items()}
    return value


@given(values(whole_characters, st.floats(allow_nan=False, allow_infinity=False)))
def test_text_reads_back_as_the_value(value: Any) -> None:
    assert json.loads(encode(value)) == value


@given(values(any_character, st.floats()))
def test_whatever_json_can_not_say_is_replaced_and_the_rest_is_kept(value: Any) -> None:
    text = encode(value)
    text.encode()
    assert json.loads(text, parse_constant=pytest.fail) == whole(value)


def test_text_is_compact_and_not_escaped() -> None:
    assert encode({"a": [1, "été 🥐"], "b": None}) == '{"a":[1,"été 🥐"],"b":null}'


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("\ud83d", "�"),
        ("a\ude00b", "a�b"),
        ("\ud83d\ud83d.", "��."),
        ("\ud83d\ude00", "😀"),
        ("🥐\ud83d🥐", "🥐�🥐"),
    ],
)
def test_half_of_a_surrogate_pair_is_replaced_and_two_halves_are_joined(
    written: str, kept: str
) -> None:
    assert json.loads(encode({"text": written})) == {"text": kept}
    assert json.loads(encode({written: 1})) == {kept: 1}


@pytest.mark.parametrize("odd", ["", "\ud83d"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**70, "1180591620717411303424"),
        (-(2**70), "-1180591620717411303424"),
        pytest.param(10**5000, "null", id="5000 digits"),
        (math.nan, "null"),
        (math.inf, "null"),
        (-math.inf, "null"),
        (1e300, "1e300"),
        (-0.0, "-0.0"),
        (True, "true"),
        ((1, "é"), '[1,"é"]'),
        ({}, "{}"),
        ([], "[]"),
        ({7: [None]}, '{"7":[null]}'),
        (msgspec.Raw(b'{"a":1}'), '{"a":1}'),
    ],
)
def test_a_value_has_one_text_whatever_stands_beside_it(odd: str, value: Any, text: str) -> None:
    assert (
        encode({"value": value, "odd": odd}) == f'{{"value":{text},"odd":"{"�" if odd else ""}"}}'
    )


@pytest.mark.parametrize("bottom", ["bread", "\ud83d"])
def test_no_depth_is_too_deep(bottom: str) -> None:
    levels = 100_000
    value: Any = bottom
    for _ in range(levels):
        value = {"a": [value]}
    gc.disable()  # Hypothesis is called back by it, and has no room left down there
    try:
        encoded = encode(value)
    finally:
        gc.enable()
    assert encoded == '{"a":[' * levels + encode(bottom) + "]}" * levels


@given(st.builds(Outer, inners, st.tuples(inners)))
def test_our_own_nouns_read_back_as_they_are(outer: Outer) -> None:
    back = msgspec.json.decode(encode(outer), type=Outer)
    assert msgspec.to_builtins(back.inner.a_name) == whole(outer.inner.a_name)
    assert (back.inner.some_items, back.inner.a_number) == (
        whole(outer.inner.some_items),
        outer.inner.a_number,
    )
    assert bytes(back.others[0].page) == bytes(outer.others[0].page)


def test_our_own_nouns_leave_out_what_goes_without_saying() -> None:
    assert encode(Outer(Inner("\ud83d"))) == '{"inner":{"aName":"�"},"others":[]}'
    assert encode(Outer(Inner("é"))) == '{"inner":{"aName":"é"},"others":[]}'


@pytest.mark.parametrize("name", ["é", "\ud83d"])
def test_a_secret_is_never_written(name: str) -> None:
    with pytest.raises(TypeError):
        encode({name: Secret("hidden")})


@given(st.text(whole_characters))
def test_size_counts_bytes(text: str) -> None:
    assert size(text) == len(text.encode())
