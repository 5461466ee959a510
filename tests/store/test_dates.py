"""When dates begin or end: one message for the next of them, and nothing forgotten that has come."""

from lib.model import Ask
from lib.store.runs import Ended
from tests.store.scene import ALIVE, Scene

DAY = 86_400.0


async def ends(scene: Scene, status: str = "delivered") -> Ended:
    return await scene.runs.end_run(scene.lease.run_id, status, {}, "", scene.clock.time + ALIVE)


async def hide_until(scene: Scene, page_id: str, moment: float) -> None:
    await scene.see(page_id, item=None, is_hidden=True, is_published=False, changes_at=moment)


async def test_the_end_of_a_run_names_the_next_moment_once(scene: Scene) -> None:
    soon, later = scene.clock.time + 100, scene.clock.time + 200
    await hide_until(scene, "a", later)
    await hide_until(scene, "b", soon)

    assert (await ends(scene)).next_moment == soon
    await scene.begin("r2")
    assert (await ends(scene)).next_moment is None


async def test_a_moment_beyond_what_a_message_may_wait_is_named_when_it_is_nearer(
    scene: Scene,
) -> None:
    await hide_until(scene, "a", scene.clock.time + 10 * DAY)
    assert (await ends(scene)).next_moment is None

    scene.clock.time += 5 * DAY
    await scene.begin("r2")
    assert (await ends(scene)).next_moment is not None


async def test_a_message_that_does_not_come_is_published_again(scene: Scene) -> None:
    moment = scene.clock.time + 100
    await hide_until(scene, "a", moment)
    await ends(scene)

    for later, expected in ((200, None), (500, moment)):
        scene.clock.time = moment - 100 + later
        await scene.begin(f"r{later}", page="other")
        assert (await ends(scene)).next_moment == expected


async def test_a_run_that_was_cancelled_sees_to_no_date(scene: Scene) -> None:
    moment = scene.clock.time + 100
    await hide_until(scene, "a", moment)
    assert (await ends(scene, "cancelled")).next_moment is None

    await scene.begin("r2")
    assert (await ends(scene)).next_moment == moment


async def test_what_has_come_is_due_in_its_run_alone_and_in_runs_of_everything(
    scene: Scene,
) -> None:
    moment = scene.clock.time + 100
    await hide_until(scene, "a", moment)
    await hide_until(scene, "b", moment + 1_000)
    await ends(scene)
    scene.clock.time = moment - 30  # the clock of this instance is behind

    await scene.begin("r2", page="other")
    assert (await scene.record()).to_sync == 0
    await scene.runs.begin_slice(
        "r3", "0", 0, Ask(scheduled=round(moment)), scene.clock.time + ALIVE
    )
    run = await scene.runs.read_run("r3")

    assert run is not None
    assert (run.to_sync, run.ask.is_focused) == (1, True)
    scene.clock.time += 2_000
    await ends(scene)
    await scene.begin("r4")
    assert (await scene.record()).to_sync == 2


async def test_a_date_that_is_taken_away_and_a_row_that_goes_leave_no_moment(
    scene: Scene,
) -> None:
    for number, facts in enumerate(({}, {"is_gone": True})):
        page_id = f"page-{number}"
        await hide_until(scene, page_id, scene.clock.time + 100)
        await scene.see(page_id, item=None, is_hidden=True, is_published=False, **facts)

    assert (await ends(scene)).next_moment is None
