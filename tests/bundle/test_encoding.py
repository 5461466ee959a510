"""The text of blocks."""

from hypothesis import given
from hypothesis import strategies as st

from lib.bundle.encoding import encode_block
from lib.json_text import encode
from lib.model import JSON
from tests.bundle.samples import deep, paragraph

trees = st.recursive(
    st.builds(paragraph, st.text(max_size=5)),
    lambda inside: st.builds(
        lambda text, children: paragraph(text, children=children),
        st.text(max_size=5),
        st.lists(inside, max_size=3),
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
