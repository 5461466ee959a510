"""Files come from Notion's own hosts, and from nowhere else."""

from collections.abc import Callable

import httpx
import pytest

from lib.config import NOTION_FILE_HOSTS
from lib.errors import NotionAway, Unreadable
from lib.notion.files import FileHosts, opened

HOST = "prod-files-secure.s3.us-west-2.amazonaws.com"
SHARED = "s3.us-west-2.amazonaws.com/secure.notion-static.com"
NOTION = FileHosts(NOTION_FILE_HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        f"https://{HOST}/space/file/a.png?X-Amz-Signature=1",
        f"https://{HOST}/space/file/%C3%A9t%C3%A9%20(1).png",
        f"https://{SHARED}/file/a.png?X-Amz-Signature=1",
    ],
)
def test_notions_own_addresses_are_allowed(url: str) -> None:
    assert NOTION.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        f"//{HOST}/a.png",
        f"http://{HOST}/a.png",
        f"ftp://{HOST}/a.png",
        f"https://{HOST}.evil.example/a.png",
        f"https://evil.example/{HOST}/a.png",
        f"https://evil-{HOST}/a.png",
        f"https://x.{HOST}/a.png",
        f"https://{HOST}@evil.example/a.png",
        f"https://user:secret@{HOST}/a.png",
        f"https://evil.example\\@{HOST}/a.png",
        f"https://{HOST}\\@evil.example/a.png",
        f"https://{HOST}#@evil.example/",
        f"https://evil.example#@{HOST}/a.png",
        f"https://{HOST}:443/a.png",
        f"https://{HOST}:8443/a.png",
        f"https://{HOST}:x/a.png",
        f"https://{HOST}/a.png#part",
        f"https://{HOST}",
        f"https://{HOST}/./a.png",
        "https://[::1/a.png",
        f"https://{HOST}./a.png",
        f"https://{HOST.upper()}/a.png",
        f"https://{HOST.replace('o', 'о', 1)}/a.png",  # a Cyrillic letter
        f"https://{HOST.replace('.', '。')}/a.png",
        f"https://{HOST}%2eevil.example/a.png",
        f"https://{HOST}\t/a.png",
        f" https://{HOST}/a.png",
        f"https://{HOST}/a b.png",
        f"https://{HOST}/a\\..\\b.png",
        f"https://{HOST}/../a.png",
        "https://s3.us-west-2.amazonaws.com/another-bucket/a.png",
        "https://s3.us-west-2.amazonaws.com/secure.notion-static.com",
        "https://s3.us-west-2.amazonaws.com/secure.notion-static.com.evil/a.png",
        f"https://{SHARED}/../another-bucket/a.png",
        f"https://{SHARED}/%2e%2e/another-bucket/a.png",
        f"https://{SHARED}/x/%2E./../a.png",
        f"https://{SHARED}%2f../another-bucket/a.png",
        "https://127.0.0.1/a.png",
        "https://localhost/a.png",
        "https://[::1]/a.png",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/a.png",
        "https://2130706433/a.png",
        "file:///etc/passwd",
        "data:text/plain,hello",
    ],
)
def test_what_only_looks_like_notions_address_is_not(url: str) -> None:
    assert not NOTION.allow(url)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://127.0.0.1:4001/files/a.png", True),
        ("https://127.0.0.1:4001/files/a.png", True),
        ("http://127.0.0.1:4001/control/a.png", False),
        ("http://127.0.0.1:4002/files/a.png", False),
        ("http://127.0.0.1/files/a.png", False),
        ("http://localhost:4001/files/a.png", False),
        ("http://files.example/a.png", False),
        ("https://files.example/a.png", True),
        ("http://10.0.0.1/a.png", False),
        ("https://10.0.0.1/a.png", True),
    ],
)
def test_the_owner_may_name_other_hosts_and_a_local_stack_without_https(
    url: str, allowed: bool
) -> None:
    hosts = FileHosts(["127.0.0.1:4001/files", "files.example", "10.0.0.1"])
    assert hosts.allow(url) is allowed


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "localhost:4001"])
def test_this_very_machine_may_be_named_with_or_without_a_port(name: str) -> None:
    assert FileHosts([name]).allow(f"http://{name}/a.png")


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_a_strange_address_is_not_even_asked() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    async with client(answer) as http:
        with pytest.raises(Unreadable, match=r"evil\.example is not among NOTION_FILE_HOSTS"):
            async with opened(http, NOTION, "https://evil.example/a.png"):
                pass
    assert asked == []


async def test_a_redirect_is_not_followed_even_to_a_host_that_is_allowed() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": f"https://{HOST}/other.png"})

    async with client(answer) as http:
        http.follow_redirects = True
        with pytest.raises(Unreadable) as refusal:
            async with opened(http, NOTION, f"https://{HOST}/a.png"):
                pass
    assert (refusal.value.notion_status, asked) == (302, [f"https://{HOST}/a.png"])


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Unreadable), (404, Unreadable), (500, NotionAway), (503, NotionAway)],
)
async def test_a_refusal_is_final_and_trouble_is_not(status: int, error: type[Exception]) -> None:
    async with client(lambda request: httpx.Response(status)) as http:
        with pytest.raises(error, match=str(status)):
            async with opened(http, NOTION, f"https://{HOST}/a.png"):
                pass


async def test_a_connection_that_breaks_is_the_hosts_trouble() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    async with client(answer) as http:
        with pytest.raises(NotionAway, match="ReadTimeout"):
            async with opened(http, NOTION, f"https://{HOST}/a.png"):
                pass


async def test_the_bytes_are_given_as_they_come() -> None:
    async with (
        client(lambda request: httpx.Response(200, content=b"bytes")) as http,
        opened(http, NOTION, f"https://{HOST}/a.png") as response,
    ):
        assert await response.aread() == b"bytes"
        assert response.request.headers["accept-encoding"] == "identity"
