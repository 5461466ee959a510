"""The end of a run: indexes, redirects and removals, published as one transaction."""

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from lib import json_text
from lib.bundle import encoding
from lib.bundle.index import encode_page
from lib.bundle.redirects import update
from lib.errors import TakenOver
from lib.log import Log
from lib.model import ITEMS_PER_PAGE, LOST_INDEX, Kept, KeptSource, Known
from lib.store.bundles import Bundles
from lib.store.healing import name_page
from lib.store.keys import Keys
from lib.store.kv import Value
from lib.store.media import Files
from lib.store.memory import Memory
from lib.store.runs import WORK_KEPT_FOR_SECONDS, Hold, Run, Runs, warning_facts
from lib.sync.publication import Outcome, State, index_pages, settle, signature

TRIES = 8
WORDS_PER_COMMAND = 500
Command = list[Value]


class Odd(msgspec.Struct):
    """What a publication met in KV that can't be read, and puts right."""

    warnings: list[str]
    metas: dict[str, str] = {}
    """Metas that were lost, as the pages' bundles have them."""
    pages: dict[str, Kept] = {}
    """Pages that no index may show, for their metas are lost for good: they have to be read again."""


class Rewriting(msgspec.Struct, frozen=True):
    """What is written though it has not changed: the indexes of these sources.

    `lost` are those of which KV has lost a page. `unchanged` collects the keys that are written as they were, of
    which the site need not hear.
    """

    sources: frozenset[str]
    lost: frozenset[str]
    unchanged: set[str]


class Publisher:
    """No value is larger than `max_value_bytes`; `now_iso` gives the time as a site reads it."""

    def __init__(
        self,
        runs: Runs,
        bundles: Bundles,
        memory: Memory,
        files: Files,
        keys: Keys,
        log: Log,
        max_value_bytes: int,
        now_iso: Callable[[], str],
    ) -> None:
        self._runs, self._bundles, self._memory, self._files = runs, bundles, memory, files
        self._keys, self._log, self._max_value_bytes, self._now_iso = keys, log, max_value_bytes, now_iso

    async def publish(self, hold: Hold, run: Run, *, is_end: bool = True) -> None:
        """Publish what a run has left, unless nothing changed; its record gets to know how much was dropped.

        Before its end, while some pages are still to be tried again, the run shows what it has: nothing is remembered
        of the sources yet, and staged pages go on waiting for their slugs. Raises `TakenOver`.
        """
        listed = await self._runs.found_sources(hold.run_id)
        is_changed = bool(run.written or run.dropping)
        if not is_end and not is_changed:
            return
        if not is_changed and not run.force and await self._is_published(listed):
            now = self._now_iso()
            await self._memory.remember_sources(
                {name: msgspec.structs.replace(memory, synced_at=now) for name, memory in listed.items()}
            )
            return
        told: dict[str, None] = {}
        for _ in range(TRIES):
            known = await self._memory.everything()
            found = listed if is_end else _so_far(listed, known)
            lost = frozenset(name for name, memory in listed.items() if is_end and memory.signatures == LOST_INDEX)
            rewriting = Rewriting(frozenset(listed) if run.force and is_end else lost, lost, set())
            waiting = await self._bundles.outcome(hold.run_id)
            moved = {slug: _moved(value) for slug, value in waiting.moved.items()}
            state = settle(known.kept, known.databases, Outcome(waiting.staged, moved, waiting.drops))
            placed = {id: waiting.metas[id] for id in state.placed}  # refused pages don't get the slugs in theirs
            odd = Odd([*told, *known.broken, *waiting.broken])
            commands = await self._commands(known, state, placed, found, rewriting, odd)
            commands += await self._noted(hold.run_id, state, commands, rewriting)
            refused = waiting.lost | (state.refused if run.ask.exclusive and is_end else {})
            commands += self._cleared(state, waiting.moved, refused)
            commands += await self._put_right(hold.run_id, odd)
            told |= dict.fromkeys(odd.warnings)
            commands += await self._files.refiled(state.placed, _bundles_gone(state, [*refused, *state.overtaken]))
            revisions = {name: known.revisions.get(name, 0) for name in known.sources | found}
            # Sent again because its answer was lost, the transaction finds other revisions than it expects.
            commands += [["HINCRBY", self._keys.revisions, name, 1] for name in revisions]
            if await self._bundles.publish(hold, revisions, commands):
                self._log.event("run.published", deleted=len(state.dropped), commands=len(commands))
                return
            record = await self._runs.read(hold.run_id)
            if record is None or record.status != "active":
                raise TakenOver(f"run {hold.run_id} has ended: another slice has published it")
        raise AssertionError("the kept pages changed under every attempt to publish their index")

    async def _is_published(self, found: Mapping[str, KeptSource]) -> bool:
        """Whether each source's index was written from the kept pages as they are now."""
        revisions = await self._memory.revisions()
        return all(
            memory.signatures not in ([], LOST_INDEX) and memory.revision == revisions.get(name, 0)
            for name, memory in found.items()
        )

    async def _commands(
        self,
        known: Known,
        state: State,
        metas: Mapping[str, str],
        found: dict[str, KeptSource],
        rewriting: Rewriting,
        odd: Odd,
    ) -> list[Command]:
        commands = self._placed(state, metas)
        for name in known.sources | found:
            commands += await self._index(name, known, state, metas, found.get(name), rewriting, odd)
        commands += await self._redirects(state, odd)
        return commands + self._foreign(state) + self._removals(known, state)

    def _placed(self, state: State, metas: Mapping[str, str]) -> list[Command]:
        """Staged pages take their slugs."""
        keys = self._keys
        commands: list[Command] = []
        for id, page in state.placed.items():
            names = zip(_keys_of(keys.staged(id), page.parts), _keys_of(keys.page(page.slug), page.parts), strict=True)
            commands += [["RENAME", staged, published] for staged, published in names]
            commands.append(["HSET", keys.kept, id, json_text.encode(page)])
            commands.append(["HSET", keys.metas, id, metas[id]])
            commands.append(["HSET", keys.slugs, page.slug, id])
        return commands

    async def _noted(self, run_id: str, state: State, commands: list[Command], rewriting: Rewriting) -> list[Command]:
        """What the run's record gets to know, and what its site is told of: staged pages that take their slugs, pages
        around a database that changed, indexes, redirects, and the slugs that are free now."""
        run = self._keys.run(run_id)
        databases = {name.removeprefix("db:") for name in await self._bundles.changed(run_id) if name.startswith("db:")}
        written = [str(key) for verb, key, *_ in commands if verb == "SET" and key not in rewriting.unchanged]
        touched = [key.removeprefix(self._keys.prefix) for key in written]
        around = [f"page:{page.slug}" for page in state.kept.values() if databases.intersection(page.databases)]
        placed = [f"page:{page.slug}" for page in state.placed.values()]
        removed = [*(f"page:{slug}" for slug in state.left), *(f"db:{id}" for id in state.databases)]
        return [
            *_chunks(["SADD", f"{run}:changed"], [*touched, *around, *placed]),
            *_chunks(["SADD", f"{run}:removed"], removed),
            ["EXPIRE", f"{run}:changed", WORK_KEPT_FOR_SECONDS],
            ["EXPIRE", f"{run}:removed", WORK_KEPT_FOR_SECONDS],
            ["HINCRBY", run, "deleted", len(state.dropped)],
            ["HINCRBY", run, "touched", len(touched)],
        ]

    def _foreign(self, state: State) -> list[Command]:
        """Which pages outside hold originals of what is published: an edit there is one here."""
        holders = {holder for page in state.kept.values() for holder in page.copied.values() if holder}
        return [["DEL", self._keys.foreign], *_chunks(["SADD", self._keys.foreign], sorted(holders - set(state.kept)))]

    def _cleared(self, state: State, moved: Mapping[str, str], refused: dict[str, int]) -> list[Command]:
        """Nothing waits any more but, while another run is at work, the pages whose slugs it may yet give up."""
        keys = self._keys
        forgotten = refused | state.overtaken
        settled = [*state.placed, *forgotten]
        bundles = [key for id, parts in forgotten.items() for key in _keys_of(keys.staged(id), parts)]
        return [
            *_chunks(["SADD", keys.overdue], list(refused)),
            *_chunks(["DEL"], bundles),
            *_chunks(["HDEL", keys.staged_pages], settled),
            *_chunks(["HDEL", keys.staged_metas], settled),
            *_chunks(["HDEL", keys.moved], list(moved)),
        ]

    async def _index(
        self,
        name: str,
        known: Known,
        state: State,
        metas: Mapping[str, str],
        found: KeptSource | None,
        rewriting: Rewriting,
        odd: Odd,
    ) -> list[Command]:
        """The pages of a source's index that changed, all of them where it is rewritten, and what is known of it.

        Where a page comes out larger than one value may be, all of them get half as many rows; a meta by itself is
        smaller than the bundle that brought it.
        """
        before = known.sources.get(name)
        memory = found or before
        if memory is None:
            return []
        published = before.signatures if before else []
        shown = [] if name in rewriting.sources else published
        per_page = before.items_per_page if before else ITEMS_PER_PAGE
        read = dict(metas)
        kept = state.kept
        while True:
            pages = index_pages(kept, name, per_page)
            total = sum(map(len, pages))
            signatures = [signature(kept, ids, total) for ids in pages]
            changed = {at: ids for at, ids in enumerate(pages) if signatures[at : at + 1] != shown[at : at + 1]}
            if lost := await self._read_metas({id for ids in changed.values() for id in ids}, kept, read, odd):
                kept = {id: page for id, page in kept.items() if id not in lost}
                continue
            now = self._now_iso()
            items = {at: [msgspec.Raw(read[id].encode()) for id in ids] for at, ids in changed.items()}
            texts = {at: encode_page(some, now, total, len(pages)) for at, some in items.items()}
            if per_page == 1 or all(encoding.size(text) <= self._max_value_bytes for text in texts.values()):
                break
            per_page //= 2
        memory = msgspec.structs.replace(
            memory,
            signatures=signatures,
            items_per_page=per_page,
            total=total,
            revision=known.revisions.get(name, 0) + 1,
            synced_at=now if found else memory.synced_at,
        )
        if name not in rewriting.lost:
            same = (at for at in texts if signatures[at : at + 1] == published[at : at + 1])
            rewriting.unchanged.update(self._keys.index(name, at + 1) for at in same)
        commands: list[Command] = [["SET", self._keys.index(name, at + 1), text] for at, text in texts.items()]
        commands += [["DEL", self._keys.index(name, at + 1)] for at in range(len(pages), len(published))]
        return [*commands, ["HSET", self._keys.sources, name, json_text.encode(memory)]]

    async def _read_metas(
        self, ids: Collection[str], kept: Mapping[str, Kept], read: dict[str, str], odd: Odd
    ) -> set[str]:
        """Add the metas of pages to those that were `read`; return the pages that have none which may be shown."""
        wanted = {id: kept[id] for id in ids if id not in read}
        metas, mended = await self._memory.index_items(wanted)
        lost = {id: page for id, page in wanted.items() if id not in metas}
        read |= metas
        odd.metas |= mended
        odd.pages |= lost
        odd.warnings += [name_page(id, page.title) for id, page in lost.items()]
        return set(lost)

    async def _put_right(self, run_id: str, odd: Odd) -> list[Command]:
        """What KV holds of pages and can't be read: metas come from the bundles, a page without one is read again."""
        keys = self._keys
        commands: list[Command] = [["HSET", keys.metas, id, meta] for id, meta in odd.metas.items()]
        for id, page in odd.pages.items():
            unread = msgspec.structs.replace(page, version=0, digest="")
            commands += [["HSET", keys.kept, id, json_text.encode(unread)], ["SADD", keys.overdue, id]]
        if warnings := list(dict.fromkeys(odd.warnings)):
            facts = warning_facts(warnings, await self._runs.read(run_id))
            commands.append(["HSET", keys.run(run_id), *(word for fact in facts.items() for word in fact)])
        return commands

    async def _redirects(self, state: State, odd: Odd) -> list[Command]:
        if not (state.redirects or state.dropped or state.left):
            return []
        before, foreign = await self._bundles.redirects()
        odd.warnings += foreign
        slugs = {page.slug for page in state.kept.values()}
        after = update(before, state.redirects, slugs.__contains__)
        return [["SET", self._keys.redirects, json_text.encode(after)]] if foreign or after != before else []

    def _removals(self, known: Known, state: State) -> list[Command]:
        """What nobody reaches any more; it comes last."""
        keys = self._keys
        bundles = [key for slug, parts in state.left.items() for key in _keys_of(keys.page(slug), parts)]
        bundles += [keys.part(slug, number) for slug, numbers in state.spare.items() for number in numbers]
        bundles += [keys.database(id) for id in state.databases]
        items = [*state.dropped, *(f"db:{id}" for id in state.databases)]
        return [
            *_chunks(["DEL"], bundles),
            *_chunks(["HDEL", keys.slugs], list(state.left)),
            *_chunks(["HDEL", keys.kept], state.dropped),
            *_chunks(["HDEL", keys.metas], state.dropped),
            *_chunks(["SREM", keys.overdue], [item for item in items if item in known.overdue]),
            *_chunks(["HDEL", keys.databases], state.databases),
        ]


def _so_far(listed: Mapping[str, KeptSource], known: Known) -> dict[str, KeptSource]:
    """What is remembered of the sources before a run has come to its end: nothing that it found out."""
    unknown = {"listed_at": 0.0, "watermark": 0.0, "rows": 0, "schema": ""}
    return {
        name: known.sources.get(name) or msgspec.structs.replace(found, **unknown) for name, found in listed.items()
    }


def _bundles_gone(state: State, forgotten: Iterable[str]) -> list[str]:
    """By the names under which the store knows the files of bundles."""
    return [
        *(f"page:{id}" for id in state.dropped),
        *(f"staged:{id}" for id in forgotten),
        *(f"db:{id}" for id in state.databases),
    ]


def _moved(value: str) -> tuple[str, int]:
    id, _, parts = value.partition(":")
    return id, int(parts)


def _keys_of(bundle: str, parts: int) -> list[str]:
    """The keys of a bundle with so many parts."""
    return [bundle, *(f"{bundle}:part:{number}" for number in range(1, parts + 1))]


def _chunks(command: Command, words: list[str]) -> list[Command]:
    return [[*command, *words[at : at + WORDS_PER_COMMAND]] for at in range(0, len(words), WORDS_PER_COMMAND)]
