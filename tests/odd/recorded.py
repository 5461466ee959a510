"""Real answers of Notion as subjects: what was recorded by others, kept beside the repository (see
`cassettes`)."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import strategies as st

from lib.model import JSON
from tests.notion.cassettes import exchanges
from tests.odd.official import conforms, shape_of

OFFICIAL = {
    "page": "PageObjectResponse",
    "block": "BlockObjectResponse",
    "database": "DatabaseObjectResponse",
    "data_source": "DataSourceObjectResponse",
}


def pages_with_blocks() -> st.SearchStrategy[JSON]:
    """A recorded page with recorded blocks."""
    blocks = st.lists(st.sampled_from(recorded_of("block")), max_size=3, unique_by=_id_of)
    return st.fixed_dictionaries(
        {
            "page": st.sampled_from(recorded_of("page")),
            "blocks": blocks,
            "inside": st.just(list[JSON]()),
        }
    ).map(_without_twins)


def databases() -> st.SearchStrategy[JSON]:
    """A recorded database, a data source, and rows."""
    return st.fixed_dictionaries(
        {
            "database": st.sampled_from(recorded_of("database")),
            "source": st.sampled_from(recorded_of("data_source")),
            "rows": st.lists(st.sampled_from(recorded_of("page")), max_size=2, unique_by=_id_of),
        }
    )


def contacts(value: Any) -> Iterator[str]:
    """The e-mail addresses and portraits of people in a value."""
    if isinstance(value, list):
        for item in value:
            yield from contacts(item)
    elif isinstance(value, dict):
        person = value.get("person")
        found = (value.get("avatar_url"), person.get("email") if isinstance(person, dict) else None)
        yield from (contact for contact in found if contact)
        for member in value.values():
            yield from contacts(member)


@cache
def recorded_of(kind: str) -> tuple[JSON, ...]:
    """Return what was recorded of a kind in the form of today's API, each object once."""
    shape = shape_of(OFFICIAL[kind])
    answers = (one.json for one in exchanges() if one.status == 200 and one.answer.startswith("{"))
    found = (one for answer in answers for one in _objects(answer, kind))
    return tuple({_id_of(one): one for one in found if conforms(one, shape)}.values())


def _objects(value: Any, kind: str) -> Iterator[JSON]:
    if isinstance(value, dict) and value.get("object") == kind:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _objects(part, kind)


def _id_of(value: JSON) -> str:
    return str(value["id"])


def _without_twins(subject: JSON) -> JSON:
    """A child page's block bears the page's id."""
    return {
        **subject,
        "blocks": [block for block in subject["blocks"] if block["id"] != subject["page"]["id"]],
    }
