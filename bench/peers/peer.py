"""The peers: what each is called, and how it is started."""

import shutil
from dataclasses import dataclass

from bench.peers.install import HERE, NODE_PROJECT, NOTIONFS_PYTHON, PYTHON

DRIVERS = HERE / "drivers"


@dataclass(frozen=True)
class Peer:
    """`command` is run in the folder of the Node project. `old`: speaks a version of Notion's API
    that the stand-in does not, so it gets the edge. `outline`: it reads what an Outline page links
    to. `note`: what to know of it."""

    name: str
    command: tuple[str, ...]
    note: str
    old: bool = False
    outline: bool = False
    at_once: bool = False
    """Asks everything at the same moment, so it is also shown more pages than two windows let
    read."""

    def is_installed(self) -> bool:
        """Return whether it can be started here: Node's peers are not installed without npm."""
        if shutil.which(self.command[0]) is None:
            return False
        return self.command[0] != "node" or (NODE_PROJECT / "node_modules").exists()


PEERS = (
    Peer(
        "notion-client 3.1.0, README",
        (str(PYTHON), str(DRIVERS / "client_readme.py")),
        "one request after the other; enters child pages as if they were blocks",
    ),
    Peer(
        "notion-sync-lib 1.2.3",
        (str(PYTHON), str(DRIVERS / "sync_lib.py")),
        "a library: who calls it lists the rows; 0.35 s between requests",
    ),
    Peer(
        "notion-to-json 1.1.0",
        (str(PYTHON), str(DRIVERS / "to_json.py")),
        "exports all that the integration sees, not only the sources; 3 requests a second",
        old=True,
    ),
    Peer(
        "notionfs 0.4.0",
        (str(NOTIONFS_PYTHON), str(DRIVERS / "notionfs_pull.py")),
        "Markdown, and its state in SQLite; the first level of blocks only, of every page at every"
        " run; 3 requests a second",
        old=True,
    ),
    Peer(
        "notion-to-md 3.1.9",
        ("node", str(DRIVERS / "to_md.mjs")),
        "Markdown; a page after the other",
    ),
    Peer(
        "notion-to-md 3.1.9, Promise.all",
        ("node", str(DRIVERS / "to_md.mjs"), "together"),
        "Markdown; all pages at once",
        at_once=True,
    ),
    Peer(
        "docu-notion 0.16.2",
        ("node", str(DRIVERS / "docu_notion.cjs")),
        "Markdown and images; needs an Outline page (the bench adds it); ends at a `heading_4`,"
        " which it doesn't know",
        old=True,
        outline=True,
    ),
    Peer(
        "@astro-notion/loader 1.1.2",
        ("node", str(DRIVERS / "astro_loader.mjs")),
        "a site that Astro builds, with a schema that allows everything; all pages at once; a page"
        " that fails is built empty, until its next edit",
        old=True,
        at_once=True,
    ),
)
