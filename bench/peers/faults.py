"""Ours and every peer in trouble: an odd value, a page that Notion fails to give, a kill, a deleted
row; and how soon there is something to show."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import msgspec

from bench.peers.install import install
from bench.peers.measure import OURS
from bench.peers.peer import PEERS
from bench.peers.texts import all_bare, bare, plain_texts, share_found, texts_of, texts_there
from bench.peers.tools import OurTool, PeerTool, Tool
from bench.rig import DATABASES
from dev.notion import truth
from dev.notion.generate import generate
from dev.notion.nodes import Block, Database, DataSource
from dev.notion.workspace import Workspace

GIVE_UP_SECONDS = 60.0
AT_ONCE = 12
"""So many attempts of peers run side by side: they mostly wait for Notion."""
LOOKS_EVERY_SECONDS = 0.05

Opening = Callable[[Callable[[], Workspace]], Tool]
"""Opens a tool over a new workspace."""


class Trial(msgspec.Struct, frozen=True):
    """A run in trouble. `found`: texts found ÷ texts that could be. `end` as in `tools.Run`."""

    seconds: float
    found: float
    end: str


class Killed(msgspec.Struct, frozen=True):
    """A run that was killed when Notion had given half of its answers, and the one after it.
    `whole`: the share of the pages that stood whole in between. `requests` of the second run, and
    of one that begins `fresh`."""

    whole: float
    requests: int
    fresh: int
    found: float
    end: str


class Deleted(msgspec.Struct, frozen=True):
    """A run after a row was put into the trash, and whether the row has left the output (None: it
    never was there)."""

    is_gone: bool | None
    end: str


class Trouble(msgspec.Struct, frozen=True):
    """What each kind of trouble did to a tool, and after how many seconds the first text of a
    larger workspace could be read (None: it was given up)."""

    name: str
    odd_title: Trial
    odd_text: Trial
    failing_page: Trial
    killed: Killed
    deleted: Deleted
    first_seconds: float | None


def few_pages() -> Workspace:
    return generate(pages=2, posts=16)


def hundred_pages() -> Workspace:
    return generate(pages=20, posts=80)


def measure() -> Iterator[Trouble]:
    """Yield ours, then every peer that is installed here. The peers run side by side, but for the
    seconds to the first text, for which each runs alone."""
    install()
    with ThreadPoolExecutor(1) as alone:
        ours = _start(alone, OurTool)
    yield _trouble(OURS, OurTool, ours)
    openings: dict[str, Opening] = {
        peer.name: partial(PeerTool, peer, give_up_seconds=GIVE_UP_SECONDS)
        for peer in PEERS
        if peer.is_installed()
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {name: _start(pool, opening) for name, opening in openings.items()}
    for name, opening in openings.items():
        yield _trouble(name, opening, started[name])


def try_odd_title(tool: Tool) -> Trial:
    """Run while the title of one row is null."""
    tool.notion.odd.set(_row(tool), ("properties", "Name", "title"), None)
    return _trial(tool, texts_there(tool.notion.workspace, DATABASES))


def try_odd_text(tool: Tool) -> Trial:
    """Run while one text in one block is null."""
    workspace = tool.notion.workspace
    block = truth.tree(workspace, _row(tool))[0]
    tool.notion.odd.set(block["id"], ("paragraph", "rich_text", 0, "plain_text"), None)
    lost = set(map(bare, plain_texts(block)))
    return _trial(tool, texts_there(workspace, DATABASES) - lost)


def try_failing_page(tool: Tool) -> Trial:
    """Run while Notion answers 500 whenever it is asked for the blocks of one row."""
    workspace, row = tool.notion.workspace, _row(tool)
    tool.notion.faults.add("500", path=f"/blocks/{row}/children", times=None)
    return _trial(tool, texts_there(workspace, DATABASES) - texts_of(workspace, row))


def try_deletion(tool: Tool) -> tuple[Deleted, int]:
    """Run, put a row and what links to it into the trash, and run again; return also how many
    requests the first run took."""
    workspace, row = tool.notion.workspace, _row(tool)
    texts = texts_of(workspace, row)
    first = tool.run()
    was_there = share_found(texts, tool.written()) > 0
    for gone in (row, *_links_to(workspace, row)):
        tool.notion.edit.trash(gone)
    tool.let_time_pass()
    second = tool.run()
    is_gone = share_found(texts, tool.written()) == 0 if was_there else None
    return Deleted(is_gone, second.end), first.requests


def try_kill(tool: Tool, fresh: int) -> Killed:
    """Kill a run when Notion has given half of the answers to a fresh one, and run again."""
    half_way = threading.Event()
    answers = itertools.count(1)

    def strike(moment: str, method: str, path: str) -> None:
        if moment == "after" and next(answers) == max(1, fresh // 2):
            tool.kill()
            half_way.set()

    tool.notion.on_request(strike)
    tool.start()
    if not half_way.wait(GIVE_UP_SECONDS):
        tool.kill()
    tool.notion.forget_callbacks()
    while tool.notion.log.under_way:  # asked before the kill, and of no run after it
        time.sleep(LOOKS_EVERY_SECONDS)
    whole = _share_whole(tool)
    again = tool.run_after_kill()
    found = share_found(texts_there(tool.notion.workspace, DATABASES), tool.written())
    return Killed(whole, again.requests, fresh, found, again.end)


def seconds_to_first_text(tool: Tool) -> float | None:
    """Return when the first text could be read in the output; None where it was given up."""
    texts = texts_there(tool.notion.workspace, DATABASES)
    began = time.monotonic()
    tool.start()
    while (passed := time.monotonic() - began) < GIVE_UP_SECONDS:
        if share_found(texts, tool.written()):
            return passed
        time.sleep(LOOKS_EVERY_SECONDS)
    return None


class _Started(NamedTuple):
    """The attempts that may run side by side."""

    odd_title: Future[Trial]
    odd_text: Future[Trial]
    failing_page: Future[Trial]
    deleted_and_killed: Future[tuple[Deleted, Killed]]


def _start(pool: ThreadPoolExecutor, opening: Opening) -> _Started:
    return _Started(
        pool.submit(_tried, opening, try_odd_title),
        pool.submit(_tried, opening, try_odd_text),
        pool.submit(_tried, opening, try_failing_page),
        pool.submit(_deleted_and_killed, opening),
    )


def _tried(opening: Opening, attempt: Callable[[Tool], Trial]) -> Trial:
    with opening(few_pages) as tool:
        return attempt(tool)


def _deleted_and_killed(opening: Opening) -> tuple[Deleted, Killed]:
    with opening(few_pages) as tool:
        deleted, fresh = try_deletion(tool)
    with opening(few_pages) as tool:
        return deleted, try_kill(tool, fresh)


def _trouble(name: str, opening: Opening, started: _Started) -> Trouble:
    with opening(hundred_pages) as tool:
        first = seconds_to_first_text(tool)
    deleted, killed = started.deleted_and_killed.result()
    return Trouble(
        name=name,
        odd_title=started.odd_title.result(),
        odd_text=started.odd_text.result(),
        failing_page=started.failing_page.result(),
        killed=killed,
        deleted=deleted,
        first_seconds=first,
    )


def _trial(tool: Tool, texts: set[str]) -> Trial:
    run = tool.run()
    return Trial(run.seconds, share_found(texts, tool.written()), run.end)


def _row(tool: Tool) -> str:
    """Return the id of the row in the middle of the last source, as far from the newest, with
    which a listing begins, as from the oldest."""
    workspace = tool.notion.workspace
    [source] = workspace.get(DATABASES[-1], Database).children
    rows = workspace.rows(workspace.get(source, DataSource))
    return rows[len(rows) // 2].id


def _links_to(workspace: Workspace, page_id: str) -> list[str]:
    """Return the ids of the blocks that link to a page, as an Outline does."""
    return [
        node.id
        for node in workspace.nodes.values()
        if isinstance(node, Block)
        and node.type == "link_to_page"
        and page_id in node.content.values()
    ]


def _share_whole(tool: Tool) -> float:
    """Return the share of the pages all of whose texts can be read."""
    workspace = tool.notion.workspace
    everything = all_bare(tool.written())
    pages = [texts_of(workspace, page) for page in truth.published_pages(workspace, DATABASES)]
    return sum(all(text in everything for text in texts) for texts in pages) / len(pages)
