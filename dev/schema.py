"""`python -m dev.schema`: the JSON Schema of what a site reads from KV, made from
`lib.bundle.values`.

KV is described as one object of keys and values, so that a validator judges the keys too. Members
that the schema does not name are allowed: a site may be older than what it reads. A problem, as the
status and notices have it, is defined beside that.
"""

import inspect
import json
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

from msgspec.structs import fields

from lib.bundle import values
from lib.model import JSON, Cause, Problem

FILE = Path(__file__).parent.parent / "schema/notion-kv.json"

KEYS = {
    r"^page:(?!.*:part:\d+$)": "Page",
    r"^page:.*:part:\d+$": "Part",
    r"^preview:(?!paths$|db:[0-9a-f-]{36}$|.*:part:\d+$)": "Page",
    r"^preview:.*:part:\d+$": "Part",
    r"^(?!page:|preview:|db:|doc:)[^:]+:index(:\d+)?$": "Index",
    r"^db:": "Database",
    r"^preview:db:[0-9a-f-]{36}$": "Database",
    r"^doc:": "Doc",
    r"^(preview:)?paths$": "Paths",
    r"^redirects$": "Redirects",
}
ALIASES = {
    name: getattr(values, name)
    for name in ("Page", "Paths", "Properties", "PropertyValue", "Redirects", "Refs")
}
SHAPES = {
    name: shape
    for name, shape in vars(values).items()
    if is_typeddict(shape) and name != "DatabaseBody"
}
CAUSES = "Why something failed or waits; readers do for others what they do where there is none"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def schema() -> JSON:
    """With a definition for every shape and every named type."""
    definitions = {name: _object(shape) for name, shape in SHAPES.items()}
    definitions |= {name: _of(alias) for name, alias in ALIASES.items()}
    definitions |= {"Problem": _problem(), "Cause": {"description": CAUSES, **_of(Cause)}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "NotionKv",
        "description": "What a site reads from KV, by key (without KV_PREFIX).",
        "type": "object",
        "patternProperties": {key: _reference(name) for key, name in KEYS.items()},
        "$defs": definitions,
    }


def text() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _object(shape: Any) -> JSON:
    """A TypedDict; one that is not total has more members than it names."""
    return {
        "description": inspect.getdoc(shape),
        "type": "object",
        "properties": {name: _named(member) for name, member in shape.__annotations__.items()},
        "required": [name for name in shape.__annotations__ if name in shape.__required_keys__],
        **({} if shape.__total__ else {"additionalProperties": True}),
    }


def _problem() -> JSON:
    """A Struct, whose members all stand in it but the cause of what has none."""
    kinds = {one.encode_name: one.type for one in fields(Problem) if one.name != "cause"}
    return {
        "description": "What could not be read: one of the status's `errors` or a notice's"
        " `problems`.",
        "type": "object",
        "properties": {
            **{name: _of(kind) for name, kind in kinds.items()},
            "cause": _reference("Cause"),
        },
        "required": [*kinds],
    }


def _named(kind: Any) -> JSON:
    return next(
        (_reference(name) for name, alias in ALIASES.items() if kind == alias), None
    ) or _of(kind)


def _of(kind: Any) -> JSON:
    """Any type that `lib.bundle.values` uses; a name in quotes stands for one that is defined."""
    inside = get_args(kind)
    match get_origin(kind):
        case None if kind in PLAIN:
            return {"type": PLAIN[kind]}
        case None if kind is Any:
            return {}
        case None:
            return _reference(kind if isinstance(kind, str) else kind.__name__)
        case origin if origin is Annotated:
            return {"description": inside[1], **_named(inside[0])}
        case origin if origin in (Required, NotRequired):
            return _named(inside[0])
        case origin if origin in (Union, UnionType):
            return _any_of([_named(one) for one in inside])
        case origin if origin is Literal:
            return {"type": "string", "enum": [*inside]}
        case origin if origin is list:
            return {"type": "array", "items": _named(inside[0])}
        case origin if origin is dict:
            return {"type": "object", "additionalProperties": _named(inside[1])}
    raise TypeError(f"{kind} has no place in a JSON Schema yet: add it here")


def _any_of(options: list[JSON]) -> JSON:
    plain = [option["type"] for option in options if option.keys() == {"type"}]
    if len(plain) == len(options):
        return {"type": plain}
    return {"anyOf": options}


def _reference(name: str) -> JSON:
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
