"""The two readers of `examples/` as processes of their own, which may read KV and not write."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from dev.stack import ROOT
from dev.upstash import UpstashStandIn

CLIENTS = ROOT / "tests/clients"
NEXTJS = ROOT / "examples/nextjs"
READER = ROOT / "examples/python/reader.py"
REMEDY = "install Node.js 20 or newer, then run `npm ci --prefix examples/nextjs`"

Lacking = Callable[[str, str], NoReturn]


def compile_nextjs(folder: Path, lacking: Lacking) -> Path:
    """Compiles the Next.js example to JavaScript in `folder`; fails where it does not
    type-check."""
    if shutil.which("node") is None or not (NEXTJS / "node_modules/.bin/tsc").exists():
        lacking("Next.js example", REMEDY)
    emitting = [
        "--noEmit",
        "false",
        "--incremental",
        "false",
        "--module",
        "commonjs",
        "--outDir",
        str(folder),
    ]
    command = ["node_modules/.bin/tsc", *emitting]
    checked = subprocess.run(command, cwd=NEXTJS, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return folder


def execute(
    command: Sequence[str | Path], given: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "NODE_PATH": str(NEXTJS / "node_modules"), **variables}
    return subprocess.run(
        command, cwd=CLIENTS, env=environ, input=given, capture_output=True, text=True, timeout=110
    )


def read(
    command: Sequence[str | Path], kv: UpstashStandIn, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Executes a reader, which may not write."""
    return execute(
        command, KV_REST_API_URL=kv.url, KV_REST_API_TOKEN=kv.read_only_token, **variables
    )


def ask(
    compiled: Path, kv: UpstashStandIn, *questions: tuple[str, str], **variables: str
) -> dict[str, Any]:
    """Returns what the Next.js example's data layer answers, and the pages among it as HTML."""
    done = read(["node", "nextjs.cjs", compiled, json.dumps(questions)], kv, **variables)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def printed(kv: UpstashStandIn, slug: str, **variables: str) -> list[Any]:
    """Returns the blocks that the Python reader prints."""
    done = read([sys.executable, READER, slug], kv, **variables)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Reader(Protocol):
    """A page's blocks as one of the readers finds them."""

    def __call__(self, kv: UpstashStandIn, slug: str, **variables: str) -> list[Any]: ...


def reader_of(compiled: Path) -> Reader:
    """Returns the Next.js example's data layer as a reader of one page."""

    def blocks_of(kv: UpstashStandIn, slug: str, **variables: str) -> list[Any]:
        [page] = ask(compiled, kv, ("getPage", slug), **variables)["answers"]
        blocks: list[Any] = page["blocks"]
        return blocks

    return blocks_of
