"""Which copies of files nobody names any more, however many there are."""

import msgspec
import pytest

from lib.model import Copy
from lib.store import copies as copies_module
from lib.store.copies import GRACE_SECONDS, Copies
from lib.store.keys import Keys
from lib.store.kv import Kv
from tests.store.conftest import Clock


async def test_of_more_files_than_one_answer_holds_only_the_unnamed_go(
    kv: Kv, keys: Keys, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies_module, "SCAN_COUNT", 10)
    files = [f"{number:016x}" for number in range(25)]
    for file in files:
        text = msgspec.json.encode(Copy(f"https://blob.example/{file}")).decode()
        await kv.command("HSET", keys.copies("s"), file, text)
        if file != files[7]:
            await kv.command("HSET", keys.files, f"page:{file}", f"block=b&file={file}")
    copies = Copies(kv, keys, "s", clock)

    assert await copies.unnamed() == []
    clock.time += GRACE_SECONDS
    assert await copies.unnamed() == [f"https://blob.example/{files[7]}"]
    assert set(await copies.of(files)) == {*files} - {files[7]}
