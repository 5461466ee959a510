"""Where a hosted file is, as KV knows it: who asks Notion, who waits, and what is known to all for
a while."""

import pytest

from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Errand, FileLookup, Files
from tests.store.conftest import Clock

FILE, OTHER = "0" * 16, "1" * 16
PAGE = "page-id"


class Shelf:
    """Files, and what published bundles name."""

    def __init__(self, kv: Kv, keys: Keys, clock: Clock) -> None:
        self.files, self._kv, self._keys, self._clock = Files(kv, keys), kv, keys, clock

    async def publish(self, *tokens: str, bundle: str = f"page:{PAGE}") -> None:
        await self._kv.command("HSET", self._keys.files, bundle, " ".join(tokens))
        for token in tokens:
            await self._kv.command("ZADD", self._keys.named, 0, f"{token} {bundle}")

    async def find(
        self, holder: str, lock: str, *, alone: bool = False, is_draft: bool = False
    ) -> FileLookup:
        return await self.files.find_file(
            holder, FILE, lock, self._clock.time, 15, alone=alone, is_draft=is_draft
        )

    async def keep(
        self, errand: Errand, lock: str, holder: str, walk: tuple[str, float] | None = None
    ) -> None:
        now = self._clock.time
        addresses = {f"{holder}&file={FILE}": f"https://x/{holder}"}
        await self.files.keep_fresh(errand, lock, addresses, now, now + 60, walk=walk)


@pytest.fixture
def shelf(kv: Kv, keys: Keys, clock: Clock) -> Shelf:
    return Shelf(kv, keys, clock)


async def errand(
    shelf: Shelf, holder: str, lock: str, outcome: str, *, alone: bool = False
) -> Errand:
    place = await shelf.find(holder, lock, alone=alone)
    assert place.outcome == outcome
    assert place.errand is not None
    return place.errand


async def test_of_those_who_ask_for_files_of_one_page_one_looks_for_all(
    shelf: Shelf, clock: Clock
) -> None:
    await shelf.publish(
        *(f"block={name}&file={FILE}" for name in "abc"), f"page={PAGE}&file={FILE}"
    )

    first = await errand(shelf, "block=a", "one", "walk")
    assert (first.owner_id, first.walk, first.count) == (PAGE, "", 3)
    assert await errand(shelf, "block=a", "one", "walk") == first  # its answer was lost
    assert (await shelf.find("block=b", "two")).outcome == "wait"
    await shelf.keep(first, "one", "block=b", ("[2]", clock.time + 60))

    assert await shelf.find("block=b", "two") == FileLookup(
        "fresh", "https://x/block=b", clock.time + 60
    )
    second = await errand(shelf, "block=c", "three", "walk")
    assert second.walk == "[2]"
    await shelf.keep(second, "three", "block=b", ("", clock.time + 60))
    assert (await errand(shelf, "block=c", "three", "fetch")).walk is None


async def test_a_walk_begins_anew_after_its_end(shelf: Shelf, clock: Clock) -> None:
    await shelf.publish(f"block=a&file={FILE}", f"block=b&file={FILE}")
    await shelf.keep(
        await errand(shelf, "block=a", "one", "walk"), "one", "block=a", ("", clock.time + 30)
    )
    clock.time += 30

    assert (await errand(shelf, "block=b", "two", "walk")).walk == ""


@pytest.mark.parametrize("bundle", [f"page:{PAGE}", f"staged:{PAGE}"])
async def test_a_page_with_one_file_in_its_blocks_is_not_looked_through(
    shelf: Shelf, bundle: str
) -> None:
    await shelf.publish(f"block=a&file={FILE}", f"page={PAGE}&file={FILE}", bundle=bundle)

    assert (await errand(shelf, "block=a", "one", "fetch")).owner_id == PAGE
    assert (await errand(shelf, f"page={PAGE}", "one", "fetch")).owner_id == PAGE


async def test_who_asks_alone_waits_for_nobody_else(shelf: Shelf) -> None:
    await shelf.publish(f"block=a&file={FILE}", f"block=b&file={FILE}")
    await errand(shelf, "block=a", "one", "walk")

    await errand(shelf, "block=b", "two", "fetch", alone=True)
    assert (await shelf.find("block=b", "three", alone=True)).outcome == "wait"


async def test_each_row_of_a_database_is_asked_for_by_itself(shelf: Shelf) -> None:
    await shelf.publish(f"page=a&file={FILE}", f"page=b&file={FILE}", bundle="db:database-id")

    first, second = [await errand(shelf, f"page={row}", row, "fetch") for row in "ab"]
    assert first.owner_id == second.owner_id == "database-id"
    assert first.lock != second.lock


async def test_while_notion_is_away_nobody_asks(shelf: Shelf) -> None:
    await shelf.publish(f"block=a&file={FILE}", f"block=b&file={FILE}")
    await shelf.files.keep_away(await errand(shelf, "block=a", "one", "walk"), 42)

    away = await shelf.find("block=b", "two")
    assert away.outcome == "away"
    assert 41 < away.wait_seconds <= 42


async def test_what_is_known_of_one_file_lives_no_shorter_for_what_is_learnt_of_another(
    shelf: Shelf, kv: Kv, keys: Keys, clock: Clock
) -> None:
    await shelf.publish(f"block=a&file={FILE}")
    found = await errand(shelf, "block=a", "one", "fetch")
    for seconds in (3000, 60):
        until = clock.time + seconds
        await shelf.files.keep_fresh(
            found, "one", {f"block=a&file={OTHER}": "x"}, clock.time, until
        )

    assert 2900 < await kv.command("PTTL", keys.fresh(PAGE)) / 1000 <= 3000


async def test_what_nobody_publishes_is_unknown(shelf: Shelf) -> None:
    await shelf.publish(f"block=a&file={OTHER}")

    assert await shelf.find("block=a", "one") == FileLookup("unknown")


@pytest.mark.parametrize("bundle", [f"page:{PAGE}", f"db:{PAGE}"])
async def test_a_file_of_a_draft_is_found_as_one_only(shelf: Shelf, bundle: str) -> None:
    await shelf.publish(f"page=a&file={FILE}", bundle=bundle)
    await shelf.publish(f"page=b&file={FILE}", bundle=f"draft:{PAGE}")
    await shelf.publish(f"page=c&file={FILE}", bundle=bundle)
    await shelf.publish(f"page=c&file={FILE}", bundle=f"draft:{PAGE}")

    outcomes = {
        name: tuple(
            [
                (await shelf.find(f"page={name}", name, is_draft=kind)).outcome
                for kind in (False, True)
            ]
        )
        for name in "abc"
    }
    assert outcomes == {
        "a": ("fetch", "unknown"),
        "b": ("unknown", "fetch"),
        "c": ("fetch", "fetch"),
    }
