"""Odd answers on demand: changes of what the API gives out, made just before an answer is sent.

A target is the id of an object, or the path of an answer. An id changes the object wherever it
stands: retrieved, as a row of a query, among children, as a property item, as a person who is
mentioned. A child page stands among the blocks of its parent too. A path changes that answer alone,
but every page of it: `pages/{id}`, `data_sources/{id}/query`, `blocks/{id}/children`,
`pages/{id}/properties/{property id}`, `users`, `search`.

Where in the target is a list of names and positions: `["properties", "Multi", "multi_select", 0]`.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import unquote

import msgspec

from dev.notion.ids import resolved
from dev.notion.nodes import JSON

Change = Literal["set", "drop", "insert"]
Where = Sequence[str | int]

CHANGES = ("set", "drop", "insert", "replace")
"""The methods of `Odd` that order a change."""

ANSWERS_WITHOUT_ID = ("search", "users")


@dataclass
class Oddity:
    """One change of a target. `value` is JSON text; `times` counts the places in which the change
    was made."""

    change: Change
    target: str
    where: tuple[str | int, ...]
    value: str
    times: int = 0

    def apply(self, shown: Any) -> Any:
        """Returns the target with the change made; as it is where the place isn't there."""
        try:
            changed = self._changed(shown)
        except LookupError:
            return shown
        self.times += 1
        return changed

    def _changed(self, shown: Any) -> Any:
        new = json.loads(self.value)
        if not self.where:
            return new
        *way, last = self.where
        holder = shown
        for step in way:
            holder = _member(holder, step)
        match self.change:
            case "insert":
                _list_of(holder).insert(int(last), new)
            case "drop":
                _member(holder, last)
                del holder[last]
            case "set" if isinstance(holder, dict) and isinstance(last, str):
                holder[last] = new
            case "set":
                _member(holder, last)
                holder[last] = new
        return shown


class Odd:
    """The changes that were ordered, made in their order. `clear` takes them back.

    Values are JSON with all that Notion's own may hold: `"\\ud83d"` goes out as that escape, 2**70
    as it is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._oddities: list[Oddity] = []

    def set(self, target: str, where: Where, value: Any) -> None:
        """Puts a value in the place of a member, or adds the member to an object."""
        self._order("set", target, where, value)

    def drop(self, target: str, where: Where) -> None:
        """Takes a member out."""
        if not where:
            raise ValueError("what is to be dropped is a member: the place can't be empty")
        self._order("drop", target, where, None)

    def insert(self, target: str, where: Where, value: Any) -> None:
        """Puts a value into a list, before the position that ends `where`; behind the last one at
        its length."""
        if not where or not isinstance(where[-1], int):
            raise ValueError(
                f"the place of what is inserted ends with a position, not {list(where)}"
            )
        self._order("insert", target, where, value)

    def replace(self, target: str, value: Any) -> None:
        """Puts a value in the place of the whole object or answer."""
        self._order("set", target, (), value)

    def clear(self, target: str | None = None) -> None:
        """Takes back all changes, or those of one target."""
        named = None if target is None else _ordered_target(target)
        with self._lock:
            self._oddities = [
                oddity for oddity in self._oddities if named not in (None, oddity.target)
            ]

    @property
    def ordered(self) -> list[JSON]:
        """What was ordered; `times` is 0 for a change that no answer showed yet."""
        with self._lock:
            return [asdict(oddity) for oddity in self._oddities]

    def encoded(self, path: str, answer: JSON) -> bytes:
        """Returns the body of the answer to a request of a path, its oddities in it."""
        with self._lock:
            if not self._oddities:
                return msgspec.json.encode(answer)
            odd = self._applied(_normalized(path), self._shown(answer))
        return json.dumps(odd, separators=(",", ":")).encode()

    def _order(self, change: Change, target: str, where: Where, value: Any) -> None:
        written = json.dumps(value, allow_nan=False)
        with self._lock:
            self._oddities.append(Oddity(change, _ordered_target(target), tuple(where), written))

    def _shown(self, value: Any) -> Any:
        """A copy of a value, every object in it with its oddities; what an oddity brings in is left
        as it is."""
        if isinstance(value, list):
            return [self._shown(item) for item in value]
        if not isinstance(value, dict):
            return value
        copy = {name: self._shown(item) for name, item in value.items()}
        return self._applied(value["id"], copy) if "object" in value and "id" in value else copy

    def _applied(self, target: str, shown: Any) -> Any:
        for oddity in self._oddities:
            if oddity.target == target:
                shown = oddity.apply(shown)
        return shown


def _ordered_target(target: str) -> str:
    """A target as tests write it: in a path, a property's id is spelled as answers spell it."""
    return _normalized(unquote(target) if "/" in target else target)


def _normalized(target: str) -> str:
    """A target in one spelling: ids with dashes, a path without what stands before and behind
    it."""
    if "/" not in target:
        return target if target in ANSWERS_WITHOUT_ID else resolved(target)
    kind, *rest = target.removeprefix("/v1/").strip("/").split("/")
    return "/".join((kind, *(resolved(step) for step in rest[:1]), *rest[1:]))


def _member(holder: Any, step: str | int) -> Any:
    """What stands at a name of an object or a position of a list. Raises LookupError."""
    if isinstance(holder, dict) and isinstance(step, str):
        return holder[step]
    if isinstance(holder, list) and isinstance(step, int):
        return holder[step]
    raise LookupError(step)


def _list_of(holder: Any) -> list[Any]:
    if not isinstance(holder, list):
        raise LookupError("no list stands there")
    return holder
