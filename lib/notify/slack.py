"""Slack: one Block Kit message to an incoming webhook
(https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)."""

from typing import Any, ClassVar, Self

import httpx

from lib.config import Config
from lib.model import JSON, Outcome
from lib.notify.post import json_body, post
from lib.notify.report import facts, headline, problems, run_address
from lib.notify.tools import ChannelTools

LONGEST_HEADER = 150
LONGEST_TEXT = 2000
"""Characters, Slack's own limits: https://docs.slack.dev/reference/block-kit/blocks."""


class Slack:
    """Slack has no way to recognise a repeated message: it is sent once or not at all."""

    name: ClassVar = "slack"
    receiver: ClassVar = "Slack"
    settings: ClassVar = frozenset({"SLACK_WEBHOOK_URL"})
    repeatable: ClassVar = False
    is_for_people: ClassVar = True

    def __init__(self, url: str, dashboard: str, http: httpx.AsyncClient) -> None:
        self._url, self._dashboard, self._http = url, dashboard, http

    @classmethod
    def from_config(cls, config: Config, tools: ChannelTools) -> Self | None:
        if config.slack_webhook_url is None:
            return None
        return cls(config.slack_webhook_url.reveal(), config.address("/"), tools.http)

    async def tell_outcome(self, outcome: Outcome) -> None:
        """Raises what `post` raises."""
        content = json_body(slack_message(outcome, self._dashboard))
        await post(self._http, "SLACK_WEBHOOK_URL", self._url, content, {})


def slack_message(outcome: Outcome, dashboard: str) -> JSON:
    """`text` is what a notification shows, `blocks` what the channel does."""
    title = headline(outcome)
    mark = ":x:" if outcome.broke else ":warning:" if outcome.failed else ":white_check_mark:"
    blocks: list[Any] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": _cut_text(f"{mark} {title}", LONGEST_HEADER)},
        },
        {
            "type": "section",
            "fields": [
                _slack_markdown(f"*{name}*\n{_escaped_text(value)}")
                for name, value in facts(outcome)
            ],
        },
    ]
    if outcome.error:
        blocks.append({"type": "section", "text": _slack_markdown(_escaped_text(outcome.error))})
    if lines := problems(outcome):
        blocks.append(
            {
                "type": "section",
                "text": _slack_markdown("\n".join(f"• {_escaped_text(line)}" for line in lines)),
            }
        )
    blocks.append(
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Open the dashboard"},
                    "url": run_address(dashboard, outcome),
                }
            ],
        }
    )
    blocks.append(
        {"type": "context", "elements": [_slack_markdown(f"Run {_escaped_text(outcome.run_id)}")]}
    )
    return {"text": _escaped_text(title), "blocks": blocks}


def _slack_markdown(text: str) -> JSON:
    return {"type": "mrkdwn", "text": _cut_text(text, LONGEST_TEXT)}


def _escaped_text(text: str) -> str:
    """So that no page's title becomes a link or calls the whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut_text(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
