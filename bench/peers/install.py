"""Installs the peers into `.cache/bench`, once."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent.parent / ".cache/bench"
PYTHON = CACHE / "venv/bin/python"
NOTIONFS_PYTHON = CACHE / "venv-notionfs/bin/python"
VENVS = {
    CACHE / "venv": "requirements.txt",
    CACHE / "venv-notionfs": "requirements-notionfs.txt",
}
"""What each virtual environment holds; notionfs needs an older notion-client than the others."""
NODE_PROJECT = CACHE / "npm"


def install() -> None:
    """Raises `subprocess.CalledProcessError` where a registry can't be reached."""
    for venv, requirements in VENVS.items():
        if _is_new(requirements, venv):
            _make(venv, requirements)
    if shutil.which("npm") and _is_new("package.json", NODE_PROJECT):
        NODE_PROJECT.mkdir(parents=True, exist_ok=True)
        shutil.copy2(HERE / "package.json", NODE_PROJECT)
        npm = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
        try:
            subprocess.run([*npm, "--prefix", NODE_PROJECT], check=True)
        except subprocess.CalledProcessError:
            (NODE_PROJECT / "package.json").unlink()
            raise


def _make(venv: Path, requirements: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
    # notion-to-json declares Python 3.13, and runs on older ones.
    pip = [
        str(venv / "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--ignore-requires-python",
    ]
    subprocess.run([*pip, "-r", str(HERE / requirements)], check=True)
    shutil.copy2(HERE / requirements, venv)


def _is_new(name: str, installed: Path) -> bool:
    there = installed / name
    return not there.exists() or there.read_bytes() != (HERE / name).read_bytes()
