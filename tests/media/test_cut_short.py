"""A file that stands where Notion cut a property short, over Notion's own answers."""

from lib.bundle.media import short
from lib.media.address import Locator, Wanted
from lib.model import JSON
from lib.notion.files import FileHosts
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.media import Files
from tests.notion.stage import Clock, Stage, client, new_id

HOST = "files.example"
FILE = f"https://{HOST}/the-26th.png"


async def test_a_file_is_found_though_its_page_shows_no_file_at_all(kv: Kv) -> None:
    stage, clock, keys = Stage(), Clock(), Keys()
    wanted = Wanted("page", new_id(), short(FILE))
    await kv.command("ZADD", keys.named, 0, f"{wanted.holder}&file={wanted.file} page:x")
    shown: list[JSON] = [{"type": "files", "files": []} for _ in range(25)]
    last: JSON = {
        "type": "files",
        "files": [{"name": "", "type": "file", "file": {"url": f"{FILE}?signed"}}],
    }
    rollup = {"type": "array", "array": [], "function": "show_original"}
    page = {"id": "pics", "type": "rollup", "rollup": {**rollup, "array": shown}}
    stage.objects[f"pages/{wanted.id}"] = {
        "object": "page",
        "id": wanted.id,
        "properties": {"Pictures": page},
    }
    stage.objects[f"pages/{wanted.id}/properties/pics"] = {
        "object": "list",
        "results": [{"object": "property_item", "id": "pics", **item} for item in [*shown, last]],
        "has_more": False,
        "next_cursor": None,
        "property_item": {"id": "pics", "type": "rollup", "rollup": rollup},
    }
    locator = Locator(
        Files(kv, keys),
        FileHosts([HOST]),
        FileHosts([]),
        lambda: client(stage.handle, clock),
        now=clock.now,
        sleep=clock.sleep,
        new_id=new_id,
    )

    assert (await locator.locate_file(wanted)).address == f"{FILE}?signed"
