"""The dashboard's own source, which no build step touches."""

from pathlib import Path

PUBLIC = Path(__file__).parent.parent.parent / "public"
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
