"""E-mail over Resend's HTTP API (https://resend.com/docs/api-reference/emails/send-email)."""

from collections.abc import Sequence
from typing import ClassVar, Self

import httpx

from lib.config import Config
from lib.model import Outcome
from lib.notify.post import json_body, post
from lib.notify.report import facts, headline, problems, run_address
from lib.notify.tools import ChannelTools

ADDRESS = "https://api.resend.com/emails"


class Email:
    """A repeated message is the same to Resend for a day: it carries an idempotency key."""

    name: ClassVar = "email"
    receiver: ClassVar = "Resend"
    settings: ClassVar = frozenset({"RESEND_API_KEY", "NOTIFY_EMAIL_FROM", "NOTIFY_EMAIL_TO"})
    repeatable: ClassVar = True
    is_for_people: ClassVar = True

    def __init__(
        self, api_key: str, sender: str, to: Sequence[str], dashboard: str, http: httpx.AsyncClient
    ) -> None:
        self._api_key, self._sender, self._to = api_key, sender, list(to)
        self._dashboard, self._http = dashboard, http

    @classmethod
    def from_config(cls, config: Config, tools: ChannelTools) -> Self | None:
        if config.resend_api_key is None:
            return None
        api_key, dashboard = config.resend_api_key.reveal(), config.address("/")
        return cls(api_key, config.notify_email_from, config.notify_email_to, dashboard, tools.http)

    async def tell_outcome(self, outcome: Outcome) -> None:
        """Raises what `post` raises."""
        mail = {
            "from": self._sender,
            "to": self._to,
            "subject": headline(outcome),
            "text": mail_text(outcome, self._dashboard),
        }
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Idempotency-Key": f"{outcome.run_id}-{outcome.status}",
        }
        await post(self._http, "RESEND_API_KEY", ADDRESS, json_body(mail), headers)


def mail_text(outcome: Outcome, dashboard: str) -> str:
    """The mail's plain text."""
    paragraphs = [
        headline(outcome) + ".",
        outcome.error,
        "\n".join(f"{name}: {value}" for name, value in facts(outcome)),
        "\n".join(problems(outcome)),
        f"{run_address(dashboard, outcome)}\nRun {outcome.run_id}",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"
