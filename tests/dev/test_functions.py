"""The functions are served as Vercel serves them: small sample projects, called over HTTP."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from dev.functions import Functions
from tests.waiting import until

HANDLER = """
from http.server import BaseHTTPRequestHandler

class handler(BaseHTTPRequestHandler):
    def log_request(self, *_): pass

    def say(self, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
"""

Deploy = Callable[..., httpx.Client]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deploy]:
    """Deploys a project of the given files; api files are appended to the sample handler."""
    running: list[Functions] = []
    clients: list[httpx.Client] = []

    def start(
        files: dict[str, str], max_duration: float | None = None, **environ: str
    ) -> httpx.Client:
        write(
            tmp_path,
            {
                name: HANDLER + text if name.startswith("api/") else text
                for name, text in files.items()
            },
        )
        running.append(Functions(tmp_path, environ, max_duration=max_duration))
        clients.append(httpx.Client(base_url=running[-1].url))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for functions in running:
        functions.close()


def errors(client: httpx.Client) -> list[str]:
    noted: list[str] = client.get("/_control/process").json()["errors"]
    return noted


def test_each_file_has_its_own_address_and_index_stands_for_its_folder(deploy: Deploy) -> None:
    body = "    def do_GET(self): self.say(__name__ + ' ' + self.path)\n"
    client = deploy({"api/sync/index.py": body, "api/sync/trigger.py": body, "api/media.py": body})
    assert client.get("/api/sync").text == "api.sync.index /api/sync"
    assert (
        client.get("/api/sync/trigger?secret=a%20b&x").text
        == "api.sync.trigger /api/sync/trigger?secret=a%20b&x"
    )
    assert client.get("/api/media").text == "api.media /api/media"


def test_path_and_query_reach_the_handler_byte_for_byte(deploy: Deploy) -> None:
    client = deploy({"api/echo.py": "    def do_GET(self): self.say(self.path)\n"})
    target = b"/api/echo?a=%7e~%2F/+[]{|}&&=%e9"
    request = client.build_request("GET", "/api/echo", extensions={"target": target})
    assert client.send(request).content == target


def test_what_is_no_function_is_not_found(deploy: Deploy, tmp_path: Path) -> None:
    write(tmp_path, {"api/helper.py": "def handler(): pass\n"})
    client = deploy(
        {"api/real.py": "    def do_GET(self): self.say('here')\n", "lib/secret.py": "x = 1\n"}
    )
    assert client.get("/api/real").status_code == 200
    for missing in ("/api/helper", "/api/none", "/api/real/more", "/lib/secret.py", "/vercel.json"):
        answer = client.get(missing)
        assert (answer.status_code, answer.headers["x-vercel-error"]) == (404, "NOT_FOUND"), missing
    assert errors(client) == []


def test_public_files_are_served_with_the_headers_of_vercel_json(deploy: Deploy) -> None:
    client = deploy(
        {
            "public/index.html": "<h1>dashboard</h1>",
            "public/dashboard.css": "h1 {}",
            "vercel.json": (
                """{"headers": [
                {"source": "/(.*)", "headers": [{"key": "X-Content-Type-Options", "value": "nosniff"}]},
                {"source": "/(dashboard\\\\.css)", "headers": [{"key": "Cache-Control", "value": "max-age=9"}]}]}"""
            ),
        }
    )
    page = client.get("/")
    assert page.text == "<h1>dashboard</h1>"
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert client.get("/dashboard.css").headers["content-type"].startswith("text/css")
    assert client.get("/none").headers["x-content-type-options"] == "nosniff"
    assert client.post("/", content=b"x").status_code == 405
    assert client.get("/..%2fvercel.json").status_code == 404


def test_a_header_source_that_is_not_understood_is_refused_at_the_start(deploy: Deploy) -> None:
    with pytest.raises(ValueError, match="/:path"):
        deploy({"vercel.json": '{"headers": [{"source": "/:path*", "headers": []}]}'})


def test_a_handler_sees_the_platforms_headers_and_all_of_the_callers(deploy: Deploy) -> None:
    show = (
        "    def do_POST(self): import json; self.say(json.dumps([[k.lower(), v] for k, v in"
        " self.headers.items()]))\n"
    )
    client = deploy({"api/show.py": show})
    answer = client.post(
        "/api/show",
        content=b"{}",
        headers={
            "Upstash-Signature": "a.b.c",
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Proto": "gopher",
            "Host": "site.example",
        },
    )
    seen = answer.json()
    headers = dict(seen)
    assert len(seen) == len(headers)
    assert headers["host"] == headers["x-forwarded-host"] == "site.example"
    assert headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["upstash-signature"] == "a.b.c"
    assert headers["content-length"] == "2"
    assert headers["x-vercel-id"] == answer.headers["x-vercel-id"]


def test_the_body_arrives_and_status_and_headers_return_as_they_are(deploy: Deploy) -> None:
    code = (
        "    def do_PUT(self):\n"
        "        body = self.rfile.read(int(self.headers['content-length']))\n"
        "        self.send_response(489)\n"
        "        for cookie in ('a=1', 'b=2'): self.send_header('Set-Cookie', cookie)\n"
        "        self.end_headers()\n"
        "        self.wfile.write(body[::-1])\n"
    )
    answer = deploy({"api/turn.py": code}).put("/api/turn", content=bytes(range(256)))
    assert answer.status_code == 489
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.content == bytes(range(256))[::-1]


def test_the_answer_does_not_wait_for_what_the_handler_does_after_it(
    deploy: Deploy, tmp_path: Path
) -> None:
    code = (
        "    def do_GET(self):\n        import os, pathlib, time\n        self.say('at once')\n    "
        "    go, done = (pathlib.Path(os.environ['SAMPLE_MARKS'], name) for name in ('go',"
        " 'done'))\n        while not go.exists(): time.sleep(0.01)\n        done.touch()\n"
    )
    client = deploy({"api/after.py": code}, SAMPLE_MARKS=str(tmp_path))
    assert client.get("/api/after").text == "at once"
    assert not (tmp_path / "done").exists()
    (tmp_path / "go").touch()
    until((tmp_path / "done").exists)


def test_eight_requests_run_side_by_side_in_one_process(deploy: Deploy) -> None:
    code = (
        "    import os, threading\n"
        "    everybody = threading.Barrier(8, timeout=60)\n"
        "    def do_GET(self):\n"
        "        self.everybody.wait()\n"
        "        self.say(f'{self.os.getpid()} {self.threading.get_ident()}')\n"
    )
    client = deploy({"api/slow.py": code})
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: client.get("/api/slow", timeout=90).text, range(8)))
    assert len(answers) == 8, "each request has a thread of its own"
    assert {answer.split()[0] for answer in answers} == {str(os.getpid())}


def test_module_globals_live_from_one_request_to_the_next(deploy: Deploy) -> None:
    code = (
        "    calls = []\n    def do_GET(self): self.calls.append(1);"
        " self.say(str(len(self.calls)))\n"
    )
    client = deploy({"api/count.py": code})
    assert [client.get("/api/count").text for _ in range(3)] == ["1", "2", "3"]


def test_an_uncaught_exception_is_a_failed_invocation(
    deploy: Deploy, capfd: pytest.CaptureFixture[str]
) -> None:
    client = deploy(
        {"api/broken.py": "    def do_GET(self): raise RuntimeError('what went wrong')\n"}
    )
    answer = client.get("/api/broken")
    assert (answer.status_code, answer.headers["x-vercel-error"]) == (
        500,
        "FUNCTION_INVOCATION_FAILED",
    )
    assert "what went wrong" not in answer.text
    assert "what went wrong" in capfd.readouterr().err
    assert errors(client) == ["FUNCTION_INVOCATION_FAILED /api/broken"]


def test_a_function_that_cannot_be_imported_fails_alone(
    deploy: Deploy, capfd: pytest.CaptureFixture[str]
) -> None:
    client = deploy(
        {
            "api/broken.py": "    import a_package_that_nobody_has\n",
            "api/well.py": "    def do_GET(self): self.say('well')\n",
        }
    )
    assert client.get("/api/broken").status_code == 500
    assert "a_package_that_nobody_has" in capfd.readouterr().err
    assert client.get("/api/well").text == "well"


def test_a_missing_method_is_answered_by_the_handlers_base(deploy: Deploy) -> None:
    client = deploy({"api/get.py": "    def do_GET(self): self.say('got')\n"})
    assert client.post("/api/get", content=b"x").status_code == 501


def test_a_body_over_the_limit_never_reaches_the_function(deploy: Deploy) -> None:
    code = (
        "    def do_POST(self):"
        " self.say(str(len(self.rfile.read(int(self.headers['content-length'])))))\n"
    )
    client = deploy({"api/size.py": code})
    assert client.post("/api/size", content=b"x" * 4_500_000).text == "4500000"
    answer = client.post("/api/size", content=b"x" * 4_500_001)
    assert (answer.status_code, answer.headers["x-vercel-error"]) == (
        413,
        "FUNCTION_PAYLOAD_TOO_LARGE",
    )


SLEEPY = "    def do_GET(self): import time; time.sleep(0.5); self.say('awake')\n"


def test_max_duration_ends_the_wait_for_a_function(
    deploy: Deploy, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = (
        '{"functions": {"api/sync/*.py": {"maxDuration": 0.1}, "api/**/*.py": {"maxDuration": 5}}}'
    )
    client = deploy({"api/sync/slow.py": SLEEPY, "api/slow.py": SLEEPY, "vercel.json": settings})
    answer = client.get("/api/sync/slow")
    assert (answer.status_code, answer.headers["x-vercel-error"]) == (
        504,
        "FUNCTION_INVOCATION_TIMEOUT",
    )
    assert client.get("/api/slow").text == "awake"
    assert errors(client) == ["FUNCTION_INVOCATION_TIMEOUT /api/sync/slow"]
    capfd.readouterr()


def test_max_duration_can_be_overridden(deploy: Deploy) -> None:
    settings = '{"functions": {"api/*.py": {"maxDuration": 5}}}'
    assert (
        deploy({"api/slow.py": SLEEPY, "vercel.json": settings}, max_duration=0.1)
        .get("/api/slow")
        .status_code
        == 504
    )


def test_the_access_log_is_the_platforms_and_not_the_handlers(
    deploy: Deploy, capfd: pytest.CaptureFixture[str]
) -> None:
    code = (
        "    def log_message(self, *_): print('the handler logs')\n"
        "    def log_request(self, *args): BaseHTTPRequestHandler.log_request(self, *args)\n"
        "    def do_GET(self): self.say('ok')\n"
    )
    deploy({"api/log.py": code}).get("/api/log?q=1")
    printed = capfd.readouterr().out
    assert '"GET /api/log?q=1 HTTP/1.1" 200 -' in printed
    assert "the handler logs" not in printed


def test_every_deployment_starts_cold_with_its_own_environment_and_code(tmp_path: Path) -> None:
    code = (
        HANDLER
        + "    def do_GET(self):\n        from lib.noun import told\n        self.say(told)\n"
    )
    lib_before = sys.modules.get("lib")
    for told in ("first", "second"):
        write(
            tmp_path / told,
            {"api/tell.py": code, "lib/noun.py": "import os\ntold = os.environ['SAMPLE_TOLD']\n"},
        )
        with Functions(tmp_path / told, {"SAMPLE_TOLD": told}) as functions:
            assert httpx.get(f"{functions.url}/api/tell").text == told
    assert "SAMPLE_TOLD" not in os.environ
    assert sys.modules.get("lib") is lib_before
    assert not [entry for entry in sys.path if str(tmp_path) in entry]


def test_a_second_deployment_in_the_same_process_is_refused_until_the_first_is_closed(
    tmp_path: Path,
) -> None:
    lib_before = sys.modules.get("lib")
    with Functions(tmp_path, {}), pytest.raises(RuntimeError, match=f"{tmp_path} still run"):
        Functions(tmp_path, {})
    with Functions(tmp_path, {}):
        pass
    assert sys.modules.get("lib") is lib_before


def test_a_killed_process_is_started_again_at_the_same_address(tmp_path: Path) -> None:
    hang = (
        "    def do_GET(self):\n"
        "        import os, threading\n"
        "        if 'hang' in self.path: threading.Event().wait()\n"
        "        self.say(os.environ['SAMPLE_TOLD'])\n"
    )
    write(tmp_path, {"api/tell.py": HANDLER + hang})
    parent = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dev.functions",
            "--root",
            str(tmp_path),
            "--port",
            "0",
            "--restart",
        ],
        env={**os.environ, "SAMPLE_TOLD": "still here"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout
        try:
            url = parent.stdout.readline().split()[2].rstrip(",")
            first = httpx.get(f"{url}/_control/process").json()["pid"]
            assert first not in (parent.pid, os.getpid())
            killer = threading.Timer(0.2, os.kill, (first, signal.SIGKILL))
            killer.start()
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{url}/api/tell?hang", timeout=20)
            killer.join()
            assert parent.stdout.readline().split()[2].rstrip(",") == url
            assert httpx.get(f"{url}/_control/process").json()["pid"] != first
            assert httpx.get(f"{url}/api/tell").text == "still here"
        finally:
            parent.terminate()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/api/tell")
