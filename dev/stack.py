"""The whole stack on one machine: Notion, QStash, Upstash Redis and the functions, wired to each other.

Each is ours, unless the environment names a real one: `NOTION_TOKEN` (with `NOTION_SOURCES`), `QSTASH_URL` (with its
token and keys), `REDIS_URL`.
"""

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import httpx

from dev.blob import BlobStandIn
from dev.functions import Functions
from dev.notion import SAMPLE_SOURCES, TOKEN, NotionStandIn
from dev.notion.load import load
from dev.notion.workspace import Workspace
from dev.qstash import QStashStandIn
from dev.serve import HOST
from dev.upstash import UpstashStandIn

ROOT = Path(__file__).parent.parent


class Stack:
    """A running stack; also a context manager. A stand-in is None where a real service takes its place.

    `blob`: with a Blob store, into which files are copied.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        environ: Mapping[str, str] = os.environ,
        settings: Mapping[str, str] | None = None,
        workspace: Callable[[], Workspace] = load,
        blob: bool = False,
    ) -> None:
        self._open = ExitStack()
        try:
            self.notion = (
                None if environ.get("NOTION_TOKEN") else self._open.enter_context(NotionStandIn(source=workspace))
            )
            self.qstash = None if environ.get("QSTASH_URL") else self._open.enter_context(QStashStandIn())
            self.upstash = self._open.enter_context(UpstashStandIn(redis_url=environ.get("REDIS_URL")))
            self.blob = self._open.enter_context(BlobStandIn()) if blob else None
            self.secret = environ.get("CRON_SECRET") or secrets.token_urlsafe(16)
            port = port or _free_port()
            self.environ = self._environ(environ) | {"SYNC_BASE_URL": f"http://{HOST}:{port}"} | dict(settings or {})
            self.functions = self._open.enter_context(Functions(ROOT, self.environ, port))
        except BaseException:
            self._open.close()
            raise
        self.url = self.functions.url

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
            settings |= {"VERCEL_BLOB_API_URL": self.blob.url, "BLOB_READ_WRITE_TOKEN": self.blob.token}
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
        return httpx.get(
            f"{self.url}{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.secret}"},
            timeout=120,
            trust_env=False,
        )

    def set(self, name: str, value: str) -> None:
        """Changes a setting of the functions, which read theirs at each request; blank counts as unset."""
        os.environ[name] = value

    def reset(self) -> None:
        """A fresh workspace, an empty queue and an empty KV; the functions stay as they are."""
        for stand_in in (self.qstash, self.notion, self.upstash, self.blob):
            if stand_in is not None:
                stand_in.reset()

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> "Stack":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _free_port() -> int:
    """A port for the functions, whose address the settings name before they are served."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
