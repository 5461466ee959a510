"""Holds KV against the schema that sites are given, and lets nothing pass that the schema does not
name."""

from typing import Any

from jsonschema import Draft202012Validator

from dev import schema
from lib.model import JSON


def misfits(kv: JSON) -> list[str]:
    """Where keys and values, as a site reads them, are not what the schema says."""
    validator = Draft202012Validator(closed(schema.schema()))
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(kv)]


def closed(part: Any) -> Any:
    """The schema without the members that are allowed to an older site; Notion's own shapes stay
    open."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    members = {name: closed(member) for name, member in part.items()}
    if part.get("type") == "object":
        members.setdefault("additionalProperties", False)
    return members
