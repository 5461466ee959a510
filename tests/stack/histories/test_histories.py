"""Whatever people do to a workspace and whatever befalls the runs meanwhile: in the end KV equals the workspace."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dev.qstash import Fault as QueueFault
from dev.stack import Stack
from dev.upstash import Fault as KvFault
from tests.stack.histories.author import EDITS
from tests.stack.histories.history import Edit, Happening, Heal, History, Pause, Run, Setting, Step, Trouble
from tests.stack.histories.workspace import SOURCES, small
from tests.stack.histories.world import World

EXAMPLES = int(os.environ.get("HISTORIES", "200"))
LONGEST = 14

PICK = st.integers(0, 23)
HOW = st.integers(0, 31)
EDIT = st.builds(Edit, st.sampled_from(EDITS), PICK, HOW)
STEP = st.builds(Step, st.sampled_from([61.0, 20.0, 125.0, 700.0, 3_700.0, 90_000.0]))
RUN = st.one_of(
    st.builds(Run, here=st.booleans()),
    st.builds(Run, scope=st.sampled_from(["", "source", "page"]), pick=PICK, force=st.booleans(), here=st.booleans()),
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
            st.sampled_from(["twice", "again", "reorder", "drop", "publish_error", "publish_reset"]),
            times=st.integers(1, 3),
            matching=st.just("worker"),
        ),
    ),
)
SETTING = st.one_of(
    st.builds(Setting, st.just("SYNC_SLICE_SECONDS"), st.sampled_from(["0.03", "0.1", ""])),
    st.builds(Setting, st.just("SYNC_LANES"), st.sampled_from(["1", "2", "3"])),
)
HAPPENING: st.SearchStrategy[Happening] = st.one_of(
    EDIT, EDIT, EDIT, EDIT, STEP, STEP, RUN, RUN, RUN, st.builds(Pause, PICK), TROUBLE, SETTING, st.just(Heal())
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    sources = ",".join(f"{name}={id}" for name, id in SOURCES.items())
    limits = {"NOTION_SOURCES": sources, "NOTION_REQUESTS_PER_MINUTE": "100000"}
    with Stack(environ={}, settings=limits, workspace=small) as stack:
        yield World(stack)


@pytest.mark.timeout(0)
@settings(max_examples=EXAMPLES, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(HAPPENING, max_size=LONGEST), st.sampled_from([0.0, -20.0, 20.0]))
def test_in_the_end_kv_equals_the_workspace(world: World, happenings: list[Happening], skew: float) -> None:
    world.begin(skew)
    history = History(world)
    history.play(Run(), Step(61.0), *happenings)
    history.end()
