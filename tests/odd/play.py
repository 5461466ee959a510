"""Games of odd values: a subject is drawn, then ways to break one value of it, and each outcome is
judged."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lib.model import JSON
from tests.odd import recorded, valid
from tests.odd.breaks import Break, breaks, struck
from tests.odd.javascript import JavaScript
from tests.odd.judge import DATABASE, ITEMS, PAGE, Kind, judge, judge_event, judge_whole
from tests.odd.outcomes import Outcome

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".cache/odd"

BREAKS = 10
"""Most values that are broken of one subject, one at a time."""

NEW_EACH_TIME = settings(
    deadline=None,
    derandomize=False,
    database=None,
    print_blob=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Hypothesis plays the same examples for ever where CI is set; what is found here is found by
playing others.

An example that fails is not made smaller, which takes minutes: it is one break, whose place and way
say it all.
"""


@dataclass
class Tally:
    """Odd values by the kind of thing they stood in, and how many of them were noted (events:
    refused)."""

    played: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)

    def take(self, what: str, is_noted: bool) -> None:
        self.played[what] += 1
        self.noted[what] += is_noted


@dataclass(frozen=True)
class Game:
    """One kind of subject: how it is drawn, and who judges it (None: it is an event)."""

    name: str
    draw: Callable[[], st.SearchStrategy[JSON]]
    kind: Kind | None
    share: int
    """How much of all that is played is of this game, in hundredths."""

    def play(self, examples: int, tally: Tally, javascript: JavaScript) -> None:
        """Draw subjects and ways to break them, and judge what becomes of each."""

        @settings(NEW_EACH_TIME, max_examples=examples)
        @given(st.data())
        def play(data: st.DataObject) -> None:
            subject = data.draw(self.draw())
            drawn = data.draw(st.lists(breaks(subject), min_size=1, max_size=BREAKS))
            self.judge(subject, drawn, tally, javascript)

        play()

    def judge(
        self, subject: JSON, drawn: list[Break], tally: Tally, javascript: JavaScript
    ) -> None:
        """Judge what becomes of a subject, whole and with each of the breaks. What fails is kept in
        a file."""
        tried: list[Break] = []
        try:
            whole = self._whole(subject)
            for one in drawn:
                tried = [one]
                tally.take(what(subject, one), self._is_noted(subject, whole, one, javascript))
        except Exception as error:
            error.add_note(f"Play it again: make odd CASE={self._keep(subject, tried)}")
            raise

    def _whole(self, subject: JSON) -> Outcome:
        if self.kind is None:
            return Outcome()
        whole = judge_whole(self.kind, subject)
        assert whole.notes == [], whole.notes
        for contact in set(recorded.contacts(subject)):
            assert all(contact not in text for text in whole.texts.values()), contact
        return whole

    def _is_noted(self, subject: JSON, whole: Outcome, one: Break, javascript: JavaScript) -> bool:
        if self.kind is None:
            return judge_event(subject, one)
        outcome = judge(self.kind, subject, whole, one)
        for text in outcome.texts.values():
            javascript.take(text)
        return bool(outcome.notes)

    def _keep(self, subject: JSON, tried: list[Break]) -> Path:
        """Write down what failed."""
        KEPT.mkdir(parents=True, exist_ok=True)
        file = KEPT / f"{self.name.replace(' ', '-')}.json"
        pairs = [[one.path, one.way] for one in tried]
        file.write_text(
            json.dumps({"game": self.name, "subject": subject, "breaks": pairs}, indent=1), "ascii"
        )
        return file.relative_to(ROOT)


GAMES = [
    Game("pages", valid.pages_with_blocks, PAGE, 50),
    Game("databases", valid.databases, DATABASE, 15),
    Game(
        "items", lambda: valid.property_lists().filter(lambda subject: subject["items"]), ITEMS, 10
    ),
    Game("events", valid.events, None, 5),
    Game("recorded pages", recorded.pages_with_blocks, PAGE, 15),
    Game("recorded databases", recorded.databases, DATABASE, 5),
]


def play_again(file: Path) -> None:
    """Judge once more what was kept."""
    case = json.loads(file.read_text("ascii"))
    drawn = [Break(tuple(path), way) for path, way in case["breaks"]]
    game = next(game for game in GAMES if game.name == case["game"])
    game.judge(case["subject"], drawn, Tally(), JavaScript())


def what(subject: JSON, one: Break) -> str:
    """The kind of thing that a break is in: a property or block by its type, a member of a page by
    its name."""
    match struck(subject, one):
        case ("page" | "rows" as place, *path):
            page, path = (
                (subject[place], path) if place == "page" else (subject["rows"][path[0]], path[1:])
            )
            return _of_page(page, path)
        case ("blocks" | "inside" as place, int(at), *_):
            return f"block {subject[place][at].get('type', 'of which there is only an id')}"
        case ("source", "properties", str(name), *_):
            return (
                f"schema {subject['source']['properties'].get(name, {}).get('type', 'as a whole')}"
            )
        case ("items", int(at), *_):
            return f"item {subject['items'][at]['type']}"
        case ("event", *_):
            return f"event {subject['event']['type']}"
        case (place, *_):
            return str(place)
    raise ValueError(one)


def _of_page(page: JSON, path: list[Any]) -> str:
    match path:
        case ["properties", str(name), *_]:
            return f"property {page['properties'].get(name, {}).get('type', 'more')}"
        case [member, *_]:
            return f"page {member}"
    return "page as a whole"
