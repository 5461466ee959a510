"""What the status tells of settings that are wrong: all of them at once, to who knows the secret,
and nothing else."""

from collections.abc import Iterator

import httpx
import pytest

from dev.stack import Stack
from tests.stack.site import Site

WRONG = {
    "NOTION_TOKEN": "",
    "KV_REST_API_URL": "redis://kv.example:6379",
    "SYNC_LANES": "9",
    "TIME_ZONE": "private/zone",
    "NOTION_PUBLISHED": "Published",
}


@pytest.fixture
def set_wrong(stack: Stack) -> Iterator[None]:
    before = {name: stack.environ.get(name, "") for name in WRONG}
    for name, value in WRONG.items():
        stack.set(name, value)
    yield
    for name, value in before.items():
        stack.set(name, value)


def test_a_set_up_that_is_sound_has_nothing_to_say(site: Site) -> None:
    assert site.stack.get("/api/sync/status").json()["setup"] == []


@pytest.mark.usefixtures("set_wrong")
@pytest.mark.parametrize("query", [{}, {"run": "run_1"}])
def test_every_setting_that_is_wrong_comes_at_once_with_its_remedy(
    site: Site, query: dict[str, str]
) -> None:
    site.kv.commands.clear()

    answer = site.stack.get("/api/sync/status", **query)

    assert (answer.status_code, list(answer.json())) == (200, ["setup"])
    setup = {problem.pop("name"): problem for problem in answer.json()["setup"]}
    assert set(setup) == set(WRONG)
    assert setup["NOTION_TOKEN"]["problem"] == "is not set"
    assert "create an integration" in setup["NOTION_TOKEN"]["remedy"]
    assert setup["SYNC_LANES"] == {
        "problem": "must be a whole number from 1 to 8",
        "remedy": "correct it, or remove it",
    }
    assert "private" not in answer.text
    assert "redis://" not in answer.text
    assert site.kv.commands.total() == 0


@pytest.mark.usefixtures("set_wrong")
def test_strangers_learn_nothing_of_the_set_up(stack: Stack) -> None:
    for secret in ("", "made-up-in-place-of-a-setting", "wrong"):
        answer = httpx.get(
            f"{stack.url}/api/sync/status", params={"secret": secret}, trust_env=False
        )
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


@pytest.mark.usefixtures("set_wrong")
def test_without_its_secret_the_status_refuses_and_names_it(stack: Stack) -> None:
    stack.set("CRON_SECRET", "")
    try:
        for secret in ("", "made-up-in-place-of-a-setting"):
            answer = httpx.get(
                f"{stack.url}/api/sync/status", params={"secret": secret}, trust_env=False
            )
            assert answer.status_code == 500
            assert answer.json()["error"].startswith("CRON_SECRET is not set: ")
            assert "NOTION_TOKEN" not in answer.text
    finally:
        stack.set("CRON_SECRET", stack.secret)


@pytest.mark.usefixtures("set_wrong")
def test_other_addresses_refuse_as_before_by_the_name_of_one(stack: Stack) -> None:
    answer = stack.get("/api/sync/trigger")

    assert answer.status_code == 500
    assert answer.json()["error"].split()[0] in WRONG
