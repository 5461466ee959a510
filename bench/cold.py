"""How fast functions start, as `vercel build` makes them and Vercel's own shim runs them; and the
trigger when warm."""

import math
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bench.rig import SECRET
from dev.qstash import Fault, QStashStandIn
from dev.upstash import UpstashStandIn
from tests.runtime.build import Build, Toolchain, copy_of_the_project
from tests.runtime.shim import Function

STARTS = 9
WARM_CALLS = 300
TRIGGER = "/api/sync/trigger"
PAGE = "aaaaaaaa-0000-4000-8000-000000000001"
"""By its id, for KV knows no slug yet."""
NOTHING = ""
UNAVOIDABLE = "import qstash, upstash_redis"
LOADED = "import asyncio, http.server, json, logging, socket"
"""What every function on the shim has imported before its own module is."""
ENVIRON = {"PATH": os.defpath, "PYTHONPATH": "_vendor", "PYTHONDONTWRITEBYTECODE": "1"}
IMPORT_TIME = re.compile(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", re.MULTILINE)
A_HANDLER = (
    "from http.server import BaseHTTPRequestHandler\n\n\nclass handler(BaseHTTPRequestHandler):\n  "
    "  pass\n"
)

Bundles = Mapping[str, tuple[Path, dict[str, Any]]]
"""By name: where a function's bundle lies, and its settings."""


class Start(msgspec.Struct, frozen=True):
    """`init`: the shim's `initDuration`, `user`: what the function's own module took of it; medians
    in milliseconds."""

    name: str
    init: float
    user: float


class Cold(msgspec.Struct, frozen=True):
    """`bare` imports nothing, `unavoidable` what the trigger can't do without. `import_ratio`: CPU
    time of the trigger's imports to that of those; `init_ratio`: the same of the shim's
    `initDuration`, the median over starts that followed each other. `beside`: what the trigger
    imports besides, by top-level package and in milliseconds, the slowest five. `warm_p50` and
    `warm_p95` are a warm trigger's answers in milliseconds, with KV and QStash on loopback: its own
    time is less."""

    python: str
    starts: list[Start]
    bare: Start
    unavoidable: Start
    import_ratio: float
    init_ratio: float
    warm_p50: float
    warm_p95: float
    beside: dict[str, float] = {}


def measure() -> Cold | None:
    """None where the Vercel CLI, or a Python that it supports, is missing."""
    tools = Toolchain()
    if not tools.is_complete:
        return None
    with tempfile.TemporaryDirectory() as folder:
        build = tools.build(copy_of_the_project(Path(folder) / "project"))
        return measure_build(build, Path(folder) / "bundles", STARTS, WARM_CALLS)


def measure_build(build: Build, folder: Path, starts: int, warm_calls: int) -> Cold:
    """`folder` is where bundles are laid out."""
    with ExitStack() as opened:
        upstash = opened.enter_context(UpstashStandIn())
        qstash = opened.enter_context(QStashStandIn())
        qstash.fail(Fault(how="drop"))
        bundles = {name: _bundle(build, name, folder / name.strip("/")) for name in build.functions}
        bundles |= {
            code: _probe(build, code, folder / f"probe {code}") for code in (NOTHING, UNAVOIDABLE)
        }
        environ = _environ(upstash, qstash)
        seen = _starts(bundles, build.python, environ, starts)
        medians = {name: _median(name, each) for name, each in seen.items()}
        import_ratio = _import_ratio(bundles[TRIGGER][0], build.python, starts)
        beside = _beside(bundles[TRIGGER][0], build.python, starts)
        warm = _warm(bundles[TRIGGER], build.python, environ, warm_calls)
    return Cold(
        python=build.functions[TRIGGER]["runtime"].removeprefix("python"),
        bare=medians.pop(NOTHING),
        unavoidable=medians.pop(UNAVOIDABLE),
        starts=list(medians.values()),
        import_ratio=import_ratio,
        init_ratio=_init_ratio(seen),
        warm_p50=statistics.median(warm),
        warm_p95=statistics.quantiles(warm, n=20)[-1],
        beside=beside,
    )


def _bundle(build: Build, name: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    return build.unpack(name, folder), build.functions[name]


def _probe(build: Build, code: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The trigger's bundle with another module in its place."""
    bundle, settings = _bundle(build, TRIGGER, folder)
    (bundle / "api/sync/trigger.py").write_text(f"{code}\n{A_HANDLER}")
    for compiled in (bundle / "api/sync").rglob("trigger.*.pyc"):
        compiled.unlink()
    return bundle, settings


def _starts(
    bundles: Bundles, python: str, environ: Mapping[str, str], times: int
) -> dict[str, list[Start]]:
    """Each is started in turn, again and again, so that what the machine does meanwhile befalls all
    of them."""
    seen: dict[str, list[Start]] = {name: [] for name in bundles}
    for _ in range(times):
        for name, (bundle, settings) in bundles.items():
            function = Function(bundle, python, settings, environ)
            seen[name].append(
                Start(
                    name,
                    function.cold_start["initDuration"],
                    function.cold_start["userInitDuration"],
                )
            )
            function.stop()
    return seen


def _median(name: str, each: list[Start]) -> Start:
    init, user = (
        statistics.median(getattr(start, part) for start in each) for part in ("init", "user")
    )
    return Start(name, init, user)


def _init_ratio(seen: Mapping[str, list[Start]]) -> float:
    rounds = zip(seen[TRIGGER], seen[UNAVOIDABLE], strict=True)
    return statistics.median(trigger.init / unavoidable.init for trigger, unavoidable in rounds)


def _import_ratio(bundle: Path, python: str, times: int) -> float:
    """By the least CPU time of each, which other programs move least; without what the shim has
    loaded already."""
    codes = (LOADED, f"{LOADED}; {UNAVOIDABLE}", f"{LOADED}; import api.sync.trigger")
    rounds = [[_cpu_seconds(bundle, python, code) for code in codes] for _ in range(times)]
    loaded, unavoidable, trigger = (min(each) for each in zip(*rounds, strict=True))
    return float((trigger - loaded) / (unavoidable - loaded))


def _beside(bundle: Path, python: str, times: int) -> dict[str, float]:
    codes = (f"{LOADED}; {UNAVOIDABLE}", f"{LOADED}; import api.sync.trigger")
    known, trigger = (_least_ms(bundle, python, code, times) for code in codes)
    packages: defaultdict[str, float] = defaultdict(float)
    for module in trigger.keys() - known.keys():
        packages[module.partition(".")[0]] += trigger[module]
    return dict(sorted(packages.items(), key=lambda one: -one[1])[:5])


def _least_ms(bundle: Path, python: str, code: str, times: int) -> dict[str, float]:
    """The least that each module took by itself, in so many fresh interpreters."""
    least: dict[str, float] = {}
    for _ in range(times):
        command = [python, "-X", "importtime", "-c", code]
        said = subprocess.run(
            command, cwd=bundle, env=ENVIRON, capture_output=True, text=True, check=True
        ).stderr
        for microseconds, module in IMPORT_TIME.findall(said):
            least[module] = min(least.get(module, math.inf), int(microseconds) / 1000)
    return least


def _cpu_seconds(bundle: Path, python: str, code: str) -> float:
    """What a fresh interpreter takes to run `code` in a bundle, user and system."""
    process = subprocess.Popen([python, "-c", code], cwd=bundle, env=ENVIRON)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"failed in {bundle}: {code}")
    return float(usage.ru_utime + usage.ru_stime)


def _warm(
    bundle: tuple[Path, dict[str, Any]], python: str, environ: Mapping[str, str], times: int
) -> list[float]:
    """Milliseconds of each call but the first. Runs of one page go side by side: no call joins
    another's run."""
    function = Function(bundle[0], python, bundle[1], environ)
    took: list[float] = []
    headers = {"Authorization": f"Bearer {SECRET}", **_platforms_headers()}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{function.port}", headers=headers, trust_env=False
    ) as http:
        for _ in range(times + 1):
            began = time.perf_counter()
            http.get(TRIGGER, params={"page": PAGE}).raise_for_status()
            took.append((time.perf_counter() - began) * 1000)
    function.stop()
    return took[1:]


def _platforms_headers() -> dict[str, str]:
    return {
        "x-vercel-id": "local1::1",
        "x-vercel-internal-invocation-id": "1",
        "x-vercel-internal-request-id": "1",
    }


def _environ(upstash: UpstashStandIn, qstash: QStashStandIn) -> dict[str, str]:
    return {
        "CRON_SECRET": SECRET,
        "NOTION_TOKEN": "ntn_bench",
        "NOTION_SOURCES": "pages=11111111-2222-3333-4444-555555555555",
        "KV_REST_API_URL": upstash.url,
        "KV_REST_API_TOKEN": upstash.token,
        "QSTASH_URL": qstash.url,
        "QSTASH_TOKEN": qstash.token,
        "QSTASH_CURRENT_SIGNING_KEY": qstash.current_signing_key,
        "QSTASH_NEXT_SIGNING_KEY": qstash.next_signing_key,
        "SYNC_BASE_URL": "https://sync.example",
    }
