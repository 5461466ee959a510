"""What the functions take from their own code and a history changes: the bundle's version, what a
big source is."""

from typing import Any

from lib import model
from lib.bundle import page
from lib.bundle.text import document
from lib.sync import sightings
from lib.sync.survey import database_watch, draft_watch, listings
from lib.sync.work import (
    database_work,
    draft_database_work,
    draft_work,
    page_publication,
    page_texts,
)
from tests.simulation.patching import put

VERSION = model.BUNDLE_VERSION
BIG_ROWS = 1_000
VERSIONED: tuple[Any, ...] = (
    model,
    page,
    document,
    sightings,
    listings,
    database_watch,
    draft_watch,
    page_publication,
    page_texts,
    database_work,
    draft_work,
    draft_database_work,
)
"""All modules that know of the format."""


def set_version(number: int) -> None:
    """The functions write bundles of this format from now on, and remember it."""
    for module in VERSIONED:
        put(module, BUNDLE_VERSION=number)


def set_big_rows(rows: int) -> None:
    """From so many rows on, the functions take a source for a big one."""
    put(listings, BIG_SOURCE_ROWS=rows)
