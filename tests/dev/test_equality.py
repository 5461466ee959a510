"""What differs between KV and the workspace is found, whatever it is."""

from collections.abc import Callable
from typing import Any

import pytest

from dev.equality import PLAIN, differences
from dev.notion import SAMPLE_SOURCES, truth
from dev.notion.load import load
from dev.notion.workspace import Workspace

DATABASES = [entry.partition("=")[2] for entry in SAMPLE_SOURCES.split(",")]
Bundle = dict[str, Any]


def bundle(workspace: Workspace, id: str) -> Bundle:
    """A page as KV would have it, built of the truth."""
    properties = truth.expected_page(workspace, id)["properties"]
    flat = {
        name: PLAIN[property["type"]](property[property["type"]]) if property["type"] in PLAIN else None
        for name, property in properties.items()
    }
    return {"meta": {"id": id, "slug": id[:8], "properties": flat}, "blocks": truth.tree(workspace, id)}


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return load()


@pytest.fixture
def bundles(workspace: Workspace) -> list[Bundle]:
    return [bundle(workspace, id) for id in truth.published_pages(workspace, DATABASES)]


def test_what_is_equal_differs_in_nothing(workspace: Workspace, bundles: list[Bundle]) -> None:
    assert differences(bundles, workspace, DATABASES) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda bundles: bundles.pop(0), "is missing"),
        (lambda bundles: bundles[0]["blocks"].pop(), "has other blocks"),
        (lambda bundles: bundles[0]["meta"]["properties"].update(Name="?"), "has another Name"),
        (lambda bundles: bundles[0]["meta"]["properties"].pop("Name"), "has another Name"),
        (
            lambda bundles: bundles.append({"meta": {"id": "0", "slug": "gone", "properties": {}}, "blocks": []}),
            "gone is too much",
        ),
    ],
)
def test_what_differs_is_told(
    workspace: Workspace, bundles: list[Bundle], spoil: Callable[[list[Bundle]], None], told: str
) -> None:
    spoil(bundles)
    [difference] = differences(bundles, workspace, DATABASES)
    assert told in difference
