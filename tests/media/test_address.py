"""Where a hosted file is right now: an address for a while, a refusal, or a time to come back."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from lib.bundle.media import short
from lib.errors import Hopeless, NotionAway, Refused, SyncError, TryLater, Unreadable
from lib.media.address import PAUSES_SECONDS, Location, Locator, Wanted, wanted_of
from lib.media.walk import FileWalk
from lib.model import JSON
from lib.notion.client import NotionClient
from lib.notion.files import FileHosts
from lib.store.hasty import KvSilent
from lib.store.media import Errand, FileLookup, Files

ID = "1c0ffee0-0000-4000-8000-000000000001"
HOST = "files.notion.example"
OVEN, BREAD = f"https://{HOST}/oven.jpg", f"https://{HOST}/bread.jpg"
NOW = 1_780_000_000.0
IN_AN_HOUR = "2026-05-28T21:26:40.000Z"
IN_HALF_AN_HOUR = "2026-05-28T20:56:40.000Z"


class KnownFiles:
    """What KV says at one look after another, the last one for ever; and what is kept there."""

    def __init__(self, *places: FileLookup) -> None:
        self.places = list(places)
        self.alone: list[bool] = []
        self.looks_for_copies = True
        self.fresh: tuple[Errand, Mapping[str, str], float] | None = None
        self.walk: tuple[str, float] | None = None
        self.away: float | None = None

    async def find_file(
        self,
        holder: str,
        file: str,
        lock: str,
        now: float,
        lock_seconds: float,
        *,
        alone: bool = False,
        is_draft: bool = False,
    ) -> FileLookup:
        self.alone.append(alone)
        if not self.looks_for_copies:
            return FETCH
        return self.places.pop(0) if len(self.places) > 1 else self.places[0]

    def without_copies(self) -> "KnownFiles":
        self.looks_for_copies = False
        return self

    async def keep_fresh(
        self,
        errand: Errand,
        lock: str,
        addresses: Mapping[str, str],
        now: float,
        until: float,
        *,
        walk: tuple[str, float] | None = None,
    ) -> None:
        self.fresh, self.walk = (errand, addresses, until), walk or self.walk

    async def keep_away(self, errand: Errand, seconds: float) -> None:
        self.away = seconds


class Notion:
    """One holder, or why it can't be read; its clock is `behind` ours."""

    def __init__(self, holder: JSON | SyncError, behind: float = 0.0) -> None:
        self.holder, self.behind = holder, behind
        self.asked: list[str] = []

    async def get(self, path: str, query: JSON | None = None) -> JSON:
        self.asked.append(path)
        if isinstance(self.holder, SyncError):
            raise self.holder
        return self.holder

    def notion_time(self, t0: float) -> float:
        return t0 - self.behind


def image(url: str, expires: str | None = IN_AN_HOUR) -> JSON:
    return {
        "type": "image",
        "image": {
            "type": "file",
            "file": {"url": f"{url}?X-Amz-Signature=0f", "expiry_time": expires},
        },
    }


def wanted(url: str = OVEN) -> Wanted:
    return Wanted("block", ID, short(url))


def token(url: str, block: str = ID) -> str:
    return f"block={block}&file={short(url)}"


class Stage:
    """A locator, and the pauses it made."""

    def __init__(self, files: KnownFiles, notion: Notion) -> None:
        self.slept: list[float] = []
        self._locator = Locator(
            cast(Files, files),
            FileHosts([HOST]),
            FileHosts(["copies.example"]),
            lambda: cast(NotionClient, notion),
            now=lambda: NOW,
            sleep=self._sleep,
            new_id=lambda: "lock_1",
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def locate(self, wanted: Wanted) -> Location:
        return await self._locator.locate_file(wanted)


ERRAND = Errand("owner", "lock")
FETCH = FileLookup("fetch", errand=ERRAND)
UNASKED = Notion(AssertionError("nobody may ask"))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["block", "page"])
def test_an_address_names_one_holder_and_one_file(kind: str) -> None:
    found = wanted_of({kind: ID, "file": "0123456789abcdef", "w": "640"})

    assert found == Wanted(kind, ID, "0123456789abcdef")
    assert found.holder == f"{kind}={ID}"


async def test_a_copy_is_where_it_is_for_an_hour() -> None:
    files = KnownFiles(FileLookup("copied", "https://copies.example/oven.jpg"))

    assert await Stage(files, UNASKED).locate(wanted()) == Location(
        "https://copies.example/oven.jpg", 3600, is_copy=True
    )


async def test_an_address_that_is_known_may_be_kept_until_its_end() -> None:
    files = KnownFiles(FileLookup("fresh", OVEN, NOW + 99.9))

    assert await Stage(files, UNASKED).locate(wanted()) == Location(OVEN, 99)


async def test_an_address_at_its_end_is_not_to_be_kept() -> None:
    files = KnownFiles(FileLookup("fresh", OVEN, NOW - 5))

    assert await Stage(files, UNASKED).locate(wanted()) == Location(OVEN, 0)


async def test_what_notion_says_is_kept_for_all_files_of_the_holder_until_the_first_signature_is_about_to_end() -> (
    None
):
    files = KnownFiles(FETCH)
    notion = Notion(
        image(OVEN) | {"icon": {"file": {"url": BREAD, "expiry_time": IN_HALF_AN_HOUR}}}
    )

    location = await Stage(files, notion).locate(wanted())

    assert location == Location(f"{OVEN}?X-Amz-Signature=0f", 1800 - 300)
    assert notion.asked == [f"blocks/{ID}"]
    assert files.fresh == (
        ERRAND,
        {token(OVEN): f"{OVEN}?X-Amz-Signature=0f", token(BREAD): BREAD},
        NOW + 1800 - 300,
    )


@pytest.mark.parametrize(
    ("expires", "behind", "seconds"),
    [
        (IN_AN_HOUR, 0.0, 3300),
        (
            IN_HALF_AN_HOUR,
            60.0,
            1560,
        ),  # its clock is a minute behind, so the signature lives a minute longer
        (IN_AN_HOUR, 60.0, 3300),  # none lives longer than an hour
        (None, 0.0, 3300),
        ("2026-05-28T20:26:41.000Z", 0.0, 1),
        ("2026-05-28T19:26:40.000Z", 0.0, 1),
    ],
)
async def test_how_long_an_address_is_good_for_is_judged_by_notions_clock(
    expires: str | None, behind: float, seconds: int
) -> None:
    notion = Notion(image(OVEN, expires), behind)

    assert (await Stage(KnownFiles(FETCH), notion).locate(wanted())).seconds == seconds


@pytest.mark.parametrize(
    "holder",
    [
        image(BREAD),
        image(OVEN) | {"in_trash": True},
        {"type": "divider", "divider": {}},
        Unreadable("not shared with the integration", 404),
    ],
)
async def test_that_notion_has_the_file_no_more_is_kept_too(holder: Any) -> None:
    files = KnownFiles(FETCH)

    with pytest.raises(Refused, match="does not have this file any more") as refused:
        await Stage(files, Notion(holder)).locate(wanted())

    assert refused.value.status == 404
    assert files.fresh is not None and files.fresh[1][token(OVEN)] == ""


async def test_a_file_that_no_published_page_has_is_not_found() -> None:
    with pytest.raises(Refused, match="no published page") as refused:
        await Stage(KnownFiles(FileLookup("unknown")), UNASKED).locate(wanted())

    assert refused.value.status == 404


async def test_nobody_is_sent_to_a_host_that_is_not_notions() -> None:
    stranger = "https://evil.example/oven.jpg"

    with pytest.raises(Refused, match="NOTION_FILE_HOSTS") as refused:
        await Stage(KnownFiles(FETCH), Notion(image(stranger))).locate(wanted(stranger))

    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [
        (NotionAway("no answer from Notion", 42.0), 42.0),
        (Hopeless("NOTION_TOKEN is revoked"), 10.0),
    ],
)
async def test_while_notion_is_away_nobody_asks_again_and_the_visitor_is_told_when_to_come_back(
    trouble: SyncError, seconds: float
) -> None:
    files = KnownFiles(FETCH)

    with pytest.raises(TryLater, match="come back in a moment") as later:
        await Stage(files, Notion(trouble)).locate(wanted())

    assert later.value.retry_after_seconds == files.away == seconds


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/oven.jpg",
        "https://copies.example.evil.example/oven.jpg",
        "https://copies.example@evil.example/oven.jpg",
        "http://copies.example/oven.jpg",
        "javascript:alert(1)",
        "//evil.example/oven.jpg",
        "https://copies.example\\@evil.example/oven.jpg",
        "",
    ],
)
async def test_c13_a_copy_elsewhere_is_no_copy(address: str) -> None:
    files = KnownFiles(FileLookup("copied", address))

    location = await Stage(files, Notion(image(OVEN))).locate(wanted())

    assert location.address.startswith(OVEN)
    assert not location.is_copy


async def test_a_visitor_who_comes_while_notion_is_away_is_told_how_long() -> None:
    with pytest.raises(TryLater) as later:
        await Stage(KnownFiles(FileLookup("away", wait_seconds=7.5)), UNASKED).locate(wanted())

    assert later.value.retry_after_seconds == 7.5


async def test_who_comes_second_waits_for_what_the_first_one_finds() -> None:
    stage = Stage(
        KnownFiles(FileLookup("wait"), FileLookup("wait"), FileLookup("fresh", OVEN, NOW + 60)),
        UNASKED,
    )

    assert await stage.locate(wanted()) == Location(OVEN, 60)
    assert stage.slept == [*PAUSES_SECONDS[:2]]


async def test_nobody_waits_for_ever() -> None:
    stage = Stage(KnownFiles(FileLookup("wait")), UNASKED)

    with pytest.raises(TryLater) as later:
        await stage.locate(wanted())

    assert later.value.retry_after_seconds == 1.0
    assert 10 < sum(stage.slept) < 15


async def test_a_page_is_read_to_the_end_of_its_properties_only_for_a_file_that_stands_there() -> (
    None
):
    files = [
        {"type": "files", "files": [image(f"{OVEN}/{number}")["image"]]} for number in range(26)
    ]
    shown = {"id": "pics", "type": "rollup", "rollup": {"type": "array", "array": files[:25]}}
    page = {"object": "page", "id": ID, "properties": {"Pictures": shown}}
    items = {
        "results": files,
        "has_more": False,
        "property_item": {"rollup": {"type": "array", "array": []}},
    }

    class Pages(Notion):
        async def get(self, path: str, query: JSON | None = None) -> JSON:
            await super().get(path)
            return page if path == f"pages/{ID}" else items

    first, last = Pages(page), Pages(page)
    await Stage(KnownFiles(FETCH), first).locate(Wanted("page", ID, short(f"{OVEN}/0")))
    await Stage(KnownFiles(FETCH), last).locate(Wanted("page", ID, short(f"{OVEN}/25")))

    assert first.asked == [f"pages/{ID}"]
    assert last.asked == [f"pages/{ID}", f"pages/{ID}/properties/pics"]


# All files of a page at once.

OTHER = "1c0ffee0-0000-4000-8000-000000000002"
BELOW = "1c0ffee0-0000-4000-8000-000000000003"


def walking(text: str = "", files: int = 6) -> FileLookup:
    return FileLookup("walk", errand=Errand("page-id", "lock", text, files))


def blocks(*results: Any, next_cursor: str | None = None) -> JSON:
    return {
        "object": "list",
        "results": list(results),
        "has_more": next_cursor is not None,
        "next_cursor": next_cursor,
    }


async def test_all_files_that_stand_beside_it_are_found_with_one_request() -> None:
    files = KnownFiles(walking())
    notion = Notion(
        blocks({"id": ID, **image(OVEN)}, {"id": OTHER, **image(BREAD, IN_HALF_AN_HOUR)})
    )

    location = await Stage(files, notion).locate(wanted())

    assert location == Location(f"{OVEN}?X-Amz-Signature=0f", 1500)
    assert notion.asked == ["blocks/page-id/children"]
    assert files.fresh is not None
    assert files.fresh[1] == {
        token(OVEN): f"{OVEN}?X-Amz-Signature=0f",
        token(BREAD, OTHER): f"{BREAD}?X-Amz-Signature=0f",
    }
    assert files.walk == ("", NOW + 1500)


async def test_the_next_one_goes_on_from_there_and_below() -> None:
    files = KnownFiles(walking())
    toggle = {"id": BELOW, "type": "toggle", "has_children": True}
    columns = {"id": OTHER, "type": "column_list", "has_children": True}

    await Stage(
        files, Notion(blocks({"id": ID, **image(OVEN)}, toggle, columns, next_cursor="c"))
    ).locate(wanted())
    assert files.walk is not None
    asked = FileWalk.read(files.walk[0])
    assert asked == FileWalk(2, [("page-id", "c"), (BELOW, "")], NOW + 3300)

    assert asked.request == ("blocks/page-id/children", {"page_size": 100, "start_cursor": "c"})
    step = asked.take(blocks({"id": OTHER, **image(BREAD)}))
    assert step.walk == FileWalk(1, [(BELOW, "")], NOW + 3300)
    assert step.walk.take(blocks()).walk.text == ""


async def test_a_walk_begins_anew_when_the_first_addresses_that_it_found_have_ended() -> None:
    begun = FileWalk(3, [("page-id", "c")], NOW + 60).text
    files = KnownFiles(walking(begun))

    await Stage(files, Notion(blocks({"id": ID, **image(OVEN)}, next_cursor="d"))).locate(wanted())

    assert files.walk == (FileWalk(2, [("page-id", "d")], NOW + 60).text, NOW + 60)


@pytest.mark.parametrize("text", ["x", "[]", "[2, []]", '[2, [["a"]]]', "{}", '[2, "\\ud800"]'])
async def test_what_is_no_walk_of_ours_is_begun_anew(text: str) -> None:
    notion = Notion(blocks({"id": ID, **image(OVEN)}))

    await Stage(KnownFiles(walking(text)), notion).locate(wanted())

    assert notion.asked == ["blocks/page-id/children"]


async def test_a_file_that_is_not_among_them_is_asked_for_by_itself() -> None:
    files = KnownFiles(walking(), FETCH)

    class Blocks(Notion):
        async def get(self, path: str, query: JSON | None = None) -> JSON:
            await super().get(path)
            return blocks() if path.endswith("/children") else image(OVEN)

    notion = Blocks({})
    location = await Stage(files, notion).locate(wanted())

    assert location.address.startswith(OVEN)
    assert notion.asked == ["blocks/page-id/children", f"blocks/{ID}"]
    assert files.alone == [False, True]


async def test_a_block_that_was_seen_without_the_file_has_it_no_more() -> None:
    files = KnownFiles(walking())

    with pytest.raises(Refused, match="does not have this file any more"):
        await Stage(files, Notion(blocks({"id": ID, **image(BREAD)}))).locate(wanted())

    assert files.fresh is not None
    assert files.fresh[1][token(OVEN)] == ""


@pytest.mark.parametrize(
    "answer", [Unreadable("not shared", 404), {}, {"results": [None, {"id": 1}, {}]}]
)
async def test_blocks_that_cannot_be_listed_end_the_walk_and_not_the_look_up(answer: Any) -> None:
    files = KnownFiles(walking(), FileLookup("fresh", OVEN, NOW + 60))

    assert await Stage(files, Notion(answer)).locate(wanted()) == Location(OVEN, 60)

    assert files.walk == ("", NOW + 3300)


async def test_nobody_waits_long_for_others_who_look_through_the_page() -> None:
    files = KnownFiles(*[FileLookup("wait")] * 4, FileLookup("fresh", OVEN, NOW + 60))
    stage = Stage(files, UNASKED)

    await stage.locate(wanted())

    assert files.alone == [False] * 4 + [True]
    assert sum(stage.slept) < 1.5


async def test_while_kv_says_nothing_nobody_waits_and_nothing_is_taken_for_notions_fault() -> None:
    files = KnownFiles(FETCH)

    with pytest.raises(KvSilent):
        await Stage(files, Notion(KvSilent("no answer", 5.0))).locate(wanted())

    assert files.away is None
