"""Times of Notion's as instants, whatever their form."""

from datetime import UTC, datetime


def instant(text: str) -> float:
    """Epoch seconds of a time or a day ("2026-05-01", "2026-05-01T10:00:00.000+02:00"); UTC where no zone is given.

    Raises ValueError.
    """
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
