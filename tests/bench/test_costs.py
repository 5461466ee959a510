"""What a sync costs is counted up from what was measured."""

import pytest

from bench import results
from bench.costs import Cost, Measured
from bench.figures import Figures, Invocation
from bench.growth import Size, Small
from bench.results import Results


def run(
    name: str, *, synced: int, requests: int, commands: int, seconds: float, computing: float
) -> Figures:
    return Figures(
        name=name,
        seconds=seconds,
        bound=seconds,
        shared=seconds,
        minimum=requests,
        requests=requests,
        throttled=0,
        listed=synced,
        synced=synced,
        written=synced,
        status="delivered",
        messages=1,
        kv_commands=commands,
        kv_bytes=0,
        cpu_seconds=computing,
        invocations=[
            Invocation("/api/sync/worker", 200, seconds, computing, 50.0, requests, commands, 0)
        ],
    )


@pytest.fixture
def measured() -> Measured:
    nothing = run("nothing", synced=0, requests=1, commands=20, seconds=0.1, computing=0.1)
    found = Results(
        full=[
            run("rich", synced=40, requests=110, commands=100, seconds=9.0, computing=1.0),
            run("plain", synced=100, requests=102, commands=120, seconds=10.0, computing=2.0),
        ],
        changes=[
            run("nothing changed", synced=0, requests=13, commands=18, seconds=1.0, computing=0.25),
            run(
                "two pages changed", synced=4, requests=46, commands=40, seconds=3.0, computing=0.5
            ),
        ],
        growth=[
            Size(
                run(
                    "100 pages", synced=100, requests=102, commands=120, seconds=10.0, computing=2.0
                ),
                Small(
                    pages=100,
                    unchanged=nothing,
                    two=nothing,
                    webhook=nothing,
                    deleted=nothing,
                    bundle_bytes=1_000,
                ),
            )
        ],
    )
    of = Measured.of(found)
    assert of
    return of


def test_a_first_sync_grows_with_its_pages_from_the_plain_one_that_was_measured(
    measured: Measured,
) -> None:
    assert measured.first_sync(100) == Cost(102, 1, 120, 2.0, 8.0)
    assert measured.first_sync(300) == Cost(306, 2, 320, 6.0, 24.0)


def test_a_run_without_a_change_lists_all_pages_a_hundred_at_a_time(measured: Measured) -> None:
    assert measured.nothing_changed(300) == Cost(3, 1, 20, 0.25, 0.75 + 3 * 0.25)


def test_a_big_source_is_listed_in_full_once_a_day(measured: Measured) -> None:
    assert measured.nothing_changed(3_000).requests == 30
    assert measured.nothing_changed(3_000, whole=False).requests == 1
    assert measured.month(3_000, 24).requests == 30 * (30 + 2 + 23)


def test_a_month_is_thirty_days_with_two_changed_pages_each(measured: Measured) -> None:
    month = measured.month(300, 24)

    assert month.messages == 30 * 24
    assert month.commands == 30 * (40 + 23 * 20)
    assert month.requests == 30 * (3 + 2 + 23 * 3)


def test_without_every_figure_there_are_no_costs() -> None:
    assert Measured.of(Results()) is None


def test_the_costs_of_a_measured_size_are_what_was_measured() -> None:
    found = results.read()
    measured = Measured.of(found)
    assert measured
    for full, unchanged in ((size.full, size.small.unchanged) for size in found.growth):
        counted = measured.first_sync(full.synced)
        assert counted.requests == pytest.approx(full.requests, rel=0.03)
        assert counted.messages == full.messages
        # With the order in which pages come in, a run takes a few commands more or less.
        assert counted.commands == pytest.approx(full.kv_commands, rel=0.1, abs=25)
        assert measured.nothing_changed(full.synced).messages == unchanged.messages
