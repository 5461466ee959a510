"""QStash's callbacks, which tell what became of a message
(https://upstash.com/docs/qstash/features/callbacks).

Their fields come in different types: only those that are needed are looked at, and none has to be
there.
"""

import binascii
import re
from base64 import b64decode

import msgspec

from lib.errors import Hopeless
from lib.model import JSON

_DIGITS = re.compile(r"\d{1,9}", re.ASCII)


class Callback(msgspec.Struct, frozen=True):
    """`body` is the message's own, {} where it can't be read; `is_given_up` says that QStash does
    not send it again, and `reason` why."""

    message_id: str
    body: JSON
    is_given_up: bool
    reason: str


def callback_of(body: JSON) -> Callback | None:
    """Return the callback that a body is; None where it is none."""
    message_id = body.get("sourceMessageId")
    if not message_id:
        return None
    return Callback(
        message_id=str(message_id),
        body=_decoded_body(body.get("sourceBody")),
        is_given_up=_is_given_up(body),
        reason=_reason_of(body),
    )


def _is_given_up(callback: JSON) -> bool:
    """Return whether QStash will not send the message again. A failure callback has its place in
    the dead letter queue; a plain one comes after every attempt."""
    if callback.get("dlqId"):
        return True
    status = _number_of(callback.get("status"))
    if 200 <= status < 300:
        return False
    last = "maxRetries" in callback and _number_of(callback.get("retried")) >= _number_of(
        callback["maxRetries"]
    )
    return last or status == Hopeless.status


def _reason_of(callback: JSON) -> str:
    said = _decoded_body(callback.get("body")).get("error") or "no reason was given"
    attempts = _number_of(callback.get("retried")) + 1
    times = f"{attempts} attempt{'s' if attempts > 1 else ''}"
    status = _number_of(callback.get("status"))
    answer = f"the last answer was {status}" if status else "no answer came"
    return f"The worker failed at {times}; {answer}: {str(said)[:500]}"


def _decoded_body(text: object) -> JSON:
    """Return a JSON object in base64, as callbacks carry bodies; {} for anything else."""
    try:
        value = msgspec.json.decode(b64decode(text)) if isinstance(text, str) else {}
    except (binascii.Error, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _number_of(value: object) -> int:
    """Return a count of QStash's, a number or its digits; 0 for anything else."""
    digits = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return int(digits) if _DIGITS.fullmatch(digits) else 0
