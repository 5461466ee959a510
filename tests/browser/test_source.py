"""The dashboard's own source, which no build step touches."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PUBLIC = ROOT / "public"
COLUMNS = 100


def test_no_line_of_the_dashboard_is_too_long_to_be_read() -> None:
    files = sorted(PUBLIC.rglob("*.js"))

    assert len(files) > 10
    assert [
        f"{file.name}:{number}"
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if len(line) > COLUMNS
    ] == []


def test_no_sentence_for_people_is_searched_for_words() -> None:
    """What has to be recognised has a member of its own: `kind`, `cause`, `state`."""
    words = r"(reason|warning|problem|remedy|message|error)s?"
    searches = r"(test|exec|match|matchAll|search|startsWith|endsWith|includes|indexOf)"
    searched = re.compile(rf"\b{words}\b[^;]*\.{searches}\(|\.{searches}\([^)]*\b{words}\b", re.I)
    files = [
        *PUBLIC.rglob("*.js"),
        *(ROOT / "dev").glob("*.py"),
        *(ROOT / "lib/sync").rglob("*.py"),
    ]

    assert [
        f"{file.name}: {line.strip()}"
        for file in files
        for line in file.read_text("utf-8").splitlines()
        if searched.search(line)
    ] == []
