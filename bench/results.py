"""What was measured last, kept in `results.json`; each part is replaced when it is measured
again."""

import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from typing import Any

import msgspec

from bench.cold import Cold
from bench.edits import Edits, Hour
from bench.figures import Figures
from bench.first import First
from bench.growth import Size, Small
from bench.peers.faults import Trouble
from bench.peers.measure import Outcome
from bench.storage import Storage
from bench.trace import Trace

FILE = Path(__file__).parent / "results.json"


class Results(msgspec.Struct):
    """`measured` says when and where each part was."""

    measured: dict[str, str] = {}
    full: list[Figures] = []
    changes: list[Figures] = []
    first: list[First] = []
    edits: Edits | None = None
    hour: Hour | None = None
    storage: Storage | None = None
    growth: list[Size] = []
    vast: Small | None = None
    cold: Cold | None = None
    trace: Trace | None = None
    peers: list[Outcome] = []
    faults: list[Trouble] = []


def read() -> Results:
    return msgspec.json.decode(FILE.read_bytes(), type=Results) if FILE.exists() else Results()


def write(results: Results) -> None:
    FILE.write_bytes(
        msgspec.json.format(msgspec.json.encode(_rounded(msgspec.to_builtins(results))), indent=1)
        + b"\n"
    )


def here_and_now() -> str:
    """The moment, the machine and what runs on it."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("notion-client", "qstash", "upstash-redis")
    )
    kind = platform.machine()
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cpu_count()} × {kind} ({_processor()}), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"Node {_version_of('node')}, Redis {_version_of('redis-server')}, {packages}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"


def _version_of(program: str) -> str:
    if not (path := shutil.which(program)):
        return "none"
    said = subprocess.check_output([path, "--version"], text=True)
    return next(
        (
            word.removeprefix("v=")
            for word in said.split()
            if any(digit in word for digit in "0123456789")
        ),
        "?",
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, (list, tuple)) else value
