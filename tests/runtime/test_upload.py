"""What leaves the machine of somebody who deploys from it with Vercel's CLI, and not through
git."""

from pathlib import Path

import pytest

from tests.runtime import private
from tests.runtime.build import Build, Toolchain, project_files
from tests.runtime.upload import uploaded_files

FOLDERS = (
    "api/",
    "examples/",
    "lib/",
    "public/",
)  # examples: a site may be deployed from its folder there
FILES = (".python-version", "pyproject.toml", "uv.lock", "vercel.json")


@pytest.fixture(scope="module")
def source_upload(build: Build, toolchain: Toolchain) -> set[str]:
    return uploaded_files(toolchain, build.folder)


@pytest.fixture(scope="module")
def prebuilt_upload(build: Build, toolchain: Toolchain) -> set[str]:
    return uploaded_files(toolchain, build.folder, "--prebuilt", "--prod")


def private_among(names: set[str], folder: Path) -> list[str]:
    return [
        name
        for name in names
        if name in private.NAMES or private.holds_a_private_file(folder / name)
    ]


def test_of_a_source_upload_goes_what_vercel_builds_from(source_upload: set[str]) -> None:
    wanted = {name for name in project_files() if name.startswith(FOLDERS) or name in FILES}
    assert source_upload == wanted


def test_c12_a_source_upload_holds_no_private_file(build: Build, source_upload: set[str]) -> None:
    assert private_among(source_upload, build.folder) == []


def test_c12_a_prebuilt_upload_holds_no_private_file(
    build: Build, prebuilt_upload: set[str]
) -> None:
    assert private_among(prebuilt_upload, build.folder) == []


def test_a_prebuilt_upload_holds_all_that_its_functions_need(
    build: Build, prebuilt_upload: set[str]
) -> None:
    for name in build.functions:
        needed = {path.relative_to(build.folder).as_posix() for path in build.bundle(name).values()}
        assert needed <= prebuilt_upload
