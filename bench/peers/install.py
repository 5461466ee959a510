"""Installs the peers into `.cache/bench`, once."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent.parent / ".cache/bench"
PYTHON = CACHE / "venv/bin/python"
NODE_PROJECT = CACHE / "npm"


def install() -> None:
    """Raises `subprocess.CalledProcessError` where a registry can't be reached."""
    if _is_new("requirements.txt", CACHE / "venv"):
        subprocess.run([sys.executable, "-m", "venv", "--clear", CACHE / "venv"], check=True)
        # notion-to-json declares Python 3.13, and runs on older ones.
        pip = [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--ignore-requires-python",
        ]
        subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True)
        shutil.copy2(HERE / "requirements.txt", CACHE / "venv")
    if shutil.which("npm") and _is_new("package.json", NODE_PROJECT):
        NODE_PROJECT.mkdir(parents=True, exist_ok=True)
        shutil.copy2(HERE / "package.json", NODE_PROJECT)
        npm = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
        try:
            subprocess.run([*npm, "--prefix", NODE_PROJECT], check=True)
        except subprocess.CalledProcessError:
            (NODE_PROJECT / "package.json").unlink()
            raise


def _is_new(name: str, installed: Path) -> bool:
    there = installed / name
    return not there.exists() or there.read_bytes() != (HERE / name).read_bytes()
