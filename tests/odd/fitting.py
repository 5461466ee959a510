"""The JSON Schema of what a site reads, made into functions: far quicker than a validator that
walks it each time."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from dev import schema
from lib.model import JSON
from tests.kv_schema import closed

Fits = Callable[[Any], bool]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}
_SAYING_NOTHING = {"$schema", "$defs", "title", "description"}
_OF_OBJECTS = {"properties", "required", "additionalProperties", "patternProperties"}


@cache
def kv_fits() -> Fits:
    """Return what says whether keys and values are as the schema has them, without anything that it
    does not name."""
    return _Compiler(closed(schema.schema())).whole


class _Compiler:
    """Makes a function of every part of a schema. Raises for words that none of ours has."""

    def __init__(self, whole: JSON) -> None:
        self._definitions: dict[str, Fits] = {}
        for name, part in whole["$defs"].items():
            self._definitions[f"#/$defs/{name}"] = self._of(part)
        self.whole = self._of(whole)

    def _of(self, part: JSON) -> Fits:
        rules = tuple(self._rules(part))
        return rules[0] if len(rules) == 1 else lambda value: all(rule(value) for rule in rules)

    def _rules(self, part: JSON) -> Iterator[Fits]:
        words = part.keys() - _SAYING_NOTHING
        if "$ref" in words:
            definitions, name = self._definitions, part["$ref"]
            yield lambda value: definitions[name](value)
        if "type" in words:
            yield _of_type(part["type"])
        if "anyOf" in words:
            options = tuple(map(self._of, part["anyOf"]))
            yield lambda value: any(option(value) for option in options)
        if "items" in words:
            item = self._of(part["items"])
            yield lambda value: not isinstance(value, list) or all(map(item, value))
        if words & _OF_OBJECTS:
            yield self._members(part)
        if "enum" in words:
            words_allowed = frozenset(part["enum"])
            yield lambda value: value in words_allowed
        if unknown := words - {"$ref", "type", "enum", "anyOf", "items", *_OF_OBJECTS}:
            raise ValueError(f"{unknown} has no place here yet: add it")

    def _members(self, part: JSON) -> Fits:
        members = {name: self._of(one) for name, one in part.get("properties", {}).items()}
        patterns = [
            (re.compile(pattern), self._of(one))
            for pattern, one in part.get("patternProperties", {}).items()
        ]
        required = part.get("required", ())
        rest = part.get("additionalProperties", True)
        others: Fits = self._of(rest) if isinstance(rest, dict) else lambda value: bool(rest)

        def fits(value: Any) -> bool:
            if not isinstance(value, dict):
                return True
            for name, member in value.items():
                rules = [rule for pattern, rule in patterns if pattern.search(name)]
                if name in members:
                    rules.append(members[name])
                if not all(rule(member) for rule in rules or (others,)):
                    return False
            return all(name in value for name in required)

        return fits


def _of_type(names: str | list[str]) -> Fits:
    kinds = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]
    flat = tuple(one for kind in kinds for one in (kind if isinstance(kind, tuple) else (kind,)))
    if bool in flat:
        return lambda value: isinstance(value, flat)
    return lambda value: isinstance(value, flat) and not isinstance(value, bool)
