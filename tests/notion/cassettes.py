"""Real Notion traffic, recorded by public test suites and kept beside the repository; never copied
into it."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest
import yaml

from lib.model import JSON

RECORDED = Path(__file__).parents[2].parent / "shared" / "recorded"

needed = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded Notion answers (../shared/recorded) are absent"
)


class Exchange(msgspec.Struct, frozen=True):
    """One request and its answer; `path` without `/v1/`, `query` and `body` as sent."""

    cassette: str
    method: str
    path: str
    query: dict[str, str]
    body: JSON
    status: int
    answer: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.answer)

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, content=self.answer.encode())


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Everything recorded, in the order of the cassettes; nothing where the folder is absent."""
    return tuple(exchange for file in sorted(RECORDED.glob("**/*.y*ml")) for exchange in _of(file))


def _of(file: Path) -> Iterator[Exchange]:
    cassette = yaml.load(file.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for recorded in cassette.get("interactions") or cassette.get("http_interactions"):
        request, response = recorded["request"], recorded["response"]
        address = urlsplit(request["uri"])
        sent = request["body"]
        if isinstance(sent, dict):
            sent = sent["string"]
        answer = response["content"] if "content" in response else response["body"]["string"]
        yield Exchange(
            cassette=str(file.relative_to(RECORDED)),
            method=request["method"].upper(),
            path=address.path.removeprefix("/v1/"),
            query=dict(parse_qsl(address.query)),
            body=msgspec.json.decode(sent) if sent and sent.lstrip().startswith("{") else {},
            status=response.get("status_code") or response["status"]["code"],
            answer=answer,
        )
