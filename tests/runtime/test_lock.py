"""That Vercel's build installs what the lock names, and nothing that its hashes do not fit."""

import re
from pathlib import Path

import pytest

from tests.runtime.build import ROOT, Build, Toolchain, copy_of_the_project

PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
DISTRIBUTION = re.compile(r"^_vendor/([^/]+)-([^/-]+)\.dist-info/METADATA$", re.MULTILINE)
VERCELS = {"pip", "vercel-runtime"}
"""What the build adds by itself."""
SNIFFIO = re.compile(r'^name = "sniffio"\n(.+\n)+', re.MULTILINE)
SHA256 = re.compile("sha256:[0-9a-f]{64}")


def test_c5_a_function_has_the_locked_packages_and_no_other(build: Build) -> None:
    locked = dict(PINNED.findall((ROOT / "requirements.txt").read_text()))
    for name in build.functions:
        found = DISTRIBUTION.findall("\n".join(build.bundle(name)))
        installed = {package.replace("_", "-").lower(): version for package, version in found}
        assert {package: installed[package] for package in installed.keys() - VERCELS} == locked


def test_c5_a_build_is_refused_where_a_hash_is_another(
    toolchain: Toolchain, tmp_path: Path
) -> None:
    project = copy_of_the_project(tmp_path)
    lock = (project / "uv.lock").read_text()
    tampered = SNIFFIO.sub(lambda package: SHA256.sub("sha256:" + "0" * 64, package[0]), lock)
    assert tampered != lock
    (project / "uv.lock").write_text(tampered)
    with pytest.raises(RuntimeError, match="Hash mismatch for `sniffio"):
        toolchain.build(project)


def test_a_build_takes_the_lock_as_it_is(build: Build) -> None:
    assert (build.folder / "uv.lock").read_bytes() == (ROOT / "uv.lock").read_bytes()
    assert (build.folder / "pyproject.toml").read_bytes() == (ROOT / "pyproject.toml").read_bytes()
