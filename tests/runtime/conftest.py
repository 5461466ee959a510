"""The project, built once, and deployments of it."""

import fcntl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from tests.runtime.build import REMEDY, Build, Toolchain, copy_of_the_project
from tests.runtime.deployment import Deployment
from tests.runtime.private import plant_private_files

Deploy = Callable[[Mapping[str, str]], Deployment]

BUILD_SECONDS = 600
"""What the first test of a worker may take: its build downloads what a new machine does not have
yet."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "toolchain" in item.fixturenames:
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))


@pytest.fixture(scope="session")
def toolchain(lacking: Callable[[str, str], NoReturn]) -> Toolchain:
    tools = Toolchain()
    if not tools.is_complete:
        lacking("Vercel's real build and runtime", REMEDY)
    return tools


@pytest.fixture(scope="session")
def build(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Build:
    """The project as it is now, also what isn't committed yet, with private files of its owner
    among it. The workers of pytest-xdist share one build: it keeps a processor busy for long."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent
    with (folder / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built = folder / "built"
        if not built.exists():
            project = copy_of_the_project(folder / "project")
            plant_private_files(project)
            toolchain.build(project)
            built.touch()
    return Build(folder / "project", toolchain.python)


@pytest.fixture
def deploy(build: Build, tmp_path: Path) -> Iterator[Deploy]:
    """`deploy(environ)`: the project, running with these variables until the test ends."""
    with ExitStack() as running:
        yield lambda environ: running.enter_context(
            Deployment(build, environ, tmp_path / "deployment")
        )


@pytest.fixture
def deployment(deploy: Deploy, environ: dict[str, str]) -> Deployment:
    """The project with all of its settings, but none of the services behind them."""
    return deploy(environ)
