"""What is installed, and what a machine that lacks something is told by the scripts in `.ci` and
after the tests."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent
FOR_PIP = ("requirements.txt", "requirements-dev.txt", ".ci/requirements.txt")
FOR_NPM = ("tests/clients", "tests/runtime", "examples/nextjs", "examples/astro")
SMALL = re.compile(r"^sniffio==.+(\n .+)+", re.MULTILINE)
"""A package of one small file, with its hashes, as requirements.txt has it."""
SHA256 = re.compile("sha256:[0-9a-f]{64}")


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody without root rights, on a machine without apt, sudo and
    everything CI needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    (folder / "id").write_text("#!/bin/sh\necho 1000\n")
    (folder / "id").chmod(0o755)
    return {"PATH": str(folder), "HOME": str(tmp_path)}


def test_a_machine_without_a_python_that_makes_environments_is_told_which_packages_it_needs() -> (
    None
):
    done = subprocess.run([ROOT / ".ci/python", "2.0"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "apt-get install python3 python3-venv" in done.stderr


def test_ci_that_may_not_install_what_it_needs_names_it(bare: dict[str, str]) -> None:
    done = subprocess.run([ROOT / ".ci/run"], env=bare, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "git make redis-server chromium" in done.stderr


def test_the_repositorys_own_ci_runs_the_same_script_with_actions_pinned_by_commit() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    used = re.findall(r"uses: (\S+)", workflow)

    assert re.findall(r"^ +- run: (.*)$", workflow, re.MULTILINE) == [".ci/run"]
    assert "permissions:\n  contents: read\n" in workflow
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one)] == []


def test_a_fresh_machine_is_not_made_without_root_rights(bare: dict[str, str]) -> None:
    done = subprocess.run([ROOT / ".ci/fresh"], env=bare, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "root rights" in done.stderr


@pytest.mark.parametrize("workers", ["0", "2"])
def test_tiers_that_did_not_run_are_named_at_the_end(workers: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(
        "def test_it(lacking): lacking('moon tier', 'needs a rocket')\n"
    )
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-ra",
        f"--numprocesses={workers}",
        tmp_path,
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    heading, tier, end = filter(None, done.stdout.splitlines()[-3:])
    assert "TIERS THAT DID NOT RUN" in heading
    assert tier == "moon tier: needs a rocket"
    assert "1 skipped" in end


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder with what `make requirements` needs, and old files where it writes."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "uv.lock",
        *(f"{folder}/package-lock.json" for folder in FOR_NPM),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    for name in FOR_PIP:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old\n")
    return tmp_path


def make_requirements(folder: Path) -> subprocess.CompletedProcess[str]:
    uv = Path(sys.executable).parent / "uv"
    environ = os.environ | {
        "UV_PYTHON": sys.executable,
        "UV_CACHE_DIR": str(folder / "cache"),
        "UV_OFFLINE": "1",
    }
    command = ["make", "--silent", "requirements", f'UV="{uv}" --quiet']
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


def test_what_pip_installs_is_what_the_lock_has(locked: Path) -> None:
    done = make_requirements(locked)
    assert (done.returncode, done.stderr) == (0, "")
    for name in FOR_PIP:
        assert (ROOT / name).read_text() == (locked / name).read_text(), "run `make lock UPGRADE=`"


def test_a_lock_that_lags_behind_what_is_asked_for_is_refused(locked: Path) -> None:
    asked = (locked / "pyproject.toml").read_text()
    (locked / "pyproject.toml").write_text(re.sub('"idna.*"', '"idna>=99"', asked))
    assert make_requirements(locked).returncode != 0


def test_pip_refuses_a_package_whose_hash_is_another(
    tmp_path: Path, lacking: Callable[[str, str], NoReturn]
) -> None:
    found = SMALL.search((ROOT / "requirements.txt").read_text())
    assert found
    if pip_install(found[0], tmp_path).returncode:
        lacking("hashes with pip", "needs a package index")
    tampered = pip_install(SHA256.sub("sha256:" + "0" * 64, found[0]), tmp_path)
    assert tampered.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in tampered.stderr


def pip_install(requirement: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "requirements.txt").write_text(requirement)
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
    ]
    network = ["--retries=1", "--timeout=10"]
    return subprocess.run(
        [*command, *network, "-r", "requirements.txt"], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.parametrize("folder", FOR_NPM)
def test_what_npm_installs_is_locked_with_hashes(folder: str) -> None:
    asked = json.loads((ROOT / folder / "package.json").read_text())
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    project = packages.pop("")
    assert {part: project.get(part) for part in ("dependencies", "devDependencies")} == {
        part: asked.get(part) for part in ("dependencies", "devDependencies")
    }
    assert [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ] == []
