"""Drafts as they stand under `preview:`: each is written by one script, whole or not at all, and no
public key is touched."""

from collections.abc import Mapping, Sequence

import msgspec

from lib import json_text
from lib.model import DatabaseRecord, Observation, PageRecord, WorkItem
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.records import observation
from lib.store.runs import SliceLease, held, noted_warnings
from lib.store.site import PREPARED_FOR_SECONDS, Site, Text
from lib.store.work import encoded_item


class DraftChild(msgspec.Struct, frozen=True):
    """A page that stands in a draft: its slug there, and how it is to be read where it has to
    be."""

    observation: Observation
    slug: str
    item: WorkItem


class DraftCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that was read; `children` are its child pages by their ids, `databases` the child
    databases on it, with how each is to be read where it has to be."""

    page_id: str
    number: int
    slug: str
    observation: Observation
    record: PageRecord
    text: Text
    children: Mapping[str, DraftChild] = {}
    databases: Mapping[str, WorkItem] = {}
    warnings: Sequence[str] = ()


class DraftDatabaseCommit(msgspec.Struct, frozen=True, kw_only=True):
    """A child database of drafts that was read; `shown_by` are those drafts by their ids."""

    database_id: str
    number: int
    record: DatabaseRecord
    text: Text
    shown_by: Mapping[str, Observation | None]
    warnings: Sequence[str] = ()


class Drafts:
    def __init__(self, kv: Kv, keys: Keys, site: Site) -> None:
        self._kv, self._keys, self._site = kv, keys, site

    async def commit_draft(self, lease: SliceLease, commit: DraftCommit) -> tuple[str, list[str]]:
        """Write a draft's preview and end the work on it.

        Return the outcome as commit_draft.lua names it, and slugs that others have. Raises
        `TakenOver`.
        """
        seen, text = commit.observation, commit.text
        prepared = f"{self._keys.run(lease.run_id)}:parts:{lease.token}:draft:{commit.page_id}"
        await self._kv.pipeline(
            [
                ["SET", f"{prepared}:{number}", part, "EX", PREPARED_FOR_SECONDS]
                for number, part in enumerate(text.parts, 1)
            ]
        )
        own = {} if seen.parent else {commit.slug: commit.page_id}
        arguments = self._site.arguments(lease) | {
            "number": commit.number,
            "id": commit.page_id,
            "source": seen.source,
            "visibility": seen.visibility,
            "slug": commit.slug,
            "parent": seen.parent or "",
            "parts": len(text.parts),
            "prepared": prepared,
            "tokens": " ".join(text.files),
            "children": [
                {
                    "id": page_id,
                    "observed": json_text.encode(child.observation),
                    "slug": child.slug,
                    **encoded_item(child.item),
                }
                for page_id, child in commit.children.items()
            ],
            "databases": [
                {"id": database_id, **encoded_item(item)}
                for database_id, item in commit.databases.items()
            ],
            "slugs": own | {child.slug: page_id for page_id, child in commit.children.items()},
            "warnings": noted_warnings(commit.warnings),
        }
        words = [json_text.encode(arguments), text.head, json_text.encode(commit.record)]
        outcome, *taken = held(
            await self._kv.script("commit_draft", self._keys.site(lease.run_id), words)
        )
        return outcome, taken

    async def commit_database(self, lease: SliceLease, commit: DraftDatabaseCommit) -> str:
        """Write a child database of drafts and end the work on it. Return the outcome as
        commit_draft_database.lua names it. Raises `TakenOver`."""
        record = commit.record
        arguments = self._site.arguments(lease) | {
            "number": commit.number,
            "id": commit.database_id,
            "title": record.title,
            "tokens": " ".join(commit.text.files),
            "drafts": {
                page_id: seen.visibility if seen else ""
                for page_id, seen in commit.shown_by.items()
            },
            "warnings": noted_warnings(commit.warnings),
        }
        words = [json_text.encode(arguments), commit.text.head, json_text.encode(record)]
        outcome: str = await self._kv.script(
            "commit_draft_database", self._keys.site(lease.run_id), words
        )
        held(outcome)
        return outcome

    async def showing(self, database_id: str) -> dict[str, Observation | None]:
        """Return what was seen of the drafts that show a child database, by their ids."""
        keys = self._keys
        names = [keys.shows, keys.draft_children, keys.observed]
        found: list[str] = await self._kv.script(
            "showing_drafts", names, [f"draft:db:{database_id}"]
        )
        return {found[at]: observation(found[at + 1]) for at in range(0, len(found), 2)}
