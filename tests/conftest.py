"""What every test may need: a complete environment, an empty KV, and tiers that say so when their
tools are missing."""

import os
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any, NoReturn

import httpx
import pytest
from hypothesis import HealthCheck, settings

from dev.upstash import UpstashStandIn
from lib.store.kv import Kv
from tests.redis_server import redis_server

# How long it takes to draw and to play an example tells of the machine; each run of CI draws others.
settings.register_profile(
    "any machine",
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

_missing: dict[str, str] = {}


@pytest.fixture(scope="session", autouse=True)
def one_tls_context() -> Iterator[None]:
    """Have all HTTP clients of a process share a TLS context. Each would make its own, even where
    it speaks plain HTTP with a stand-in, and reading the certificates takes 40 ms of a
    processor."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture
def environ() -> dict[str, str]:
    """Everything that is needed, and nothing else."""
    return {
        "NOTION_TOKEN": "ntn_4711",
        "NOTION_SOURCES": (
            "pages=11111111-2222-3333-4444-555555555555,posts=66666666777788889999aaaaaaaaaaaa"
        ),
        "CRON_SECRET": "correct horse battery staple",
        "QSTASH_TOKEN": "qstash-token",
        "QSTASH_CURRENT_SIGNING_KEY": "sig_current_0123456789abcdefghij",
        "QSTASH_NEXT_SIGNING_KEY": "sig_next_0123456789abcdefghijklm",
        "KV_REST_API_URL": "https://kv.example",
        "KV_REST_API_TOKEN": "kv-token",
        "SYNC_BASE_URL": "https://sync.example",
    }


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own time zone is another one."""
    with monkeypatch.context() as far:
        far.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def upstash() -> Iterator[UpstashStandIn]:
    with UpstashStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def kv(upstash: UpstashStandIn) -> AsyncIterator[Kv]:
    """KV as the functions see it, with nothing in it."""
    upstash.reset()
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Kv(upstash.url, upstash.token, http)


@pytest.fixture(scope="session")
def lacking() -> Callable[[str, str], NoReturn]:
    """`lacking(tier, remedy)`: skips the tier, loudly; where CI is set, a tier that can't run is a
    failure."""

    def give_up(tier: str, remedy: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(f"{tier}: {remedy}", pytrace=False)
        _missing[tier] = remedy
        pytest.skip(f"{tier}: {remedy}")

    return give_up


@pytest.fixture(scope="session")
def redis_url(
    tmp_path_factory: pytest.TempPathFactory, lacking: Callable[[str, str], NoReturn]
) -> Iterator[str]:
    """The address of a real redis-server of our own."""
    program = shutil.which("redis-server")
    if program is None:
        lacking(
            "what needs a real Redis",
            "redis-server is not installed (apt-get install redis-server)",
        )
    with redis_server(program, tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="session")
def redis_environ(request: pytest.FixtureRequest) -> dict[str, str]:
    """`REDIS_URL` for a stack, where there is a redis-server: it spends less of a processor than
    the embedded Redis, which stands in for it elsewhere."""
    if shutil.which("redis-server") is None:
        return {}
    return {"REDIS_URL": request.getfixturevalue("redis_url")}


LONGEST = (
    "tests/stack/crashes",
    "tests/runtime/test_build.py",
    "tests/stack/histories/test_histories.py",
    "tests/examples/test_next_site.py",
)
"""What takes minutes. The other files of tests/runtime wait for the build that the first one makes:
where they came together, so did their workers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes begin first: one that began last would be waited for alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands on what was missing: only the process that started it has a
    terminal."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["missing"] = _missing


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _missing.update(
        getattr(node, "workeroutput", {}).get("missing", {})
    )  # a worker that crashed handed on nothing


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield  # pytest lists every single skipped test, a screenful and more; what they lack is said below that
    if _missing:
        terminalreporter.section("TIERS THAT DID NOT RUN", yellow=True, bold=True)
        for tier, remedy in _missing.items():
            terminalreporter.line(f"{tier}: {remedy}")
