"""Redis replies as the JSON that Upstash's REST interface answers with."""

from base64 import b64encode
from typing import Any

from dev.upstash.database import ErrorReply, Reply

Answer = dict[str, Any]


def answer(reply: Reply, base64: bool) -> Answer:
    """`{"result": …}`, or `{"error": …}`; with `base64` every string of the result is encoded but a
    plain `OK`."""
    if isinstance(reply, ErrorReply):
        return error(reply.text)
    if reply == b"OK":
        return {"result": "OK"}
    return {"result": _value(reply, base64)}


def error(text: str) -> Answer:
    return {"error": text}


def _value(reply: Reply, base64: bool) -> Any:
    if isinstance(reply, list):
        return [_value(element, base64) for element in reply]
    if isinstance(reply, ErrorReply):
        return _value(reply.text.encode(), base64)
    if isinstance(reply, bytes):
        return b64encode(reply).decode() if base64 else reply.decode("utf-8", "replace")
    return reply
