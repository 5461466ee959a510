"""`python -m dev`: the local stack, one sync with a progress bar, and what stands in KV afterwards."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from dev.notion import SAMPLE_SOURCES
from dev.notion.truth import minimum_requests
from dev.stack import Stack
from lib.store.keys import Keys
from lib.store.kv import Kv
from lib.store.runs import Run, Runs

PORT = 3000
LOG = Path(".cache/functions.log")
POLL_SECONDS = 0.1
GIVE_UP_SECONDS = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dev", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="where the functions are served (3000)")
    parser.add_argument("--once", action="store_true", help="end after the sync instead of keeping the stack up")
    parser.add_argument("--blob", action="store_true", help="with a Blob store, into which files are copied")
    options = parser.parse_args()
    console = Console(file=sys.stdout)
    LOG.parent.mkdir(exist_ok=True)
    # The functions print their log as on Vercel; here it would tear the progress bar apart.
    with LOG.open("w") as log, redirect_stdout(log), Stack(options.port, blob=options.blob) as stack:
        run = asyncio.run(_sync(stack, console))
        asyncio.run(_tell(stack, run, console))
        if run.status != "delivered":
            raise SystemExit(1)
        if not options.once:
            _stay(stack, console)


async def _sync(stack: Stack, console: Console) -> Run:
    """Asks for a run as its owner would, and shows how it goes on until it has ended."""
    answer = await asyncio.to_thread(stack.get, "/api/sync/trigger")
    answer.raise_for_status()
    run_id = answer.json()["runId"]
    console.print(f"GET {stack.url}/api/sync/trigger → {answer.status_code} {answer.json()['message']}")
    give_up = time.monotonic() + GIVE_UP_SECONDS
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        runs = Runs(Kv(stack.upstash.url, stack.upstash.token, http), Keys(), time.time)
        with Progress(*columns, console=console, redirect_stdout=False, disable=not console.is_terminal) as progress:
            bar = progress.add_task("Asked for", total=None)
            while time.monotonic() < give_up:
                run = await runs.read(run_id)
                if run:
                    progress.update(bar, description=_stage(run), total=run.to_sync or None, completed=run.synced)
                    if run.status not in ("pending", "active"):
                        return run
                await asyncio.sleep(POLL_SECONDS)
    raise SystemExit(f"The run did not end within {GIVE_UP_SECONDS:.0f} s.")


def _stage(run: Run) -> str:
    stages = {"pending": "Waiting for QStash", "active": "Listing" if run.phase == "plan" else "Reading pages"}
    return stages.get(run.status, run.status.capitalize())


async def _tell(stack: Stack, run: Run, console: Console) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        kv = Kv(stack.upstash.url, stack.upstash.token, http)
        keys: list[str] = sorted(await kv.command("KEYS", "*"))
    site = [key for key in keys if not key.startswith("sync:")]
    kinds = Counter("index" if ":index" in key else key.partition(":")[0] for key in site)
    table = Table(title=f"Run {run.run_id}: {run.status}", show_header=False)
    took = (run.finished_at or 0) - (run.started_at or 0)
    table.add_row("Listed rows", str(run.listed))
    table.add_row("Pages synced (rows and child pages)", str(run.synced))
    table.add_row("Failed", str(run.failed))
    table.add_row("Time", f"{took:.1f} s in {run.slices} slice{'s' if run.slices != 1 else ''}")
    table.add_row("Notion requests", _requests(stack, run))
    table.add_row("KV commands", str(run.kv_commands))
    table.add_row("KV keys a site reads", ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    console.print(table)
    for warning in run.warnings:
        console.print(f"[yellow]Warning:[/] {warning}")
    if run.error:
        console.print(f"[red]{run.error}[/]")
    console.print("In KV: " + ", ".join(site))


def _requests(stack: Stack, run: Run) -> str:
    if stack.notion is None:
        return str(run.notion_requests)
    databases = [entry.partition("=")[2] for entry in SAMPLE_SOURCES.split(",")]
    return f"{run.notion_requests} (the minimum is {minimum_requests(stack.notion.workspace, databases)})"


def _stay(stack: Stack, console: Console) -> None:
    console.print(f"\nThe stack stays up at {stack.url}; Ctrl+C ends it. The functions' log is in {LOG}.")
    console.print("Ask for another run with")
    console.print(f"  curl '{stack.url}/api/sync/trigger?secret={stack.secret}'", soft_wrap=True, highlight=False)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        console.print("Bye.")


if __name__ == "__main__":
    main()
