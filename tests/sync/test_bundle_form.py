"""What is to become of the files of a bundle."""

import pytest

from lib.bundle.media import FileRef
from lib.model import Copy
from lib.sync.work.bundle_form import copying_of

SHOWN = FileRef("https://files.example/shown.png", "block", "b")
OTHER = FileRef("https://files.example/other.png", "block", "c")
REFS = {"one": SHOWN, "two": OTHER}
COPY = Copy("https://store.example/1")


@pytest.mark.parametrize(
    ("visibility", "copies", "copying"),
    [
        ("public", {SHOWN.file: COPY, OTHER.file: COPY}, "0"),
        ("public", {SHOWN.file: COPY}, "1"),
        ("Public", {}, "1"),
        ("members", {}, "private"),
        ("members", {SHOWN.file: COPY, OTHER.file: COPY}, "private"),
    ],
)
def test_only_files_that_everybody_may_see_are_to_be_copied(
    visibility: str, copies: dict[str, Copy], copying: str
) -> None:
    """Pages and child databases are judged by the same words."""
    assert copying_of(visibility, REFS, copies) == copying
