"""What `vercel build` makes of the project."""

import json
from pathlib import Path

from tests.runtime import private
from tests.runtime.build import ROOT, Build, Toolchain, project_files

MEGABYTES = 1_000_000
LARGEST_BUNDLE = 30 * MEGABYTES
"""With bytecode. Vercel allows 500 MB, but every byte is time of a cold start."""

SETTINGS = json.loads((ROOT / "vercel.json").read_text())


def address(file: str) -> str:
    return "/" + file.removesuffix(".py").removesuffix("/index")


def test_every_file_of_api_is_a_function_and_nothing_else(build: Build) -> None:
    written = [name for name in project_files() if name.startswith("api/")]
    syncing = {
        f"/api/sync{name}" for name in ("", "/notify", "/status", "/trigger", "/webhook", "/worker")
    }
    assert {"/api/media"} | syncing <= set(build.functions)
    assert sorted(build.functions) == sorted(address(file) for file in written)


def test_each_function_has_its_runtime_and_its_time(build: Build, toolchain: Toolchain) -> None:
    asked = {
        address(file): function["maxDuration"] for file, function in SETTINGS["functions"].items()
    }
    assert {name: function["maxDuration"] for name, function in build.functions.items()} == asked
    assert (asked["/api/sync/trigger"], asked["/api/sync/worker"], asked["/api/sync"]) == (
        30,
        300,
        300,
    )
    assert {function["runtime"] for function in build.functions.values()} == {
        f"python{toolchain.version}"
    }


def test_a_cron_asks_for_a_sync_once_a_day(build: Build) -> None:
    [cron] = build.routing["crons"]
    minute, hour, *rest = cron["schedule"].split()
    assert cron["path"] == "/api/sync/trigger"
    assert minute.isdigit()
    assert hour.isdigit()
    assert rest == ["*", "*", "*"]


def test_nothing_but_public_is_published(build: Build) -> None:
    public = ROOT / "public"
    assert build.static == {
        path.relative_to(public).as_posix(): path.read_bytes()
        for path in public.rglob("*")
        if path.is_file()
    }


def test_a_bundle_holds_what_runs_and_no_more(build: Build) -> None:
    for name in build.functions:
        files = build.bundle(name)
        assert {file for file in files if "/" not in file} == {
            "vc__handler__python.py",
            "vercel.json",
        }
        assert {file.split("/")[0] for file in files if "/" in file} == {"_vendor", "api", "lib"}
        ours = {Path(file).suffix for file in files if file.startswith(("api/", "lib/"))}
        assert ours == {".lua", ".py", ".pyc"}
        assert sum(path.stat().st_size for path in files.values()) < LARGEST_BUNDLE


def test_c12_a_bundle_holds_no_private_file_of_who_deploys(build: Build) -> None:
    for name in build.functions:
        files = build.bundle(name)
        assert not [file for file in files if file in private.NAMES]
        assert not [file for file, path in files.items() if private.holds_a_private_file(path)]


def test_the_status_finds_the_crons_beside_it(build: Build) -> None:
    assert (
        json.loads(build.bundle("/api/sync/status")["vercel.json"].read_text())["crons"]
        == SETTINGS["crons"]
    )


def test_static_pages_and_answers_carry_strict_headers(build: Build) -> None:
    headers = build.routing["routes"][0]["headers"]
    assert build.routing["routes"][0]["continue"]
    policy = headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
