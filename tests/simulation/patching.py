"""Putting something else in the place of what a module names, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def put(module: ModuleType, **changed: Any) -> None:
    """From now on, these names of a module mean something else."""
    for name, value in changed.items():
        setattr(module, name, value)


@contextmanager
def patched(module: ModuleType, **changed: Any) -> Iterator[None]:
    """The same, until the end of the block."""
    kept = {name: getattr(module, name) for name in changed}
    put(module, **changed)
    try:
        yield
    finally:
        put(module, **kept)
