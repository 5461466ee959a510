"""Faults that were seen, each with the smallest change that makes the engine commit it again.

A mutant is made in a copy of `lib`, never in the working tree; `mutant_run.py` plays it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Change:
    """In the file at a path below `lib`, `new` stands instead of `old`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """`wrong` is what goes wrong with the `changes`; `story` is the kept history (`found.py`) that
    is about it, `profile` how random ones are drawn."""

    row: str
    wrong: str
    story: str
    changes: tuple[Change, ...]
    profile: str = "everything"


class Stale(Exception):
    """A mutant's line does not stand in the source any more."""


def changed_text(mutant: Mutant, path: str, text: str) -> str:
    """Return a file of `lib` with a mutant's changes of it. Raises `Stale`."""
    for change in mutant.changes:
        if change.path != path:
            continue
        if (count := text.count(change.old)) != 1:
            raise Stale(
                f"{mutant.row}: lib/{path} has this {count} times, not once: {change.old!r}. Choose"
                f" the line with which this happens: {mutant.wrong}"
            )
        text = text.replace(change.old, change.new)
    return text


@contextmanager
def mutated_tree(mutant: Mutant) -> Iterator[Path]:
    """Make a folder in which the project stands with a mutant's changes. Raises `Stale`."""
    with TemporaryDirectory() as folder:
        tree = Path(folder)
        shutil.copytree(ROOT / "lib", tree / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        for entry in ROOT.iterdir():
            if entry.name != "lib":
                (tree / entry.name).symlink_to(entry)
        for path in dict.fromkeys(change.path for change in mutant.changes):
            file = tree / "lib" / path
            file.write_text(changed_text(mutant, path, file.read_text("utf-8")), "utf-8")
        yield tree


WITHOUT_LEASE = Change(
    "store/lua/commit_page.lua",
    "if redis.call('HGET', leasesKey, id) ~= args.token then return withFreed({'repeated', '{}'})"
    " end\n",
    "",
)
"""A page that was read is published, whether the slice still holds the work or not."""

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "B13",
        "a row that has moved into another page counts as gone: it is unpublished",
        "a row is moved into another row",
        (
            Change(
                "sync/survey/missing_rows.py",
                "            if standing.holder:\n",
                "            if False:\n",
            ),
        ),
        "moves",
    ),
    Mutant(
        "B14",
        "a child page is not read where the page around it is edited too",
        "a row and everything below it is edited",
        (
            Change(
                "sync/survey/child_watch.py",
                "            if before is None or before.parent is None or is_still:\n",
                "            if before is None or before.parent in {None, *seen} or is_still:\n",
            ),
        ),
        "edits",
    ),
    Mutant(
        "B15",
        "what stands below a child page stays at its old address when the row is renamed",
        "a row is renamed and a grandchild edited",
        (
            Change(
                "sync/addresses.py",
                "            if seen is not None and seen.parent == page_id:\n"
                "                self._ahead.append(child)\n",
                "            if seen is not None and seen.parent == page_id"
                " and page_id in self._children:\n"
                "                self._ahead.append(child)\n",
            ),
            Change(
                "store/lua/claim.lua",
                "    local around, free_at = dueAround(key)\n",
                "    local around, free_at\n",
            ),
        ),
        "edits",
    ),
    Mutant(
        "B16",
        "a page that stands below a row keeps the slug that the row asks for",
        "a row asks for its child's slug",
        (
            Change(
                "sync/addresses.py",
                "        return await self._wanted_slug(owner, seen) == slug and not"
                " await self._is_below(\n            owner, rival\n        )\n",
                "        return await self._wanted_slug(owner, seen) == slug\n",
            ),
            Change(
                "sync/addresses.py",
                "            if not self._left:\n                return\n",
                "            return\n",
            ),
        ),
        "edits",
    ),
    Mutant(
        "B17",
        "what can't be read is not remembered, and asked again in each slice",
        "a dozen databases are not shared, and a minute holds ten requests",
        (
            Change(
                "sync/survey/outside_watch.py",
                "        self.observer.progress.done.add(thing)\n",
                "        if seen.stamp:\n            self.observer.progress.done.add(thing)\n",
            ),
        ),
        "only-minute",
    ),
    Mutant(
        "B18",
        "a row that was given up is not due any more: of a big source it is read a day later",
        "a row of a big source could not be read for an hour",
        (
            Change(
                "store/lua/requeue.lua",
                "if args.forget then\n",
                "if args.forget or args.given then\n",
            ),
        ),
        "big",
    ),
    Mutant(
        "B18",
        "a big source is listed in full once in 24 hours, not in 20: a daily run is too early",
        "a row of a big source is archived, and the next run comes a day later",
        (
            Change(
                "sync/survey/listings.py",
                "FULL_LISTING_SECONDS = 20 * 3_600\n",
                "FULL_LISTING_SECONDS = 24 * 3_600\n",
            ),
        ),
        "big",
    ),
    Mutant(
        "B19",
        "a reading that found nothing new remembers a bundle that is gone meanwhile",
        "a page comes out of the trash while it is read, whose blocks were denied meanwhile",
        (
            WITHOUT_LEASE,
            Change(
                "store/lua/commit_page.lua",
                "if head == '' and not (isSame and place and textAt(pageKey(place))) then return"
                " {'send'} end\n",
                "",
            ),
            Change(
                "store/lua/removal.lua",
                "ipairs({pagesKey, metasKey, childrenKey})",
                "ipairs({metasKey, childrenKey})",
            ),
        ),
        "meanwhile",
    ),
    Mutant(
        "B20",
        "a slice that was taken over goes on writing, and writes back what it had read before",
        "a lane dies twice, and a message of the run before is cancelled",
        (
            WITHOUT_LEASE,
            Change(
                "store/lua/begin_change.lua",
                "if args.token and redis.call('HGET', run, 'token:' .. args.lane) ~= args.token then"
                "\n  return 'lost'\nend\n",
                "",
            ),
        ),
        "lanes",
    ),
    Mutant(
        "B20",
        "a row that was published once enters no index any more",
        "a row moves to another source, and that which it left is synced",
        (
            Change(
                "store/lua/commit_page.lua",
                "if args.sort ~= ''\n  and (head ~= '' or",
                "if args.sort ~= '' and not before\n  and (head ~= '' or",
            ),
        ),
        "edits",
    ),
    Mutant(
        "B21",
        "what was promised beside a run that fails is dropped",
        "a run is asked for beside one that fails",
        (
            Change(
                "store/lua/end.lua",
                "if status == 'cancelled' then redis.call('DEL', promised) end\n",
                "if status ~= 'delivered' then redis.call('DEL', promised) end\n",
            ),
        ),
        "promises",
    ),
    Mutant(
        "B21",
        "a run that was parked, and has looked around, counts as the one that was asked for",
        "a run is asked for while another waits in the backup way",
        (
            Change(
                "store/lua/ask.lua",
                "if isLess or status == 'active' then promise",
                "if isLess then promise",
            ),
        ),
        "waits",
    ),
    Mutant(
        "B22",
        "the rows of a source that is not configured any more stay published",
        "a source is removed",
        (
            Change(
                "sync/survey/survey.py",
                "                await self._missing.remove_sources()\n",
                "                pass\n",
            ),
        ),
        "only-sources",
    ),
    Mutant(
        "B23",
        "a row that stands in another source now is gone until that one is listed",
        "a row moves to another source, and that which it left is synced",
        (
            Change(
                "sync/survey/missing_rows.py",
                "            await self.judge.judge_rows([row_of(page, home, read_at,"
                " self.judge.rule)])\n",
                "            await self.judge.unpublish_row(self.observer.gone_row(page_id, known, name),"
                " known)\n",
            ),
        ),
        "moves",
    ),
    Mutant(
        "B24",
        "one answer of 404 unpublishes a child page, whatever the page around it shows",
        "a child page is answered 404 once",
        (
            Change(
                "sync/survey/child_watch.py",
                "            if page is None or is_trashed(page):\n",
                "            if page is None:\n"
                "                sightings.append(self._observer.gone_row(page_id,"
                " known[page_id]))\n"
                "            elif is_trashed(page):\n",
            ),
        ),
        "only-blip",
    ),
    Mutant(
        "B25",
        "a look at an earlier edit counts as the later one",
        "a row is edited and trashed, and lists lag behind",
        (
            Change(
                "sync/sightings.py",
                "    return known is not None and 0 < seen.edited_at < known.edited_at\n",
                "    return False\n",
            ),
            Change(
                "store/lua/newer.lua",
                "  if knownEdited > 0 and edited > 0 and knownEdited ~= edited then return"
                " knownEdited > edited end\n",
                "",
            ),
        ),
        "only-lag",
    ),
    Mutant(
        "B25",
        "lists of blocks that lag behind an edit are believed for good",
        "lists of blocks lag behind the page's time",
        (Change("times.py", "LAG_SECONDS = 60\n", "LAG_SECONDS = 0\n"),),
        "only-lag",
    ),
    Mutant(
        "B26",
        "a lane that finds nothing to do stops, while another one has yet to do what is left",
        "a lane dies with what it holds, and its message is cancelled",
        (
            Change(
                "sync/run.py",
                '        if run.phase == "work" and left.count == 0:\n',
                '        if stop is None and left.count and run.phase == "work":\n'
                '            return Report("continued", lease.run_id, run)\n'
                '        if run.phase == "work" and left.count == 0:\n',
            ),
        ),
        "lanes",
    ),
    Mutant(
        "B27",
        "a slug that became free is not given to who waits for it",
        "two rows swap their slugs, and the message of one comes a minute later",
        (
            Change(
                "sync/addresses.py",
                "            if not self._left:\n                return\n",
                "            return\n",
            ),
        ),
        "only-tell",
    ),
    Mutant(
        "B28",
        "an instance whose clock is behind adds to a window whose message has been worked",
        "a page is edited after its window, and an instance is behind",
        (
            Change(
                "store/lua/note_event.lua",
                "if redis.call('HEXISTS', window, 'taken') == 1 then return 'taken' end\n",
                "",
            ),
        ),
        "windows",
    ),
    Mutant(
        "B28",
        "readings are told apart by the instances' clocks, and one that seems older counts as done",
        "an instance reads ahead of its time, and another one behind it",
        (
            Change(
                "notion/client.py",
                "        return t0 if least <= 0 <= most else t0 - most\n",
                "        return t0\n",
            ),
            Change(
                "store/lua/commit_page.lua",
                "if isElsewhere or (not args.retry.insists and (wasThere or isOld)) then\n",
                "if isOld and not args.retry.insists and not isElsewhere then\n"
                "  dropWork(id)\n  return {'older'}\nend\n"
                "if isElsewhere or (not args.retry.insists and (wasThere or isOld)) then\n",
            ),
        ),
        "only-clocks",
    ),
    Mutant(
        "B29",
        "a run counts as dead while it waits as long as Notion has said",
        "Notion says to wait for 20 minutes",
        (
            Change(
                "sync/run.py",
                "            now + wait + DELIVERY_SECONDS,\n",
                "            now + DELIVERY_SECONDS,\n",
            ),
            Change(
                "store/lua/rest.lua",
                "aliveUntil = tonumber(aliveUntil) + math.max(0, next_at - now)"
                " -- the next message waits until then\n",
                "aliveUntil = tonumber(aliveUntil)\n",
            ),
        ),
        "waits",
    ),
    Mutant(
        "B30",
        "a child database is not read again while its rows are as they were",
        "a child database is renamed, and a day passes",
        (
            Change(
                "sync/survey/database_watch.py",
                "    if now - record.read_at >= DAY_SECONDS:\n",
                "    if False:\n",
            ),
        ),
        "days",
    ),
)
