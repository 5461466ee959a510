"""What differs between KV and the workspace is found, whatever it is."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from dev.equality import Bundles
from dev.stack import Stack
from tests.stack.site import Site

ARTEFACTS = "db:dddddddd-0000-4000-8000-000000000003"
Values = dict[str, Any]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The sample workspace, synced. Tests only read it."""
    with Stack(environ={}) as stack:
        site = Site.of(stack)
        stack.get("/api/sync")
        yield site


def problems(
    site: Site, values: Mapping[str, Any], paths: Mapping[str, str] | None = None
) -> list[str]:
    return site.truth().problems(Bundles(values, site.bundles().paths if paths is None else paths))


def torn(values: Values) -> Values:
    """The home page in two parts, the second of which goes on with the children of a block."""
    head = values["page:home"]
    number, block = next(
        (number, one)
        for number, one in enumerate(head["blocks"])
        if len(one.get("children", [])) > 1
    )
    begun = {**block, "children": block["children"][:1]}
    values["page:home:part:1"] = {"digest": "1", "blocks": [*head["blocks"][:number], begun]}
    values["page:home:part:2"] = {
        "digest": "1",
        "continues": block["id"],
        "blocks": block["children"][1:],
    }
    values["page:home:part:3"] = {"digest": "1", "blocks": head["blocks"][number + 1 :]}
    values["page:home"] = {**head, "blocks": None, "parts": 3, "digest": "1"}
    return values


def test_a_page_in_parts_is_what_they_say_together(site: Site) -> None:
    values = torn(dict(site.bundles().values))
    for _ in range(2):
        assert problems(site, values) == []


def test_what_is_equal_differs_in_nothing(site: Site) -> None:
    assert problems(site, site.bundles().values) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda values: values.pop("page:imprint"), "is not published"),
        (lambda values: values["page:imprint"]["blocks"].pop(), "imprint: blocks"),
        (lambda values: values["page:imprint"]["meta"].update(title="?"), "imprint"),
        (lambda values: values["page:imprint"]["meta"]["properties"].pop("Name"), "imprint"),
        (
            lambda values: values["page:home"]["meta"]["properties"].pop("Teaser__rich"),
            "Teaser__rich is 'missing'",
        ),
        (
            lambda values: values["page:home"]["meta"]["properties"]["Teaser__rich"].pop(),
            "Teaser__rich is",
        ),
        (lambda values: values["page:home"].update(parts=1), "page:home: lacks a part"),
        (
            lambda values: torn(values)["page:home:part:2"].update(digest="2"),
            "page:home: holds a part of another bundle",
        ),
        (
            lambda values: torn(values)["page:home"].pop("digest"),
            "page:home: holds a part of another bundle",
        ),
        (
            lambda values: torn(values)["page:home:part:2"].update(continues="0"),
            "home: has a part that continues nothing",
        ),
        (lambda values: torn(values)["page:home:part:2"]["blocks"].pop(), "home: blocks"),
        (lambda values: torn(values)["page:home:part:2"].pop("continues"), "home: blocks"),
        (
            lambda values: values.update({"page:house": values["page:home"]}),
            "page:house holds the bundle of home",
        ),
        (
            lambda values: values["page:home"]["meta"].update(slug="house"),
            "home is published as house",
        ),
        (lambda values: values["pages:index"]["items"].pop(), "pages:index shows"),
        (lambda values: values["posts:index"].update(total=7), "posts:index counts 7"),
        (lambda values: values.update({"db:0": {}}), "db:0 is left over"),
        (lambda values: values.pop(ARTEFACTS), f"{ARTEFACTS} is missing"),
        (lambda values: values[ARTEFACTS]["items"].pop(), f"{ARTEFACTS}.items"),
        (lambda values: values.update(redirects={"old": "nowhere"}), "nowhere"),
        (
            lambda values: values.update({"page:imprint:part:1": {"blocks": []}}),
            "a part of no bundle",
        ),
        (lambda values: values.pop("doc:imprint"), "doc:imprint is missing"),
        (lambda values: values.update({"doc:old": values["doc:imprint"]}), "doc:old is left over"),
        (lambda values: values["doc:imprint"].update(title="?"), "doc:imprint: title"),
        (
            lambda values: values["doc:building-blocks"].update(text="White"),
            "doc:building-blocks lacks the row 'Red'",
        ),
        (
            lambda values: values["doc:imprint"].update(visibility="draft"),
            "doc:imprint: visibility",
        ),
        (lambda values: values.pop("page:imprint"), "to imprint, which is published as None"),
    ],
)
def test_what_differs_is_told(site: Site, spoil: Callable[[Values], object], told: str) -> None:
    values = dict(site.bundles().values)
    spoil(values)
    assert any(told in problem for problem in problems(site, values))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda paths: paths.popitem(),
        lambda paths: paths.update({"0": "old"}),
        lambda paths: paths.update(dict.fromkeys(paths, "home")),
    ],
)
def test_paths_are_exactly_what_is_published(
    site: Site, spoil: Callable[[dict[str, str]], object]
) -> None:
    paths = dict(site.bundles().paths)
    spoil(paths)
    assert any(
        problem.startswith("paths leads")
        for problem in problems(site, site.bundles().values, paths)
    )
