"""Writing what a site reads: a page, a child database, and the transaction that publishes indexes and redirects."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from lib import json_text
from lib.errors import ForeignValue, TakenOver
from lib.model import Item, Kept, KeptDatabase
from lib.store.healing import count_parts, name_page
from lib.store.keys import Keys
from lib.store.kv import Kv, Value, size_bytes
from lib.store.records import is_meta_of, page_members, page_record
from lib.store.runs import MOST_WARNINGS, WORK_KEPT_FOR_SECONDS, Hold, encoded, key_of, shortened
from lib.store.salvage import read_json, read_number

PREPARED_FOR_SECONDS = 3_600

_MOVED = re.compile(r"[^:]*:\d{1,4}")


class Text(msgspec.Struct, frozen=True):
    """A bundle as it is written: `head` is the value of its key, `parts` follow where it is too large for one.

    `files` are the tokens of the hosted files in it; `lacking`: some of them have no copy in Blob yet.
    """

    head: str
    parts: list[str] = []
    meta: str = ""
    files: Sequence[str] = ()
    lacking: bool = False
    oversized: Sequence[str] = ()
    """Warnings about what is too large for KV and was left out."""


class Waiting(msgspec.Struct, frozen=True):
    """What waits to be published: `staged` pages, their `metas`, slugs that pages left (`moved`, "id:parts"), a run's
    `drops` and when each was seen to be gone.

    `lost` are staged pages of which something can't be read, with the parts of their bundles: they have to be read
    again. `broken` says so to people.
    """

    staged: dict[str, Kept]
    metas: dict[str, str]
    moved: dict[str, str]
    drops: dict[str, float]
    lost: dict[str, int]
    broken: list[str]


class Bundles:
    def __init__(self, kv: Kv, keys: Keys) -> None:
        self._kv = kv
        self._keys = keys

    async def commit_page(
        self,
        hold: Hold,
        item: Item,
        kept: Kept,
        text: Text | None,
        found: Sequence[Item],
        *,
        leaving: Sequence[str] = (),
        warnings: Sequence[str] = (),
    ) -> str:
        """Publishes a page, ends its claim and adds what was found in it to the plan, all in one transaction.

        Pages that are `leaving` give up their slugs in this run; the child pages among what was found get theirs.
        `text` None: what is published is the same already. Answers done, older (a newer reading stands in KV, or found
        the page hidden), staged (its slug becomes free when the run is published), taken (by a page that keeps it;
        nothing was written) or repeated (this page was published already, or is another slice's now). Raises
        `TakenOver`.
        """
        keys = self._keys
        prepared = f"{keys.run(hold.run_id)}:parts:{hold.token}:{item.id}"  # nobody writes there but this very slice
        if text:
            await self._kv.pipeline(
                [
                    ["SET", f"{prepared}:{number}", part, "EX", PREPARED_FOR_SECONDS]
                    for number, part in enumerate(text.parts, 1)
                ]
            )
        outcome: str = await self._kv.script(
            "commit_page",
            [
                *(keys.run(hold.run_id), keys.page(item.slug), keys.kept, keys.metas, keys.slugs),
                *(keys.overdue, keys.revisions, keys.moved, keys.staged_pages, keys.staged_metas),
                *(keys.staged(item.id), prepared, keys.files, keys.named, keys.uncopied, keys.hidden),
            ],
            [
                *(hold.lane, hold.token, item.id, item.slug, item.source),
                *(text.head if text else "", kept.parts, kept.began_at, json_text.encode(kept)),
                *(text.meta if text else "", WORK_KEPT_FOR_SECONDS),
                *(len(leaving), len(warnings), MOST_WARNINGS, *_files(text), _same(item, kept)),
                *leaving,
                *_warnings(warnings),
                *(word for one in found for word in (key_of(one), encoded(one), one.slug)),
            ],
        )
        if outcome == "lost":
            raise TakenOver(f"the lane that reads page {item.id} was taken over")
        return outcome

    async def commit_database(
        self, hold: Hold, item: Item, kept: KeptDatabase, text: Text | None, *, warnings: Sequence[str] = ()
    ) -> str:
        """Publish a child database and end its claim; `text` None leaves the published bundle as it is.

        Return done, older or repeated. Raises `TakenOver`.
        """
        outcome: str = await self._kv.script(
            "commit_database",
            [
                *(self._keys.run(hold.run_id), self._keys.database(item.id), self._keys.databases),
                *(self._keys.files, self._keys.named, self._keys.uncopied, self._keys.overdue),
            ],
            [
                *(hold.lane, hold.token, key_of(item), item.id, text.head if text else "", kept.began_at),
                *(json_text.encode(kept), WORK_KEPT_FOR_SECONDS, *_files(text), MOST_WARNINGS, _same(item, kept)),
                *_warnings(warnings),
            ],
        )
        if outcome == "lost":
            raise TakenOver(f"the lane that reads database {item.id} was taken over")
        return outcome

    async def outcome(self, run_id: str) -> Waiting:
        """What waits to be published.

        All but the drops are kept beyond the run, so that whoever publishes next finds what a broken run left.
        """
        keys = self._keys
        texts, metas, moved, drops = await self._kv.pipeline(
            [
                ["HGETALL", keys.staged_pages],
                ["HGETALL", keys.staged_metas],
                ["HGETALL", keys.moved],
                ["HGETALL", f"{keys.run(run_id)}:drops"],
            ]
        )
        pages = {id: page for id, text in texts.items() if (page := page_record(text))}
        staged = {id: page for id, page in pages.items() if is_meta_of(metas.get(id), id, page.slug)}
        lost = await count_parts(self._kv, {keys.staged(id) for id in texts if id not in staged})
        unknown = [slug for slug, value in moved.items() if not _MOVED.fullmatch(value)]
        parts = await count_parts(self._kv, {keys.page(slug) for slug in unknown})
        return Waiting(
            staged=staged,
            metas=metas,
            moved=moved | {slug: f":{parts[keys.page(slug)]}" for slug in unknown},
            drops={drop: time for drop, seen in drops.items() if (time := read_number(seen)) is not None},
            lost={id: lost[keys.staged(id)] for id in texts if id not in staged},
            broken=[name_page(id, page_members(text).get("title")) for id, text in texts.items() if id not in staged],
        )

    async def changed(self, run_id: str) -> list[str]:
        """Names of the keys that a run has written so far, without the prefix."""
        names: list[str] = await self._kv.command("SMEMBERS", f"{self._keys.run(run_id)}:changed")
        return names

    async def redirects(self) -> tuple[dict[str, str], list[str]]:
        """Return the redirects, and a sentence about each thing that stands among them and is none."""
        try:
            text: str | None = await self._kv.command("GET", self._keys.redirects)
        except ForeignValue:
            return {}, [_no_redirect("a value of another type")]
        found = {} if text is None else read_json(text)
        if not isinstance(found, dict):
            return {}, [_no_redirect(text or "")]
        redirects = {slug: new for slug, new in found.items() if isinstance(new, str)}
        return redirects, [
            _no_redirect(f"{json_text.encode(slug)}: {json_text.encode(other)}")
            for slug, other in found.items()
            if slug not in redirects
        ]

    async def publish(self, hold: Hold, revisions: Mapping[str, int], commands: Sequence[Sequence[Value]]) -> bool:
        """Runs the commands as one transaction if the run has not ended and no kept page of these sources has changed
        since they were read. Raises `TakenOver`."""
        run = self._keys.run(hold.run_id)
        if sum(map(size_bytes, commands)) > self._kv.max_request_bytes:
            commands = await self._carried(f"{run}:carried:{hold.token}", commands)
        keys = [run, *[self._keys.revisions] * len(revisions), run]
        guards = [word for source, revision in revisions.items() for word in (source, str(revision or ""))]
        words = [word for command in commands for word in (len(command), *command)]
        answer = await self._kv.script(
            "guarded", keys, [f"token:{hold.lane}", hold.token, *guards, "status", "active", *words]
        )
        if answer == "lost":
            raise TakenOver(f"another delivery publishes run {hold.run_id}")
        return bool(answer == "done")

    async def _carried(self, root: str, commands: Sequence[Sequence[Value]]) -> list[Sequence[Value]]:
        """The same commands for one request: the values they set are brought to KV before, under names of their own."""
        ahead: list[Sequence[Value]] = []
        small: list[Sequence[Value]] = []
        for number, command in enumerate(commands):
            if command[0] != "SET":
                small.append(command)
                continue
            _, key, value = command
            carried = f"{root}:{number}"
            ahead.append(["SET", carried, value, "EX", WORK_KEPT_FOR_SECONDS])
            small += (["RENAME", carried, key], ["PERSIST", key])
        await self._kv.pipeline(ahead)
        return small


def _same(item: Item, kept: Kept | KeptDatabase) -> str:
    """Whether what was read is what was published last."""
    return "1" if kept.digest == item.digest else "0"


def _warnings(warnings: Sequence[str]) -> list[str]:
    """The warnings as a run's record keeps them."""
    return [json_text.encode(shortened(warning)) for warning in warnings]


def _no_redirect(what: str) -> str:
    return shortened(f"KV key redirects held what is no redirect, and was written anew without it: {what}")


def _files(text: Text | None) -> tuple[str, str]:
    return (" ".join(text.files), "1" if text.lacking else "0") if text else ("", "0")
