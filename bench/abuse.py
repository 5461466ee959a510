"""What abuse costs: `python -m bench.abuse` knocks at the doors of a local stack as hard as it can.


The functions run in a process of their own and KV in a real redis-server, as in the other benches.
"""

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from dev.functions.process import FunctionsProcess
from dev.notion.generate import generate
from dev.qstash import Fault
from dev.stack import ROOT, Stack
from lib.auth import sign_notion
from lib.secret import Secret
from tests.redis_server import redis_server
from tests.stack.site import Site

TOKEN = "secret_of_the_benchs_webhook"
TRIGGERS, EVENTS, MADE_UP, THREADS = 200, 1_000, 500, 12

Call = Callable[[httpx.Client], httpx.Response]


def main() -> None:
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed (apt-get install redis-server)")
    with tempfile.TemporaryDirectory() as name, redis_server(program, Path(name)) as redis:
        folder = Path(name)

        def deploy(stack: Stack, port: int) -> FunctionsProcess:
            return FunctionsProcess(ROOT, stack.environ, folder / "functions.log", port)

        settings = {"NOTION_REQUESTS_PER_MINUTE": "1000000", "NOTION_WEBHOOK_TOKEN": TOKEN}
        with Stack(
            environ={"REDIS_URL": redis},
            settings=settings,
            workspace=lambda: generate(pages=EVENTS, posts=0),
            deploy=deploy,
        ) as stack:
            site = Site.of(stack)
            site.notion.limit.requests = None
            site.sync()
            measure(site)


def measure(site: Site) -> None:
    """Knock at each door, and tell what it cost."""
    url, secret = site.stack.url, site.stack.secret
    wrong = [
        lambda http: http.get(f"{url}/api/sync/trigger", params={"secret": "wrong"})
    ] * TRIGGERS
    tell(site, f"{TRIGGERS} triggers at once with a wrong secret", wrong, threads=TRIGGERS)
    site.qstash.fail(Fault("drop", times=TRIGGERS))  # what the run costs is another figure
    right = [lambda http: http.get(f"{url}/api/sync/trigger", params={"secret": secret})] * TRIGGERS
    tell(site, f"{TRIGGERS} triggers at once with the secret", right, threads=TRIGGERS)
    site.qstash.heal()
    tell(
        site,
        f"{MADE_UP} made-up addresses",
        [made_up(url, f"&mac={number:020x}") for number in range(MADE_UP)],
    )
    tell(
        site,
        f"{MADE_UP} made-up addresses of an older format",
        [made_up(url, "") for _ in range(MADE_UP)],
    )
    pages = [page["meta"]["id"] for page in site.published().values()][:EVENTS]
    tell(site, f"{EVENTS} forged events", [event(url, page, "another") for page in pages])
    tell(
        site,
        f"{EVENTS} signed events of {len(pages)} pages",
        [event(url, page, TOKEN) for page in pages],
    )


def made_up(url: str, mac: str) -> Call:
    address = f"{url}/api/media?block={uuid4()}&file={uuid4().hex[:16]}{mac}"
    return lambda http: http.get(address)


def event(url: str, page: str, token: str) -> Call:
    body = {
        "id": str(uuid4()),
        "type": "page.content_updated",
        "timestamp": datetime.now(UTC).isoformat(),
        "entity": {"id": page, "type": "page"},
        "data": {},
    }
    content = json.dumps(body).encode()
    headers = {"X-Notion-Signature": sign_notion(content, Secret(token))}
    return lambda http: http.post(f"{url}/api/sync/webhook", content=content, headers=headers)


def tell(site: Site, name: str, calls: Sequence[Call], threads: int = THREADS) -> None:
    """Make the calls, and print how they ended and what they cost."""
    before, began = _spent(site), time.monotonic()
    limits = httpx.Limits(max_connections=threads)
    with (
        httpx.Client(trust_env=False, timeout=120, limits=limits) as http,
        ThreadPoolExecutor(threads) as crowd,
    ):
        statuses = Counter(
            answer.status_code for answer in crowd.map(lambda call: call(http), calls)
        )
    seconds = time.monotonic() - began
    commands, messages, requests = (
        after - earlier for after, earlier in zip(_spent(site), before, strict=True)
    )
    print(
        f"{name}: {dict(statuses)} in {seconds:.1f} s;"
        f" {commands} KV commands, {messages} messages, {requests} requests to Notion",
        flush=True,
    )


def _spent(site: Site) -> tuple[int, int, int]:
    return (
        site.kv.usage.commands.total(),
        site.qstash.counts.get("publish", 0),
        len(site.notion.log.requests),
    )


if __name__ == "__main__":
    main()
