"""What a publisher asks for: the `Upstash-*` headers of a publish, read.

Source: https://upstash.com/docs/qstash/api/publish. Header names are in lower case here; every name
has a list of values.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from dev.qstash import duration
from dev.qstash.errors import Refusal
from dev.qstash.expression import Expression

DEFAULT_RETRIES = 3
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_FORWARD = "upstash-forward-"
_NOT_FORWARDED = frozenset({"host", "content-length", "connection", "transfer-encoding"})
_WHEN = frozenset({"upstash-delay", "upstash-not-before"})
_DEDUPLICATION = frozenset({"upstash-deduplication-id", "upstash-content-based-deduplication"})
_FLOW_CONTROL_REFUSED = (
    "Upstash-Flow-Control-Value should be either rate=X or parallelism=Y, or both as"
    " comma-separated values"
)

_REDACTABLE = re.compile(r"body|headers?|headers?\[(?P<name>[^\[\]]+)\]", re.IGNORECASE)

Headers = dict[str, list[str]]


class FlowControlLimits(msgspec.Struct, frozen=True):
    """How fast messages of one flow control key may go; `period` in seconds, None: no such
    limit."""

    key: str
    parallelism: int | None = None
    rate: int | None = None
    period: int = 1


class Publication(msgspec.Struct, frozen=True, rename="camel"):
    """A message as its publisher wants it; `headers` are those of the publish, `header` those that
    are delivered.

    `not_before` is in epoch seconds, `delay_seconds` and `timeout_seconds` speak for themselves.
    `retry_delay` is an expression, "" for the default backoff.
    """

    url: str
    body: bytes
    headers: Headers
    method: str = "POST"
    retries: int = DEFAULT_RETRIES
    retry_delay: str = ""
    delay_seconds: float = 0.0
    not_before: float | None = None
    timeout_seconds: float | None = None
    callback: str = ""
    failure_callback: str = ""
    deduplication_id: str = ""
    content_based_deduplication: bool = False
    flow_control: FlowControlLimits | None = None
    queue: str = ""
    label: str = ""
    schedule_id: str = ""
    redact: frozenset[str] = frozenset()
    """What is shown as a hash: `body`, `header` (every one), or a header's name in lower case and
    brackets."""

    @property
    def shown_header(self) -> Headers:
        """`header` as everybody but the destination sees it."""
        return {
            name: [redacted(value.encode()) for value in values] if self._hides(name) else values
            for name, values in self.header.items()
        }

    @property
    def shown_body(self) -> bytes:
        """The body as everybody but the destination sees it."""
        return redacted(self.body).encode() if "body" in self.redact else self.body

    def _hides(self, name: str) -> bool:
        return (
            bool(self.redact & {"header", f"[{name.lower()}]"}) and name.lower() != "content-type"
        )

    @property
    def header(self) -> Headers:
        """The publisher's own headers, by the names that reach the destination."""
        forwarded = {
            canonical(name): values for name, values in _below(_FORWARD, self.headers).items()
        }
        if "content-type" in self.headers:
            forwarded["Content-Type"] = self.headers["content-type"]
        return {
            name: values for name, values in forwarded.items() if name.lower() not in _NOT_FORWARDED
        }

    def callback_headers(self, which: str) -> Headers:
        """The headers with which its `callback` or `failure-callback` is published."""
        settings = _below(f"upstash-{which}-", self.headers)
        asked = {f"upstash-{name}": values for name, values in settings.items()}
        retries = {"upstash-retries": [str(self.retries)]}
        return retries | asked | {"content-type": ["application/json"]}

    def shown_callback_headers(self, which: str) -> Headers:
        """The same as everybody but the destination sees them: what is forwarded as the message's
        own headers are."""
        headers = self.callback_headers(which)
        redact = self.redact | _redact(headers.get("upstash-redact-fields", [""])[0])
        return {
            name: (
                [redacted(value.encode()) for value in values]
                if name.startswith(_FORWARD)
                and redact & {"header", f"[{name.removeprefix(_FORWARD)}]"}
                else values
            )
            for name, values in headers.items()
        }

    def again(self, overriding: Headers) -> "Publication":
        """The same message published anew, at once, with other settings where `overriding` names
        some."""
        kept = {
            name: values
            for name, values in self.headers.items()
            if name not in _WHEN | _DEDUPLICATION
        }
        return read(
            self.url, kept | overriding, self.body, queue=self.queue, schedule_id=self.schedule_id
        )


def headers_of(pairs: Iterable[tuple[str, str]]) -> Headers:
    """The headers of a publish that mean something, out of all that came with the request."""
    headers: Headers = {}
    for name, value in pairs:
        lower = name.lower()
        if lower == "content-type" or lower.startswith("upstash-"):
            headers.setdefault(lower, []).append(value)
    return headers


def read(
    url: str, headers: Headers, body: bytes, *, queue: str = "", schedule_id: str = ""
) -> Publication:
    """Raises `Refusal` naming the header that cannot be meant."""

    def text(name: str) -> str:
        return headers.get(f"upstash-{name}", [""])[0].strip()

    method = text("method").upper() or "POST"
    if method not in METHODS:
        raise Refusal(f"invalid Upstash-Method: {method}")
    _refuse_delayed_callbacks(headers)
    return Publication(
        url=url,
        body=body,
        headers=headers,
        method=method,
        retries=_whole(text("retries"), "Upstash-Retries", DEFAULT_RETRIES),
        retry_delay=_expression(text("retry-delay")),
        delay_seconds=_duration(text("delay"), "Upstash-Delay") or 0.0,
        not_before=_whole(text("not-before"), "Upstash-Not-Before", 0) or None,
        timeout_seconds=_duration(text("timeout"), "Upstash-Timeout"),
        callback=text("callback"),
        failure_callback=text("failure-callback"),
        deduplication_id=text("deduplication-id"),
        content_based_deduplication=text("content-based-deduplication").lower() == "true",
        flow_control=_flow_control(text("flow-control-key"), text("flow-control-value")),
        queue=queue,
        label=text("label"),
        schedule_id=schedule_id,
        redact=_redact(text("redact-fields")),
    )


def _below(prefix: str, headers: Headers) -> Headers:
    return {
        name.removeprefix(prefix): values
        for name, values in headers.items()
        if name.startswith(prefix)
    }


def redacted(value: bytes) -> str:
    """What is shown in place of a value: https://upstash.com/docs/qstash/howto/redact-fields."""
    return f"REDACTED:{hashlib.sha256(value).hexdigest()}"


def _redact(text: str) -> frozenset[str]:
    fields = [field.strip() for field in text.split(",") if field.strip()]
    found = [_REDACTABLE.fullmatch(field) for field in fields]
    if not all(found):
        raise Refusal(f"invalid Upstash-Redact-Fields: {text}")
    return frozenset(
        (
            f"[{field['name'].lower()}]"
            if field["name"]
            else field[0].lower().replace("headers", "header")
        )
        for field in found
        if field
    )


def canonical(name: str) -> str:
    """A header's name as Go writes it: `x-run` is `X-Run`."""
    return "-".join(word.capitalize() for word in name.split("-"))


def _refuse_delayed_callbacks(headers: Headers) -> None:
    delays = {
        f"upstash-{which}-{delay}"
        for which in ("callback", "failure-callback")
        for delay in ("delay", "not-before")
    }
    if asked := delays & headers.keys():
        raise Refusal(f"callbacks cannot be delayed: {min(asked)}")


def _whole(text: str, what: str, default: int) -> int:
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Refusal(f"invalid {what}: {text}")
    return int(text)


def _duration(text: str, what: str) -> float | None:
    try:
        return duration.parse(text) if text else None
    except ValueError as problem:
        raise Refusal(f"invalid {what}: {problem}") from None


def _expression(text: str) -> str:
    try:
        if text:
            Expression(text)
    except ValueError as problem:
        raise Refusal(f"invalid Upstash-Retry-Delay: {problem}") from None
    return text


def _flow_control(key: str, value: str) -> FlowControlLimits | None:
    if not key:
        return None
    given: dict[str, Any] = {}
    for part in value.split(","):
        name, _, amount = (word.strip() for word in part.partition("="))
        if name == "period":
            given[name] = round(_duration(amount, "Upstash-Flow-Control-Value") or 1)
        elif name in {"rate", "parallelism"} and re.fullmatch(r"[1-9][0-9]{0,8}", amount):
            given[name] = int(amount)
        else:
            raise Refusal(_FLOW_CONTROL_REFUSED)
    if not given.keys() & {"rate", "parallelism"}:
        raise Refusal(_FLOW_CONTROL_REFUSED)
    return FlowControlLimits(key, **given)
