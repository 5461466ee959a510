"""One JSON line for each event, by one write to stdout: on Vercel that is one log entry, tied to
its request, of the level "info".

A warning or an error goes there by Vercel's own handler of Python's `logging`, which sends the same
line with its level, so that Vercel can filter by it.

Vercel keeps 256 lines of a request (https://vercel.com/docs/logs/runtime#limits), so lines are
rationed: a slice may read hundreds of pages, and all of them may fail.
"""

import logging
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self

from lib import json_text
from lib.secret import Secret

LINES = 100
"""Lines of one request. The first line of each event always passes, so that a flood of one drowns
no other."""
EACH = 40
"""Lines of one event in one request."""
LONGEST = 2000
"""Characters of one value; a traceback may have four times as many."""
HIDDEN = "***"
Level = Literal["info", "warning", "error"]
_LEVELS = {"warning": logging.WARNING, "error": logging.ERROR}
_LOGGER = logging.getLogger("notion-kv-sync")
_VERCELS_HANDLER = "VCLogHandler"
"""The class of the handler that Vercel's runtime (its module vc_init) puts on the root logger."""

# Repeats over foreign text are bounded, so that each of these takes time in proportion to the text.
_SIGNED_QUERY = re.compile(r"\?[^\s\"'<>?]{0,2000}X-Amz-[^\s\"'<>]*", re.IGNORECASE)
_PARAMETER = re.compile(
    r"\b((?:X-Amz-[a-z-]{1,40}|[\w-]{0,40}(?:secret|token|signature|password|bypass))(?:=|%3D))[^\s&\"'<>]+",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[\s\"'<>]")
_BEARER = re.compile(r"\b(Bearer\s+)[^\s\"',;]+", re.IGNORECASE)
_JWT = re.compile(r"\beyJ[\w-]{1,2000}\.[\w-]{1,2000}\.[\w-]*")
_HIDDEN_NAME = re.compile(r"(authorization|secret|token|signature|password|bypass)$", re.IGNORECASE)


class Log:
    """Bound to a context: `log.bind(requestId=…).event("page.synced", pageId=…, ms=…)`.

    What is bound from one another shares one ration of lines, and what `enter` adds; `close` says
    how many lines were held back. `now` gives epoch seconds.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        secrets: Iterable[Secret] = (),
        limit: int = LINES,
        each: int = EACH,
    ) -> None:
        self._now = now
        self._secrets = frozenset(secret.reveal() for secret in secrets)
        self._context: dict[str, Any] = {}
        self._entered: dict[str, Any] = {}
        self._ration = _Ration(limit, each)

    def bind(self, **context: Any) -> Self:
        """The same log with more context on every line, before what it has already."""
        before = {name: each for name, each in self._context.items() if name not in context}
        return self._with_changes(_context=context | before)

    def enter(self, **context: Any) -> None:
        """Give every line of this request this context from now on, whichever collaborator writes
        it."""
        self._entered.update(context)

    def hiding(self, secrets: Iterable[Secret]) -> Self:
        """The same log with more that must not be seen."""
        return self._with_changes(_secrets=self._secrets | {secret.reveal() for secret in secrets})

    def event(self, event: str, /, level: Level = "info", **fields: Any) -> None:
        self._print_line({"event": event} | ({"level": level} if level != "info" else {}), fields)

    def warning(self, event: str, /, **fields: Any) -> None:
        self.event(event, "warning", **fields)

    def error(self, event: str, /, error: BaseException | None = None, **fields: Any) -> None:
        """`error` goes into the line with its traceback."""
        if error is not None:
            fields["traceback"] = "".join(traceback.format_exception(error)).rstrip()
        self.event(event, "error", **fields)

    def close(self) -> None:
        """End the ration, print what it held back, and begin another."""
        if held_back := self._ration.settle():
            self._print_line(
                {"event": "log.suppressed"}, {"lines": held_back.total(), "byEvent": held_back}
            )

    def _with_changes(self, **changed: Any) -> Self:
        twin = object.__new__(type(self))
        twin.__dict__ = self.__dict__ | changed
        return twin

    def _print_line(self, head: dict[str, str], fields: dict[str, Any]) -> None:
        """Print what tells the most first, for a list of lines shows their beginnings: what
        happened and to what, then in which run, in which request and when, and a traceback last."""
        if not self._ration.take(head["event"]):
            return
        told = {name: each for name, each in fields.items() if name != "traceback"}
        line: dict[str, Any] = {name: _utf8(text) for name, text in head.items()}
        last = {"time": self._time_text()} | fields
        for some in (told, self._entered, self._context, last):
            for name, each in some.items():
                line.setdefault(_utf8(name), self._scrubbed_value(each, name))
        _write_line(json_text.encode(line), head.get("level", "info"))

    def _time_text(self) -> str:
        moment = datetime.fromtimestamp(self._now(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _scrubbed_value(self, value: Any, name: str) -> Any:
        match value:
            case None | bool():
                return value
            case _ if _HIDDEN_NAME.search(name):
                return HIDDEN
            case int() | float():
                return value
            case Mapping():
                return {
                    _utf8(str(key)): self._scrubbed_value(each, str(key))
                    for key, each in value.items()
                }
            case list() | tuple() | set() | frozenset():
                return [self._scrubbed_value(each, name) for each in value]
            case _:
                return self._scrub_text(str(value), 4 * LONGEST if name == "traceback" else LONGEST)

    def _scrub_text(self, text: str, longest: int) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):  # one may be part of another
            text = text.replace(secret, HIDDEN)
        text = _cut_text(text, longest)  # before the patterns: only what is printed is looked at
        text = _SIGNED_QUERY.sub(f"?{HIDDEN}", text)
        text = _PARAMETER.sub(rf"\1{HIDDEN}", text)
        text = _JWT.sub(HIDDEN, _BEARER.sub(rf"\1{HIDDEN}", text))
        return _cut_text(_utf8(text), longest)


class _Ration:
    """Counts lines; lives as long as one request, so it is used by one thread."""

    def __init__(self, lines: int, each: int) -> None:
        self._lines = lines
        self._each = each
        self._printed: Counter[str] = Counter()
        self._held_back: Counter[str] = Counter()

    def take(self, event: str) -> bool:
        printed = self._printed[event]
        if printed and (printed >= self._each or self._printed.total() >= self._lines):
            self._held_back[event] += 1
            return False
        self._printed[event] += 1
        return True

    def settle(self) -> Counter[str]:
        """How many lines of each event were held back."""
        held_back = self._held_back
        self._printed, self._held_back = Counter(), Counter()
        return held_back


def quieten() -> None:
    """httpx logs every request with its full address, and Vercel's root logger prints from INFO
    on."""
    for name in ("httpx", "httpcore", "notion_client"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _write_line(line: str, level: str) -> None:
    """Write a line where Vercel ties it to its request, and anywhere else to stdout."""
    if level in _LEVELS and _is_taken_by_vercel():
        _LOGGER.log(_LEVELS[level], line)
        return
    # One write, where print makes two: requests side by side keep their lines.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _is_taken_by_vercel() -> bool:
    return any(type(handler).__name__ == _VERCELS_HANDLER for handler in logging.root.handlers)


def _utf8(text: str) -> str:
    """Return the text with its halves of surrogate pairs, which UTF-8 can't spell, as Python writes
    them."""
    return text.encode(errors="backslashreplace").decode()


def _cut_text(text: str, longest: int) -> str:
    """Take what is too much out of the middle: a traceback tells the most at its end, an address at
    its beginning.

    What is left of the end begins behind a blank or a quote, so that it holds no half of a secret.
    """
    if len(text) <= longest:
        return text
    end = text[-(longest // 2) :]
    boundary = _BOUNDARY.search(end)
    end = end[boundary.start() :] if boundary else ""
    begin = text[: longest // 2]
    return f"{begin} … {len(text) - len(begin) - len(end)} characters … {end}"
