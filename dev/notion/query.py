"""Queries of a data source: filters, sorts, and the rows they lead to.

https://developers.notion.com/reference/filter-data-source-entries, …/sort-data-source-entries
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dev.notion.clock import instant
from dev.notion.errors import invalid
from dev.notion.nodes import JSON, DataSource, Page
from dev.notion.properties import Properties
from dev.notion.rich_text import plain_text
from dev.notion.workspace import Workspace

TIMESTAMPS = ("created_time", "last_edited_time")
DEEPEST = 2

Test = Callable[[Page], bool]

TEXT_TYPES = ("title", "rich_text", "url", "email", "phone_number", "string")
DATE_TYPES = ("date", *TIMESTAMPS)

FILTER_OF = {"boolean": "checkbox", "string": "rich_text", "number": "number", "date": "date"}
"""What a formula's result is filtered as."""


class Query:
    """One filter and its sorts over a data source. Raises Notion's validation_error for what it
    can't do."""

    def __init__(
        self, workspace: Workspace, source: DataSource, asked: JSON | None, sorts: list[JSON]
    ) -> None:
        self._workspace = workspace
        self._source = source
        self._properties = Properties(workspace)
        self._matches = self._compiled(asked, 0) if asked else None
        self._sorts = [self._sort(sort) for sort in sorts]

    def ids(self, rows: list[Page]) -> list[str]:
        """The ids of the rows that match, in order; without a sort the newest come first (Notion
        promises none).

        Rows that no sort tells apart come in the order of their making, turned round with the last
        sort.
        """
        found = [row for row in rows if self._matches is None or self._matches(row)]
        if not self._sorts or (self._sorts[-1][1] and self._workspace.choices.turns_ties):
            found.reverse()
        for key, descending in reversed(self._sorts):
            with_value = [row for row in found if key(row) is not None]
            without = [row for row in found if key(row) is None]
            found = sorted(with_value, key=key, reverse=descending) + without
        return [row.id for row in found]

    def _compiled(self, asked: JSON, depth: int) -> Test:
        for word, combine in (("and", all), ("or", any)):
            if word in asked:
                if depth == DEEPEST:
                    raise invalid(
                        f"body failed validation: compound filters nest {DEEPEST} levels deep at"
                        " most."
                    )
                return _combined(combine, [self._compiled(part, depth + 1) for part in asked[word]])
        if "timestamp" in asked:
            timestamp = asked["timestamp"]
            if timestamp not in TIMESTAMPS or timestamp not in asked:
                raise invalid(
                    f"body failed validation: body.filter.timestamp {timestamp} has no condition."
                )
            test = condition("date", asked[timestamp])
            return lambda page: test(_time(page, timestamp))
        if "property" not in asked:
            raise invalid(
                "body failed validation: body.filter.or should be defined, instead was `undefined`."
            )
        return self._property_test(asked)

    def _property_test(self, asked: JSON) -> Test:
        column = self._property(asked["property"])
        kind = column["type"]
        if kind not in asked:
            given = next((name for name in asked if name not in ("property", "type")), "nothing")
            raise invalid(f"database property {kind} does not match filter {given}")
        asked = asked[kind]
        if kind == "formula":
            (result, asked), *_ = asked.items()
            test = condition(result, asked)
            return lambda page: test(_result(self._properties.value(page, column), result))
        test = condition(kind, asked)
        return lambda page: test(comparable(kind, self._properties.value(page, column)))

    def _sort(self, sort: JSON) -> tuple[Callable[[Page], Any], bool]:
        descending = sort.get("direction", "ascending") == "descending"
        if "timestamp" in sort:
            timestamp = sort["timestamp"]
            if timestamp not in TIMESTAMPS:
                raise invalid(
                    f"body failed validation: body.sorts[0].timestamp can't be {timestamp}."
                )
            return lambda page: _time(page, timestamp), descending
        if "property" not in sort:
            raise invalid(
                "body failed validation: body.sorts[0].property should be defined, instead was"
                " `undefined`."
            )
        column = self._property(sort["property"])
        kind = column["type"]
        return (
            lambda page: _order(comparable(kind, self._properties.value(page, column))),
            descending,
        )

    def _property(self, reference: str) -> JSON:
        schema = self._source.schema
        if reference in schema:
            return schema[reference]
        for column in schema.values():
            if column["id"] == reference:
                return column
        raise invalid(f"Could not find property with name or id: {reference}")


def _combined(combine: Callable[[Any], bool], tests: list[Test]) -> Test:
    return lambda page: combine(test(page) for test in tests)


def comparable(kind: str, value: Any) -> Any:
    """What filters and sorts look at: text, number, boolean, instant or list; None where it is
    empty."""
    if value is None:
        return None
    match kind:
        case "title" | "rich_text":
            return plain_text(value) or None
        case "select" | "status":
            return value["name"]
        case "multi_select" | "files":
            return [one["name"] for one in value] or None
        case "people" | "relation":
            return [one["id"] for one in value] or None
        case "date":
            return instant(value["start"])
        case "created_time" | "last_edited_time":
            return instant(value)
        case "unique_id":
            return value["number"]
        case "formula" | "rollup":
            return comparable(value["type"], value[value["type"]])
    return value


def condition(kind: str, asked: JSON) -> Callable[[Any], bool]:
    """A test of a comparable value: one operator of a type's condition object."""
    if len(asked) != 1:
        raise invalid(
            f"body failed validation: body.filter.{kind} should hold one condition, instead held"
            f" {len(asked)}."
        )
    (operator, operand), *_ = asked.items()
    if operator == "is_empty":
        return lambda value: value is None
    if operator == "is_not_empty":
        return lambda value: value is not None
    if kind in DATE_TYPES:
        return _date_condition(kind, operator, operand)
    test = OPERATORS.get(operator)
    if test is None:
        raise invalid(
            f"body failed validation: body.filter.{kind}.{operator} is not a condition of this"
            " stand-in."
        )
    if kind in TEXT_TYPES and isinstance(operand, str):
        operand = operand.lower()
        return lambda value: test(value.lower() if value is not None else "", operand)
    return lambda value: test(value, operand)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, operand: bool(value == operand),
    "does_not_equal": lambda value, operand: bool(value != operand),
    "contains": lambda value, operand: value is not None and operand in value,
    "does_not_contain": lambda value, operand: value is None or operand not in value,
    "starts_with": lambda value, operand: bool(value.startswith(operand)),
    "ends_with": lambda value, operand: bool(value.endswith(operand)),
    "greater_than": lambda value, operand: value is not None and bool(value > operand),
    "less_than": lambda value, operand: value is not None and bool(value < operand),
    "greater_than_or_equal_to": lambda value, operand: value is not None and bool(value >= operand),
    "less_than_or_equal_to": lambda value, operand: value is not None and bool(value <= operand),
}


def _date_condition(kind: str, operator: str, operand: Any) -> Callable[[Any], bool]:
    """A date without a time stands for its midnight in UTC; `equals` then means the whole day."""
    try:
        bound = instant(operand)
    except (TypeError, ValueError):
        raise invalid(
            f"body failed validation: body.filter.{kind}.{operator} should be a valid ISO 8601"
            " date, "
            f'instead was `"{operand}"`.'
        ) from None
    if operator == "equals" and len(operand) == len("2026-05-01"):
        return lambda value: value is not None and bool(value.date() == bound.date())
    compare = DATE_OPERATORS.get(operator)
    if compare is None:
        raise invalid(
            f"body failed validation: body.filter.{kind}.{operator} is not a condition of this"
            " stand-in."
        )
    return lambda value: value is not None and compare(value, bound)


DATE_OPERATORS: dict[str, Callable[[datetime, datetime], bool]] = {
    "equals": lambda value, bound: value == bound,
    "before": lambda value, bound: value < bound,
    "after": lambda value, bound: value > bound,
    "on_or_before": lambda value, bound: value <= bound,
    "on_or_after": lambda value, bound: value >= bound,
}


def _time(page: Page, timestamp: str) -> datetime:
    """A page's time as Notion knows it: floored to the minute."""
    return (page.created if timestamp == "created_time" else page.edited).replace(
        second=0, microsecond=0
    )


def _result(formula: JSON, asked: str) -> Any:
    """A formula's result, if it is of the type that a filter asks for."""
    kind = formula["type"]
    return comparable(kind, formula[kind]) if asked in (kind, FILTER_OF.get(kind)) else None


def _order(value: Any) -> Any:
    """What orders a value of any type."""
    if isinstance(value, list):
        return [str(item).lower() for item in value]
    return value.lower() if isinstance(value, str) else value
