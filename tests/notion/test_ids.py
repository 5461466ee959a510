"""Every spelling of an id that people paste leads to the one that Notion's answers use."""

import subprocess
import sys

import pytest

from lib.notion.ids import dashed, object_id

BARE = "e234cdc84ad24371a97e999a238bf8f5"
DASHED = "e234cdc8-4ad2-4371-a97e-999a238bf8f5"
OTHER = "393abc1eedcd813885a7fac7f6c92a45"


@pytest.mark.parametrize(
    "text",
    [
        BARE,
        DASHED,
        BARE.upper(),
        DASHED.upper(),
        f"  {BARE}\n",
        f"https://www.notion.so/{BARE}",
        f"https://notion.so/workspace/{BARE}?v={OTHER}",
        f"www.notion.so/workspace/My-Posts-{BARE}?v={OTHER}&pvs=4",
        f"https://www.notion.so/workspace/{BARE}?v={OTHER}&p={OTHER}&pm=s",
        f"https://www.notion.so/Title-{BARE}#{OTHER}",
        f"https://www.notion.so/Cafe-beef-{BARE}/",
        f"https://www.notion.so/Caf%C3%A9-{BARE}",
        f"https://name.notion.site/Title-{BARE}",
        f"https://name.notion.site/{DASHED}",
        f"https://app.notion.com/p/{BARE}",
        f"https://app.notion.com/p/My-Posts-{BARE.upper()}?v={OTHER}",
        f"HTTPS://WWW.NOTION.SO/{BARE}",
        f"notion://www.notion.so/{BARE}",
    ],
)
def test_every_spelling_of_an_id_gives_the_dashed_one(text: str) -> None:
    assert object_id(text) == DASHED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "neither a Notion id"),
        ("posts", "neither a Notion id"),
        (BARE[:-1], "neither a Notion id"),
        (BARE + "0", "neither a Notion id"),
        ("https://www.notion.so", "neither a Notion id"),
        (f"https://example.com/{BARE}", "not one of Notion's hosts"),
        (f"https://notion.so.example.com/{BARE}", "not one of Notion's hosts"),
        (f"https://evilnotion.so/{BARE}", "not one of Notion's hosts"),
        ("https://www.notion.so/My-Posts", "holds no id"),
        (f"https://www.notion.so/My-Posts?p={OTHER}", "holds no id"),
        (f"https://www.notion.so/deadbeef{BARE}", "holds no id"),
    ],
)
def test_what_holds_no_id_is_refused_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        object_id(text)


def test_an_id_that_is_none_of_notions_stays_as_it_is() -> None:
    assert dashed("not-an-id") == "not-an-id"
    assert dashed(BARE) == dashed(DASHED) == DASHED


def test_ids_are_read_without_loading_the_notion_client() -> None:
    check = (
        "import sys, lib.notion.ids; sys.exit(bool({'notion_client', 'httpx'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
