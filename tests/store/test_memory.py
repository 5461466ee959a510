"""What KV remembers, read in as few commands as there can be."""

import msgspec
import pytest

from lib.model import Kept, Rank
from lib.store import memory as memory_module
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.memory import Memory

TIME = "2026-06-01T00:00:00.000Z"
PAGE = Kept("", "pages", title="", created=TIME, edited=TIME, read_at=0.0, began_at=0.0, digest="", rank=Rank("", TIME))


async def test_more_pages_than_one_answer_holds_are_all_remembered(
    kv: Kv, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_module, "SCAN_COUNT", 10)
    pages = {f"page-{number}": msgspec.structs.replace(PAGE, slug=f"at-{number}") for number in range(25)}
    words = [word for id, kept in pages.items() for word in (id, msgspec.json.encode(kept).decode())]
    await kv.command("HSET", keys.kept, *words)
    before = kv.commands

    remembered = await Memory(kv, keys).everything()

    assert remembered.kept == pages
    assert kv.commands - before == 5 + 2


async def test_more_pages_than_one_request_names_are_all_found(
    kv: Kv, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_module, "METAS_PER_READ", 10)
    metas = {f"page-{number}": f"meta {number}" for number in range(25)}
    await kv.command("HSET", keys.metas, *(word for pair in metas.items() for word in pair))

    assert await Memory(kv, keys).metas(["nobody", *metas, "nobody else"]) == metas
