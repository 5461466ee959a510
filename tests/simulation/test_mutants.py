"""The faults that were seen can be put back: each change finds its line in the engine as it is."""

import msgspec
import pytest

from tests.simulation.found import FOUND
from tests.simulation.mutant_run import Outcome, run_apart
from tests.simulation.mutants import (
    MUTANTS,
    ROOT,
    Change,
    Mutant,
    Stale,
    changed_text,
)
from tests.simulation.profiles import PROFILES

NAMES = [f"{mutant.row}: {mutant.wrong}" for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_a_mutant_still_applies(mutant: Mutant) -> None:
    for path in {change.path for change in mutant.changes}:
        text = (ROOT / "lib" / path).read_text("utf-8")
        changed = changed_text(mutant, path, text)

        assert changed != text
        if path.endswith(".py"):
            compile(changed, path, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_a_mutant_has_a_history_of_its_own_and_a_profile(mutant: Mutant) -> None:
    assert [found.story for found in FOUND].count(mutant.story) == 1
    assert mutant.profile in PROFILES


@pytest.mark.parametrize("at", range(len(MUTANTS)), ids=NAMES)
def test_the_history_of_a_mutant_finds_it(at: int) -> None:
    done = run_apart(at, 0)

    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout, type=Outcome).by_history != ""


def test_every_row_that_only_the_simulation_can_find_has_a_mutant() -> None:
    assert {f"B{number}" for number in range(13, 31)} <= {mutant.row for mutant in MUTANTS}


@pytest.mark.parametrize("old", ["is not there", "redis"])
def test_a_mutant_whose_line_is_gone_or_stands_twice_says_so(old: str) -> None:
    mutant = Mutant("B99", "it is wrong", "", (Change("store/lua/due.lua", old, ""),))
    text = (ROOT / "lib/store/lua/due.lua").read_text("utf-8")

    with pytest.raises(Stale, match=r"B99: lib/store/lua/due.lua .*it is wrong"):
        changed_text(mutant, "store/lua/due.lua", text)
