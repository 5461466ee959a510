"""What callbacks and failure callbacks tell their receivers.

Source: https://upstash.com/docs/qstash/features/callbacks.
"""

import base64
from typing import Any

import msgspec

from dev.qstash.clock import milliseconds
from dev.qstash.message import CALLER_IP, Answer, Message
from dev.qstash.publication import Publication, read

MAX_ANSWER_BYTES = 1_048_576
"""A destination's answer is cut to the plan's message size."""


def after_attempt(message: Message, answer: Answer) -> Publication:
    """What `Upstash-Callback` is sent after every attempt."""
    asked = message.publication
    return read(
        asked.callback,
        asked.callback_headers("callback"),
        msgspec.json.encode(_story(message, answer)),
    )


def after_failure(message: Message, answer: Answer) -> Publication:
    """What `Upstash-Failure-Callback` is sent, once."""
    asked = message.publication
    story = _story(message, answer) | {"dlqId": message.dlq_id}
    return read(
        asked.failure_callback,
        asked.callback_headers("failure-callback"),
        msgspec.json.encode(story),
    )


def _story(message: Message, answer: Answer) -> dict[str, Any]:
    asked = message.publication
    return {
        "status": answer.status,
        "header": answer.header,
        "body": base64.b64encode(answer.body[:MAX_ANSWER_BYTES]).decode(),
        "retried": message.retried,
        "maxRetries": asked.retries,
        "sourceMessageId": message.message_id,
        "topicName": "",
        "endpointName": "",
        "url": asked.url,
        "method": asked.method,
        "sourceHeader": asked.header,
        "sourceBody": base64.b64encode(asked.body).decode(),
        "notBefore": milliseconds(message.not_before),
        "createdAt": milliseconds(message.created_at),
        "scheduleId": asked.schedule_id,
        "callerIP": CALLER_IP,
    }
