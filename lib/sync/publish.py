"""The end of a run: indexes, redirects and removals, published as one transaction."""

from collections.abc import Callable, Mapping

import msgspec

from lib.bundle.index import encode_page
from lib.bundle.redirects import update
from lib.log import Log
from lib.model import KeptSource
from lib.store.bundles import Bundles
from lib.store.keys import Keys
from lib.store.kv import Value
from lib.store.media import Files
from lib.store.memory import Memory, Remembered
from lib.store.runs import Run, Runs
from lib.sync.publication import Outcome, State, index_pages, settle, signature

TRIES = 8
WORDS_PER_COMMAND = 500
Command = list[Value]


class Publisher:
    """`now_iso` gives the time as a site reads it."""

    def __init__(
        self,
        runs: Runs,
        bundles: Bundles,
        memory: Memory,
        files: Files,
        keys: Keys,
        log: Log,
        now_iso: Callable[[], str],
    ) -> None:
        self._runs, self._bundles, self._memory, self._files = runs, bundles, memory, files
        self._keys, self._log, self._now_iso = keys, log, now_iso

    async def publish(self, run_id: str, run: Run) -> dict[str, Value]:
        """Publishes what a run has left, unless nothing changed; answers what the run's record gets to know."""
        found = await self._runs.found_sources(run_id)
        if not run.written and not run.dropping and await self._is_published(found):
            now = self._now_iso()
            await self._memory.remember_sources(
                {name: msgspec.structs.replace(memory, synced_at=now) for name, memory in found.items()}
            )
            return {}
        for _ in range(TRIES):
            remembered = await self._memory.everything()
            staged, metas, moved, drops = await self._bundles.outcome(run_id)
            outcome = Outcome(staged, {slug: _moved(value) for slug, value in moved.items()}, drops)
            state = settle(remembered.kept, remembered.databases, outcome)
            commands = await self._commands(remembered, state, metas, found)
            refused = state.refused if run.ask.exclusive else []
            commands += self._cleared(state, moved, refused)
            commands += await self._files.refiled(state.placed, _bundles_gone(state, refused))
            revisions = {name: remembered.revisions.get(name, 0) for name in remembered.sources | found}
            if await self._bundles.publish(revisions, commands):
                self._log.event("run.published", deleted=len(state.dropped), commands=len(commands))
                return {"deleted": len(state.dropped)}
        raise AssertionError("the kept pages changed under every attempt to publish their index")

    async def _is_published(self, found: Mapping[str, KeptSource]) -> bool:
        """Whether each source's index was written from the kept pages as they are now."""
        revisions = await self._memory.revisions()
        return all(memory.signatures and memory.revision == revisions.get(name, 0) for name, memory in found.items())

    async def _commands(
        self, remembered: Remembered, state: State, metas: Mapping[str, str], found: dict[str, KeptSource]
    ) -> list[Command]:
        commands = self._placed(state, metas)
        for name in remembered.sources | found:
            commands += await self._index(name, remembered, state, metas, found.get(name))
        commands += await self._redirects(state)
        return commands + self._removals(remembered, state)

    def _placed(self, state: State, metas: Mapping[str, str]) -> list[Command]:
        """Staged pages take their slugs."""
        keys = self._keys
        commands: list[Command] = []
        for id, page in state.placed.items():
            staged = keys.staged(id)
            commands.append(["RENAME", staged, keys.page(page.slug)])
            commands += [
                ["RENAME", f"{staged}:part:{number}", keys.part(page.slug, number)]
                for number in range(1, page.parts + 1)
            ]
            commands.append(["HSET", keys.kept, id, msgspec.json.encode(page).decode()])
            commands.append(["HSET", keys.metas, id, metas[id]])
            commands.append(["HSET", keys.slugs, page.slug, id])
        return commands

    def _cleared(self, state: State, moved: Mapping[str, str], refused: list[str]) -> list[Command]:
        """Nothing waits any more but, while another run is at work, the pages whose slugs it may yet give up."""
        keys = self._keys
        staged = [*state.placed, *refused]
        return [
            *_chunks(["SADD", keys.overdue], refused),
            *_chunks(["DEL"], [keys.staged(id) for id in refused]),
            *_chunks(["HDEL", keys.staged_pages], staged),
            *_chunks(["HDEL", keys.staged_metas], staged),
            *_chunks(["HDEL", keys.moved], list(moved)),
        ]

    async def _index(
        self,
        name: str,
        remembered: Remembered,
        state: State,
        metas: Mapping[str, str],
        found: KeptSource | None,
    ) -> list[Command]:
        """The pages of a source's index that changed, and what is remembered of the source."""
        before = remembered.sources.get(name)
        memory = found or before
        if memory is None:
            return []
        now = self._now_iso()
        pages = index_pages(state.kept, name)
        total = sum(map(len, pages))
        signatures = [signature(state.kept, ids, total) for ids in pages]
        published = before.signatures if before else []
        commands: list[Command] = []
        for number, ids in enumerate(pages, 1):
            if number <= len(published) and published[number - 1] == signatures[number - 1]:
                continue
            texts = await self._memory.metas([id for id in ids if id not in metas]) | dict(metas)
            items = [msgspec.Raw(texts[id].encode()) for id in ids]
            commands.append(["SET", self._keys.index(name, number), encode_page(items, now, total, len(pages))])
        commands += [["DEL", self._keys.index(name, number)] for number in range(len(pages) + 1, len(published) + 1)]
        memory = msgspec.structs.replace(
            memory,
            signatures=signatures,
            total=total,
            revision=remembered.revisions.get(name, 0),
            synced_at=now if found else memory.synced_at,
        )
        return [*commands, ["HSET", self._keys.sources, name, msgspec.json.encode(memory).decode()]]

    async def _redirects(self, state: State) -> list[Command]:
        if not (state.redirects or state.dropped or state.left):
            return []
        before = await self._bundles.redirects()
        slugs = {page.slug for page in state.kept.values()}
        after = update(before, state.redirects, slugs.__contains__)
        return [["SET", self._keys.redirects, msgspec.json.encode(after).decode()]] if after != before else []

    def _removals(self, remembered: Remembered, state: State) -> list[Command]:
        """What nobody reaches any more; it comes last."""
        keys = self._keys
        bundles = [
            key
            for slug, parts in state.left.items()
            for key in (keys.page(slug), *(keys.part(slug, number) for number in range(1, parts + 1)))
        ]
        bundles += [keys.database(id) for id in state.databases]
        return [
            *_chunks(["DEL"], bundles),
            *_chunks(["HDEL", keys.slugs], list(state.left)),
            *_chunks(["HDEL", keys.kept], state.dropped),
            *_chunks(["HDEL", keys.metas], state.dropped),
            *_chunks(["SREM", keys.overdue], [id for id in state.dropped if id in remembered.overdue]),
            *_chunks(["HDEL", keys.databases], state.databases),
        ]


def _bundles_gone(state: State, refused: list[str]) -> list[str]:
    """By the names under which the store knows the files of bundles."""
    return [
        *(f"page:{id}" for id in state.dropped),
        *(f"staged:{id}" for id in refused),
        *(f"db:{id}" for id in state.databases),
    ]


def _moved(value: str) -> tuple[str, int]:
    id, _, parts = value.partition(":")
    return id, int(parts)


def _chunks(command: Command, words: list[str]) -> list[Command]:
    return [[*command, *words[at : at + WORDS_PER_COMMAND]] for at in range(0, len(words), WORDS_PER_COMMAND)]
