"""The stack as one object."""

import time

import httpx

from dev.listener import Listener
from dev.stack import Stack

VISIT = "aaaaaaaa-0000-4000-8000-000000000002"


def test_a_stack_whose_webhook_is_set_up_hears_of_edits_by_itself() -> None:
    with (
        Listener() as site,
        Stack(environ={}, settings={"REVALIDATE_URL": site.url}, webhook_seconds=0.01) as stack,
    ):
        assert stack.notion is not None
        assert stack.qstash is not None
        assert stack.get("/api/sync").json()["status"] == "done"
        site.wait(1)
        stack.notion.clock.advance(180)
        stack.notion.edit.append_blocks(VISIT, [{"paragraph": "Heard"}])
        stack.notion.webhooks.wait(1)
        stack.qstash.advance(30)
        stack.qstash.drain()

        assert site.wait(2)[1].json["changed"] == ["visit"]


def test_a_stack_that_is_reset_stays_empty() -> None:
    with Stack(environ={}) as stack:
        assert stack.notion is not None
        assert stack.qstash is not None
        assert stack.get("/api/sync/trigger").status_code == 202
        stack.reset()  # the worker is being started, for the first message

        time.sleep(1)
        keys = httpx.post(
            stack.upstash.url,
            json=["KEYS", "*"],
            headers={"Authorization": f"Bearer {stack.upstash.token}"},
            trust_env=False,
        )
        assert keys.json() == {"result": []}
        assert stack.qstash.messages == []
