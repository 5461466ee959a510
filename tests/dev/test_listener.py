"""Somebody who listens: keeps what it is sent, and refuses on request."""

import httpx
import pytest

from dev.listener import Listener


def test_what_comes_is_kept_in_order_with_its_headers_and_body() -> None:
    with Listener() as listener:
        for number in range(2):
            httpx.post(
                f"{listener.url}/slack/{number}",
                json={"n": number},
                headers={"X-Name": "v"},
                trust_env=False,
            )

        first, second = listener.wait(2, "/slack")

    assert (first.path, first.json, second.json) == ("/slack/0", {"n": 0}, {"n": 1})
    assert first.headers["x-name"] == "v"


def test_it_refuses_so_many_times_and_only_there() -> None:
    with Listener() as listener:
        listener.fail("/slack", 429, times=1, headers={"Retry-After": "7"})

        answers = [
            httpx.post(f"{listener.url}{path}", trust_env=False)
            for path in ("/slack", "/hook", "/slack")
        ]

        assert [answer.status_code for answer in answers] == [429, 200, 200]
        assert answers[0].headers["Retry-After"] == "7"
        assert [len(listener.heard("/slack", taken=taken)) for taken in (True, False)] == [1, 2]


def test_waiting_for_what_never_comes_ends() -> None:
    with Listener() as listener, pytest.raises(TimeoutError, match="0 of 1"):
        listener.wait(1, timeout_seconds=0.01)
