"""Where `/api/media` sends who asks for a file, and what it says when it can't, over the real store."""

import pytest

from lib.bundle.media import short
from lib.errors import Refused, TryLater
from lib.media.address import LOCK_SECONDS, PAUSES_SECONDS, Location, Locator, Wanted
from lib.model import JSON
from lib.notion.files import FileHosts
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Files
from tests.notion.stage import Clock, Stage, client, error, new_id

HOST = "files.example"


class Door:
    """`/api/media` over a workspace: the files that `name` names stand in a published bundle."""

    def __init__(self, kv: Kv) -> None:
        self.kv, self.keys, self.stage, self.clock = kv, Keys(), Stage(), Clock()
        self.files = Files(kv, self.keys)

    def locator(self) -> Locator:
        return Locator(
            self.files,
            FileHosts([HOST]),
            lambda: client(self.stage.handle, self.clock),
            now=self.clock.now,
            sleep=self.clock.sleep,
            new_id=new_id,
        )

    async def name(self, kind: str, url: str) -> Wanted:
        wanted = Wanted(kind, new_id(), short(url))
        await self.kv.command("ZADD", self.keys.named, 0, f"{wanted.holder}&file={wanted.file} page:x")
        return wanted

    async def block(self, url: str, **more: str) -> Wanted:
        """A picture whose address Notion signs as `url?signed`."""
        wanted = await self.name("block", url)
        file = {"url": f"{url}?signed", **more}
        self.stage.objects[f"blocks/{wanted.id}"] = self.stage.block("image", id=wanted.id, type="file", file=file)
        return wanted


@pytest.fixture
def door(kv: Kv) -> Door:
    return Door(kv)


async def test_an_address_whose_end_notion_does_not_tell_is_kept_for_less_than_an_hour(door: Door) -> None:
    wanted = await door.block(f"https://{HOST}/a.png")

    assert await door.locator().locate(wanted) == Location(f"https://{HOST}/a.png?signed", 3300)


async def test_nobody_is_sent_to_a_host_that_the_owner_did_not_name(door: Door) -> None:
    wanted = await door.block("https://elsewhere.example/a.png")

    for _ in range(2):  # as it comes from Notion, and as it is remembered
        with pytest.raises(Refused, match="NOTION_FILE_HOSTS") as refusal:
            await door.locator().locate(wanted)
        assert (refusal.value.status, "elsewhere" in str(refusal.value)) == (404, False)


async def test_a_file_beyond_what_a_page_shows_of_a_rollup_is_found(door: Door) -> None:
    url = f"https://{HOST}/the-26th.png"
    wanted = await door.name("page", url)
    shown: list[JSON] = [{"type": "files", "files": []} for _ in range(25)]
    rollup = {"id": "r%3Ax", "type": "rollup", "rollup": {"type": "array", "array": shown, "function": "show_original"}}
    door.stage.objects[f"pages/{wanted.id}"] = {"object": "page", "id": wanted.id, "properties": {"Pictures": rollup}}
    items = [*shown, {"type": "files", "files": [{"name": "", "type": "file", "file": {"url": f"{url}?signed"}}]}]
    door.stage.objects[f"pages/{wanted.id}/properties/r:x"] = property_items(items)

    assert (await door.locator().locate(wanted)).address == f"{url}?signed"


@pytest.mark.parametrize(("status", "code"), [(404, "object_not_found"), (400, "validation_error")])
async def test_a_file_whose_holder_notion_does_not_show_is_not_found_and_asked_for_once(
    door: Door, status: int, code: str
) -> None:
    wanted = await door.block(f"https://{HOST}/a.png")
    door.stage.refused[f"blocks/{wanted.id}"] = error(status, code)

    for _ in range(2):
        with pytest.raises(Refused, match="Notion does not have this file") as refusal:
            await door.locator().locate(wanted)
        assert refusal.value.status == 404
    assert door.stage.asked == [f"blocks/{wanted.id}"]


async def test_a_trashed_page_gives_its_files_away_no_more(door: Door) -> None:
    url = f"https://{HOST}/cover.png"
    wanted = await door.name("page", url)
    cover = {"type": "file", "file": {"url": f"{url}?signed"}}
    page: JSON = {"object": "page", "id": wanted.id, "in_trash": True, "cover": cover, "properties": {}}
    door.stage.objects[f"pages/{wanted.id}"] = page

    with pytest.raises(Refused):
        await door.locator().locate(wanted)


async def test_who_waits_in_vain_for_anothers_answer_is_told_to_come_back(door: Door) -> None:
    wanted = await door.block(f"https://{HOST}/a.png")
    place = await door.files.find(wanted.holder, wanted.file, "another's lock", door.clock.now(), LOCK_SECONDS)
    assert place.outcome == "fetch"

    with pytest.raises(TryLater) as trouble:
        await door.locator().locate(wanted)

    assert trouble.value.retry_after_seconds == 1.0
    assert (tuple(door.clock.slept), door.stage.asked) == (PAUSES_SECONDS, [])


def property_items(items: list[JSON]) -> JSON:
    return {
        "object": "list",
        "results": [{"object": "property_item", "id": "r%3Ax", **item} for item in items],
        "has_more": False,
        "next_cursor": None,
        "property_item": {"id": "r%3Ax", "type": "rollup", "rollup": {"type": "array", "function": "show_original"}},
    }
