"""The cold-start bench on a small scale: that it measures, not how long it takes."""

from pathlib import Path

from bench.cold import measure_build
from tests.runtime.build import Build


def test_every_function_is_started_and_a_warm_trigger_answers(build: Build, tmp_path: Path) -> None:
    cold = measure_build(build, tmp_path, starts=1, warm_calls=3)

    assert {start.name for start in cold.starts} == set(build.functions)
    assert all(0 < start.user < start.init for start in [*cold.starts, cold.unavoidable])
    assert cold.bare.user < cold.unavoidable.user
    assert 0 < cold.warm_p50 <= cold.warm_p95
