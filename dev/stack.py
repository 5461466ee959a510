"""The whole stack on one machine: Notion, QStash, Upstash Redis and the functions, wired to each
other.

Each is ours, unless the environment names another one: `NOTION_TOKEN` (with `NOTION_SOURCES`) the
real Notion, `QSTASH_URL` (with its token and keys) a QStash server of this machine, `REDIS_URL` a
redis-server. QStash itself, in its cloud, could never call functions that run here.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from dev.blob import BlobStandIn
from dev.closing import Closing
from dev.functions import Functions
from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from dev.notion.load import load
from dev.notion.workspace import Workspace
from dev.qstash import QStashStandIn
from dev.serve import HOST, free_port
from dev.upstash import UpstashStandIn

ROOT = Path(__file__).parent.parent


class Deployment(AbstractContextManager["Deployment"], Protocol):
    """The functions, served at `url`."""

    url: str


class Stack(Closing):
    """A running stack; also a context manager. A stand-in is None where another server takes its
    place.

    `deploy` serves the functions, with the settings in `environ`, at a port; `queue_speed` divides
    the time that the QStash stand-in lets pass before it delivers a failed message again.
    `webhook_seconds`: the Notion stand-in's webhook is set up, and tells of edits so long after
    they were made. `blob`: with a Blob store, into which files are copied.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        environ: Mapping[str, str] = os.environ,
        settings: Mapping[str, str] | None = None,
        workspace: Callable[[], Workspace] = load,
        deploy: "Callable[[Stack, int], Deployment] | None" = None,
        queue_speed: float = 1.0,
        webhook_seconds: float | None = None,
        blob: bool = False,
    ) -> None:
        self._open = ExitStack()
        try:
            self.notion = (
                None
                if environ.get("NOTION_TOKEN")
                else self._open.enter_context(NotionStandIn(source=workspace))
            )
            self.qstash = (
                None
                if _is_of_this_machine(environ.get("QSTASH_URL", ""))
                else self._open.enter_context(QStashStandIn(speed=queue_speed))
            )
            self.upstash = self._open.enter_context(
                UpstashStandIn(redis_url=environ.get("REDIS_URL"))
            )
            self.blob = self._open.enter_context(BlobStandIn()) if blob else None
            self.secret = environ.get("CRON_SECRET") or secrets.token_urlsafe(16)
            port = port or free_port()
            self.environ = (
                self._environ(environ)
                | {"SYNC_BASE_URL": f"http://{HOST}:{port}"}
                | dict(settings or {})
            )
            telling = self.notion.webhooks if self.notion and webhook_seconds is not None else None
            if telling:
                self.environ.setdefault("NOTION_WEBHOOK_TOKEN", telling.token)
            self.functions = self._open.enter_context((deploy or in_this_process)(self, port))
            if telling and webhook_seconds is not None:
                telling.subscribe(f"{self.functions.url}/api/sync/webhook", webhook_seconds)
        except BaseException:
            self._open.close()
            raise
        self.url = self.functions.url
        self._http = self._open.enter_context(httpx.Client(timeout=120, trust_env=False))

    def _environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        settings = {
            "CRON_SECRET": self.secret,
            "KV_REST_API_URL": self.upstash.url,
            "KV_REST_API_TOKEN": self.upstash.token,
        }
        if self.notion:
            settings |= {
                "NOTION_API_URL": self.notion.url,
                "NOTION_TOKEN": TOKEN,
                "NOTION_SOURCES": SAMPLE_SOURCES,
                "NOTION_FILE_HOSTS": self.notion.url.partition("://")[2] + "/files",
            }
        if self.blob:
            settings |= {
                "VERCEL_BLOB_API_URL": self.blob.url,
                "BLOB_READ_WRITE_TOKEN": self.blob.token,
            }
        if self.qstash:
            settings |= {
                "QSTASH_URL": self.qstash.url,
                "QSTASH_TOKEN": self.qstash.token,
                "QSTASH_CURRENT_SIGNING_KEY": self.qstash.current_signing_key,
                "QSTASH_NEXT_SIGNING_KEY": self.qstash.next_signing_key,
            }
        return dict(environ) | settings

    def get(self, path: str, **query: str) -> httpx.Response:
        """Asks a function as its owner would: a GET with the secret in the header."""
        return self._http.get(
            f"{self.url}{path}", params=query, headers={"Authorization": f"Bearer {self.secret}"}
        )

    def set(self, name: str, value: str) -> None:
        """Changes a setting of the functions, which read theirs at each request; blank counts as
        unset."""
        if name not in self.environ:
            self._open.callback(os.environ.pop, name, None)
        os.environ[name] = value

    def reset(self) -> None:
        """A fresh workspace, an empty queue and an empty KV; the functions stay as they are.

        What they do for the queue ends first: it would write into the KV of the next test.
        """
        if self.qstash:
            self.qstash.halt()
        for stand_in in (self.qstash, self.notion, self.upstash, self.blob):
            if stand_in is not None:
                stand_in.reset()

    def close(self) -> None:
        self._open.close()


def in_this_process(stack: Stack, port: int) -> Deployment:
    """The functions as threads of this process: quick to start, and `Stack.set` reaches them."""
    return Functions(ROOT, stack.environ, port)


def _is_of_this_machine(address: str) -> bool:
    return urlsplit(address).hostname in ("localhost", HOST, "::1")
