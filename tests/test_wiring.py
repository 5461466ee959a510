"""That what is set up is also built."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from dev.upstash import UpstashStandIn
from lib.config import Config
from lib.log import Log
from lib.model import Ask
from lib.wiring import Services, services

ROOT = Path(__file__).parent.parent
RESEND = {
    "RESEND_API_KEY": "re_key",
    "NOTIFY_EMAIL_FROM": "Sync <sync@example.com>",
    "NOTIFY_EMAIL_TO": "a@example.com, b@example.com",
}

AT_ONCE = 32
"""As many as a sync asks Notion for side by side."""


@pytest.mark.parametrize("settings", [RESEND, {}])
async def test_a_mail_goes_out_where_resend_is_set_up(
    environ: dict[str, str], settings: dict[str, str]
) -> None:
    mails: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        mails.append(request)
        return httpx.Response(200, json={"id": "1"})

    resend = {"https://api.resend.com": httpx.MockTransport(answer)}
    with UpstashStandIn() as upstash:
        kv = {"KV_REST_API_URL": upstash.url, "KV_REST_API_TOKEN": upstash.token}
        async with httpx.AsyncClient(trust_env=False, mounts=resend) as http:
            services = Services(Config.read(environ | kv | settings), http, Log(now=time.time))
            await services.runs.ask_for_run("run_1", Ask(), time.time() + 600)
            await services.runs.end_run("run_1", "delivered", {"written": 2}, "", time.time() + 600)

            assert await services.desk.tell_channels("run_1") == (["email"] if settings else [])

    assert len(mails) == bool(settings)
    for mail in mails:
        body = json.loads(mail.content)
        assert mail.headers["Authorization"] == "Bearer re_key"
        assert (body["from"], body["to"]) == (
            "Sync <sync@example.com>",
            ["a@example.com", "b@example.com"],
        )
        assert "https://sync.example/" in body["text"]


def test_what_tells_of_a_runs_end_is_loaded_where_a_run_ends(environ: dict[str, str]) -> None:
    """Each slice has the same beginning, and most end no run."""
    code = """
import sys, time, httpx
from lib.config import Config
from lib.log import Log
from lib.slice_wiring import SliceParts
from lib.wiring import Services

SliceParts(Services(Config.read(), httpx.AsyncClient(), Log(now=time.time)), None).engine
print(*sorted(sys.modules))
"""
    settings = environ | {
        "SLACK_WEBHOOK_URL": "https://hooks.slack.example/1",
        "REVALIDATE_URL": "https://site.example/revalidate",
    }
    loaded = subprocess.check_output(
        [sys.executable, "-c", code], cwd=ROOT, text=True, env=settings
    ).split()
    assert "lib.sync.run" in loaded
    assert [name for name in loaded if name.startswith("lib.notify")] == []


async def test_the_channels_of_a_request_are_opened_once(environ: dict[str, str]) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        services = Services(Config.read(environ | RESEND), http, Log(now=time.time))
        assert services.channels
        assert services.channels is services.channels


@pytest.mark.parametrize(("limit", "works"), [(8, 5.6), (10, 7.0), (60, 42.0), (300, 280.0)])
async def test_b4_a_slice_leaves_a_share_of_the_functions_time_and_at_most_20_seconds(
    environ: dict[str, str], limit: float, works: float
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        services = Services(Config.read(environ), http, Log(now=time.time))
        now = time.time()
        assert services.slice_end(now + limit) == pytest.approx(now + works, abs=0.5)


async def test_connections_are_kept_for_the_next_requests_and_kvs_beside_the_others(
    environ: dict[str, str],
) -> None:
    """Each new one costs a handshake; and the pool looks at all that it holds at every request."""
    opened: list[object] = []
    everybody_asks = asyncio.Barrier(AT_ONCE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        while await reader.read(65_536):
            async with asyncio.timeout(30):
                await everybody_asks.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        url = f"http://{host}:{port}"
        config = Config.read(environ | {"KV_REST_API_URL": "https://kv.example"})
        async with services(config, Log(now=time.time)) as built:
            for _ in range(3):
                await asyncio.gather(*(built.http.get(url) for _ in range(AT_ONCE)))
            assert len(opened) == AT_ONCE
            assert built.http._transport_for_url(httpx.URL(url)) is not (
                built.http._transport_for_url(httpx.URL("https://kv.example/pipeline"))
            )
