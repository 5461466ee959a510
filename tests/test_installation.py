"""What a machine that lacks something is told, by the scripts in `.ci` and at the end of the tests."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody without root rights, on a machine without apt, sudo and everything CI needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    (folder / "id").write_text("#!/bin/sh\necho 1000\n")
    (folder / "id").chmod(0o755)
    return {"PATH": str(folder), "HOME": str(tmp_path)}


def test_a_machine_without_a_python_that_makes_environments_is_told_which_packages_it_needs() -> None:
    done = subprocess.run([ROOT / ".ci/python", "2.0"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "apt-get install python3 python3-venv" in done.stderr


def test_ci_that_may_not_install_what_it_needs_names_it(bare: dict[str, str]) -> None:
    done = subprocess.run([ROOT / ".ci/run"], env=bare, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "git make redis-server chromium" in done.stderr


def test_a_fresh_machine_is_not_made_without_root_rights(bare: dict[str, str]) -> None:
    done = subprocess.run([ROOT / ".ci/fresh"], env=bare, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "root rights" in done.stderr


@pytest.mark.parametrize("workers", ["0", "2"])
def test_tiers_that_did_not_run_are_named_at_the_end(workers: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text("def test_it(lacking): lacking('moon tier', 'needs a rocket')\n")
    command: list[str | Path] = [sys.executable, "-m", "pytest", "-ra", f"--numprocesses={workers}", tmp_path]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    heading, tier, end = filter(None, done.stdout.splitlines()[-3:])
    assert "TIERS THAT DID NOT RUN" in heading
    assert tier == "moon tier: needs a rocket"
    assert "1 skipped" in end
