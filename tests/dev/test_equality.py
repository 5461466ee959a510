"""What differs between KV and the workspace is found, whatever it is."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from dev.equality import Bundles, Truth
from dev.notion import SAMPLE_SOURCES
from dev.stack import Stack
from tests.stack.site import Site

SOURCES = dict(entry.split("=") for entry in SAMPLE_SOURCES.split(","))
Values = dict[str, Any]


@pytest.fixture(scope="module")
def site() -> Any:
    with Stack(environ={}) as stack:
        assert stack.notion is not None
        assert stack.qstash is not None
        site = Site(stack, stack.notion, stack.qstash, stack.upstash)
        stack.get("/api/sync")
        yield site


def problems(site: Site, values: Mapping[str, Any]) -> list[str]:
    return Truth(site.notion.workspace, SOURCES, site.stack.url).problems(Bundles(values))


def test_what_is_equal_differs_in_nothing(site: Site) -> None:
    assert problems(site, site.bundles().values) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda values: values.pop("page:imprint"), "is not published"),
        (lambda values: values["page:imprint"]["blocks"].pop(), "imprint: blocks"),
        (lambda values: values["page:imprint"]["meta"].update(title="?"), "imprint"),
        (lambda values: values["page:imprint"]["meta"]["properties"].pop("Name"), "imprint"),
        (lambda values: values["pages:index"]["items"].pop(), "pages:index shows"),
        (lambda values: values["posts:index"].update(total=7), "posts:index counts 7"),
        (lambda values: values.update({"db:0": {}}), "db:0 is left over"),
        (lambda values: values.update(redirects={"old": "nowhere"}), "nowhere"),
        (lambda values: values.update({"page:imprint:part:1": {"blocks": []}}), "a part of no bundle"),
    ],
)
def test_what_differs_is_told(site: Site, spoil: Callable[[Values], object], told: str) -> None:
    values = dict(site.bundles().values)
    spoil(values)
    assert any(told in problem for problem in problems(site, values))
