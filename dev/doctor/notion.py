"""Notion: whether the token works, and each database is shared and has the properties that mean
something."""

import math
from collections.abc import AsyncIterator, Mapping

from dev.doctor.finding import Finding, mend, note, ok
from lib.bundle.properties import members_named
from lib.bundle.publication import PublicationRule, publication_of, rule_faults
from lib.bundle.slugs import SLUG_KINDS
from lib.errors import NotionWait, SyncError
from lib.model import JSON, Source
from lib.notion.client import NotionClient
from lib.notion.databases import find_source, newest_rows

JUDGED_KINDS = (
    *("select", "status", "rich_text", "multi_select", "checkbox", "formula", "rollup"),
    *("title", "number", "url", "email", "phone_number"),
)
"""Types of which the text says whether a page is published."""

PROPERTIES = (
    ("slug", SLUG_KINDS, "makes the address of a page, which else comes from its title"),
    (
        "visibility",
        JUDGED_KINDS,
        "keeps a page back while it says draft; else every page is published",
    ),
    ("order", ("number", "formula", "rollup"), "sorts the index"),
    ("date", ("date", "formula", "rollup"), "sorts the index, the newest first"),
    (
        "publish",
        ("date", "formula", "rollup"),
        "says from when on, or from when to when, a page is published",
    ),
)
"""Name, types it may have, what it does."""


async def examine(
    notion: NotionClient, sources: Mapping[str, str], rule: PublicationRule
) -> AsyncIterator[Finding]:
    """`sources`: name → id, as configured. Stops where the minute's requests are used up."""
    try:
        async for finding in _examined(notion, sources, rule):
            yield finding
    except NotionWait as wait:
        yield note(
            "not looked at any further: a sync or another program has used up the requests that"
            " Notion allows in a minute. Run this again in"
            f" {math.ceil(wait.retry_after_seconds)} s"
        )


async def _examined(
    notion: NotionClient, sources: Mapping[str, str], rule: PublicationRule
) -> AsyncIterator[Finding]:
    try:
        bot = await notion.get("users/me")
    except NotionWait:
        raise
    except SyncError as error:
        yield mend(str(error))
        return
    workspace = (bot.get("bot") or {}).get("workspace_name") or "without a name"
    yield ok(f"NOTION_TOKEN is the integration {bot.get('name')!r} in the workspace {workspace!r}")
    for name, reference in sources.items():
        try:
            source = await find_source(notion, name, reference)
            schema = await notion.get(f"data_sources/{source.data_source_id}")
        except NotionWait:
            raise
        except SyncError as error:
            yield mend(str(error))
            continue
        yield ok(f"{name}: the database {source.title!r} is shared with the integration")
        for finding in _properties(name, schema.get("properties") or {}, rule):
            yield finding
        if doubts := await _doubts(notion, name, source, rule):
            yield doubts


async def _doubts(
    notion: NotionClient, name: str, source: Source, rule: PublicationRule
) -> Finding | None:
    """Look at the rows edited last: which do not say whether they are to be published?"""
    try:
        rows, _ = await newest_rows(notion, source.data_source_id)
    except NotionWait:
        raise
    except SyncError as error:
        return mend(str(error))
    doubts = [state.doubt for row in rows if (state := publication_of(row, rule)).doubt]
    if not doubts:
        return None
    return note(
        f"{name}: of {len(rows)} rows, {len(doubts)} do not say whether they are published."
        f" {doubts[0]}"
    )


def _properties(source: str, schema: JSON, rule: PublicationRule) -> list[Finding]:
    findings = _by_rule(source, schema, rule)
    if not any(column["type"] == "title" for column in schema.values()):
        findings.append(
            mend(f"{source}: Notion shows no title property: let the integration read content")
        )
    missing = []
    for name, kinds, purpose in PROPERTIES:
        if rule.property_name and name in ("visibility", rule.property_name.casefold()):
            continue
        there = [column["type"] for column in members_named(schema, name)]
        if not there:
            missing.append(f"{name} ({purpose})")
        elif not set(there) & set(kinds):
            wrong = (
                f"{source}: the property {name} is of the type {there[0]} and counts for nothing"
            )
            findings.append(
                mend(
                    f"{wrong}: make it {' or '.join(kinds)}, for it {purpose}, or give it another"
                    " name"
                )
            )
    if missing:
        findings.append(note(f"{source} does without optional properties: {'; '.join(missing)}"))
    return findings


def _by_rule(source: str, schema: JSON, rule: PublicationRule) -> list[Finding]:
    """Judge the owner's own rule beside the properties of a source."""
    if not rule.property_name:
        return []
    faults = rule_faults(rule, schema)
    if not faults:
        return [ok(f'{source}: the property "{rule.property_name}" says which rows are published')]
    kept_back = (
        "by NOTION_PUBLISHED none of its rows is published. Correct the setting, or mend it in"
        " Notion"
    )
    return [
        (
            mend(f"{source}: {fault.text}; {kept_back}")
            if fault.is_whole
            else note(f"{source}: {fault.text}")
        )
        for fault in faults
    ]
