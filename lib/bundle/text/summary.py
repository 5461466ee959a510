"""What sums a page up beside its text: its date, its tags, an excerpt and the number of its
words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lib.bundle.properties import members_named
from lib.bundle.refs import dashed_id
from lib.times import is_time

LONGEST_EXCERPT = 200
CUT = "…"

_OF_ONE_CHARACTER = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Chinese characters and Japanese syllables, which stand without blanks between words: each counts
as one, as in the word counts of office programs. Korean has blanks."""
_WORD = re.compile(rf"[{_OF_ONE_CHARACTER}]|[^\s{_OF_ONE_CHARACTER}]+")


def number_of_words(text: str) -> int:
    """Return how many words a text has: what stands between blanks and has a letter or a digit in
    it."""
    return sum(word[0].isalnum() or any(map(str.isalnum, word)) for word in _WORD.findall(text))


def excerpt_of(properties: Mapping[str, Any], prose: str) -> str:
    """Return the property `excerpt` or `description`, else the beginning of the prose, cut between
    two words."""
    for name in ("excerpt", "description"):
        for value in members_named(dict(properties), name):
            if isinstance(value, str) and (line := " ".join(value.split())):
                return line
    return _shortened_text(" ".join(prose.split()))


def tags_of(properties: Mapping[str, Any]) -> list[str]:
    """Return the words of the property `tags`, each once; a text is split at its commas."""
    found = (tag for value in members_named(dict(properties), "tags") for tag in _words_in(value))
    return list(dict.fromkeys(found))


def date_of(properties: Mapping[str, Any]) -> str | None:
    """Return the beginning of the property `date`; None where it says no time."""
    for value in members_named(dict(properties), "date"):
        start = value.get("start") if isinstance(value, dict) else value
        if isinstance(start, str) and is_time(start):
            return start
    return None


def _words_in(value: Any) -> Iterator[str]:
    """The words in a value. Of a relation there are only the ids, which say nothing."""
    values = (
        value if isinstance(value, list) else value.split(",") if isinstance(value, str) else []
    )
    for one in values:
        if isinstance(one, str) and (line := " ".join(one.split())) and not dashed_id(line):
            yield line


def _shortened_text(text: str) -> str:
    if len(text) <= LONGEST_EXCERPT:
        return text
    most = LONGEST_EXCERPT - len(CUT)
    between = text.rfind(" ", 0, most + 1)
    return text[: between if between >= most // 2 else most].rstrip(" ,;:–-") + CUT
