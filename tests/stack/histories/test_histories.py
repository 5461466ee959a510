"""Whatever people do to a workspace and whatever befalls the runs meanwhile: in the end KV equals
the workspace."""

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.qstash import Fault as QueueFault
from dev.upstash import Fault as KvFault
from tests.stack.histories.author import EDITS
from tests.stack.histories.history import (
    MINUTE_AND_MORE,
    Edit,
    Happening,
    Heal,
    History,
    Pause,
    Run,
    Setting,
    Step,
    Trouble,
)
from tests.stack.histories.world import World

PICK = st.integers(0, 23)
HOW = st.integers(0, 31)
EDIT = st.builds(Edit, st.sampled_from(EDITS), PICK, HOW)
STEP = st.builds(Step, st.sampled_from([61.0, 20.0, 125.0, 700.0, 3_700.0, 90_000.0]))
RUN = st.one_of(
    st.builds(Run, here=st.booleans()),
    st.builds(
        Run,
        scope=st.sampled_from(["", "source", "page"]),
        pick=PICK,
        force=st.booleans(),
        here=st.booleans(),
    ),
    st.builds(Run, nth=st.integers(1, 60), edit=EDIT),
)
TROUBLE = st.one_of(
    st.builds(Trouble, notion=st.sampled_from([0.01, 0.03, 0.08])),
    st.builds(Trouble, wait_seconds=st.sampled_from([1.0, 30.0])),
    st.builds(
        Trouble,
        kv=st.builds(
            KvFault,
            st.sampled_from(["error", "html", "refused", "reset"]),
            executed=st.booleans(),
            matching=st.sampled_from(["", "EVAL"]),
            nth=st.integers(1, 60),
            times=st.sampled_from([1, 4, 40]),
        ),
    ),
    st.builds(
        Trouble,
        queue=st.builds(
            QueueFault,
            st.sampled_from(
                ["twice", "again", "reorder", "drop", "publish_error", "publish_reset"]
            ),
            times=st.integers(1, 3),
            matching=st.just("worker"),
        ),
    ),
)
SETTING = st.one_of(
    st.builds(Setting, st.just("SYNC_SLICE_SECONDS"), st.sampled_from(["0.03", "0.1", ""])),
    st.builds(Setting, st.just("SYNC_LANES"), st.sampled_from(["1", "2", "3"])),
)
EVENT: st.SearchStrategy[Happening] = st.one_of(
    EDIT, EDIT, EDIT, EDIT, st.builds(Pause, PICK), TROUBLE, SETTING
)
CHAPTER = st.tuples(
    st.lists(EVENT, min_size=1, max_size=4), st.lists(STEP, max_size=1), RUN, st.booleans()
)
"""What happens, how much time passes, a run, and whether the trouble ends with it."""


def told(chapters: list[tuple[list[Happening], list[Step], Run, bool]]) -> list[Happening]:
    """The happenings of all chapters in a row."""
    return [
        happening
        for events, steps, run, healed in chapters
        for happening in (*events, *steps, run, *([Heal()] if healed else []))
    ]


HISTORY = st.lists(CHAPTER, min_size=1, max_size=4).map(told)


@pytest.mark.timeout(0)
def test_in_the_end_kv_equals_the_workspace(world: World) -> None:
    """Ten histories, and more of them for as long as `SOAK_SECONDS` says."""

    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(HISTORY, st.sampled_from([0.0, -20.0, 20.0]))
    def tell(happenings: list[Happening], skew: float) -> None:
        world.begin(skew)
        history = History(world)
        history.play(Run(), Step(MINUTE_AND_MORE), *happenings)
        history.end()

    until = time.monotonic() + float(os.environ.get("SOAK_SECONDS", "0"))
    tell()
    while time.monotonic() < until:
        tell()
