"""Every key name in KV. What a site reads comes first; the engine's own keys all start with `sync:`."""

import re
from collections.abc import Iterable

_TYPES = {
    "hash": r"sync:(?:kept|metas|slugs|databases|sources|revisions|moved|staged|staged:metas|budget|files|tries)"
    r"|sync:files:(?:fresh:[^:]+|copies:[^:]+)|sync:run:[^:]+",
    "set": "sync:(?:overdue|foreign)|sync:run:[^:]+:again",
    "zset": "sync:(?:hidden|runs|files:named|files:uncopied)",
}
_RUN = re.compile(r"sync:run:[^:]+\Z")
_RUN_PARTS = {
    **dict.fromkeys(("plan", "claims", "drops"), "hash"),
    **dict.fromkeys(("done", "vacating", "waiting", "changed", "removed", "again"), "set"),
    "due": "zset",
    "errors": "list",
}


def types_of(keys: Iterable[str]) -> dict[str, str]:
    """Return the Redis type that each of these keys has, and each that a script derives from a run's."""
    found: dict[str, str] = {}
    for key in filter(None, keys):
        kinds = (kind for kind, names in _TYPES.items() if re.search(rf"(?:{names})\Z", key))
        found[key] = next(kinds, "string")
        if _RUN.search(key):
            found |= {f"{key}:{part}": kind for part, kind in _RUN_PARTS.items()}
    return found


class Keys:
    """Names under one `KV_PREFIX`, so that several sites can share a database."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    # What a site reads.

    def page(self, slug: str) -> str:
        return f"{self.prefix}page:{slug}"

    def part(self, slug: str, number: int) -> str:
        """The `number`th part (from 1) of a bundle too large for one value."""
        return f"{self.prefix}page:{slug}:part:{number}"

    def index(self, source: str, number: int = 1) -> str:
        """The `number`th page (from 1) of a source's index; the first has no number in its name."""
        return f"{self.prefix}{source}:index" + (f":{number}" if number > 1 else "")

    def database(self, database_id: str) -> str:
        return f"{self.prefix}db:{database_id}"

    @property
    def redirects(self) -> str:
        return f"{self.prefix}redirects"

    # What the engine remembers between runs.

    @property
    def kept(self) -> str:
        """Hash: page id → `Kept`, what is published of each page."""
        return f"{self.prefix}sync:kept"

    @property
    def metas(self) -> str:
        """Hash: page id → the page's meta as it stands in its index."""
        return f"{self.prefix}sync:metas"

    @property
    def slugs(self) -> str:
        """Hash: slug → id of the page that owns it."""
        return f"{self.prefix}sync:slugs"

    @property
    def overdue(self) -> str:
        """Set: pages (id) and child databases (`db:{id}`) that could not be read; they are due in the next run whatever
        their times say."""
        return f"{self.prefix}sync:overdue"

    @property
    def hidden(self) -> str:
        """Sorted set: ids of rows that a run found hidden or gone, by when it saw that (epoch seconds): what was read
        before is not published any more."""
        return f"{self.prefix}sync:hidden"

    @property
    def databases(self) -> str:
        """Hash: database id → `KeptDatabase`."""
        return f"{self.prefix}sync:databases"

    @property
    def sources(self) -> str:
        """Hash: source name → `KeptSource`."""
        return f"{self.prefix}sync:sources"

    @property
    def revisions(self) -> str:
        """Hash: source name → how often its kept pages changed; an index is written only against the newest."""
        return f"{self.prefix}sync:revisions"

    @property
    def moved(self) -> str:
        """Hash: slug that a page left → "page id:parts of the old bundle", until an index without it is published."""
        return f"{self.prefix}sync:moved"

    @property
    def staged_pages(self) -> str:
        """Hash: page id → `Kept` of a bundle that waits for its slug to become free."""
        return f"{self.prefix}sync:staged"

    @property
    def staged_metas(self) -> str:
        """Hash: page id → the meta of that bundle."""
        return f"{self.prefix}sync:staged:metas"

    @property
    def budget(self) -> str:
        """Hash: the minute's Notion requests, shared by all instances."""
        return f"{self.prefix}sync:budget"

    @property
    def foreign(self) -> str:
        """Set: ids of pages that hold originals of synced blocks and are not published themselves."""
        return f"{self.prefix}sync:foreign"

    @property
    def webhook_token(self) -> str:
        """The verification token that Notion's webhook sent, for an hour."""
        return f"{self.prefix}sync:webhook:token"

    def event(self, event_id: str) -> str:
        """Stands as long as the webhook event may come again."""
        return f"{self.prefix}sync:webhook:event:{event_id}"

    def staged(self, item_id: str) -> str:
        """A bundle that waits for its slug; `:part:1`, … follow it."""
        return f"{self.prefix}sync:staged:{item_id}"

    # Hosted files. A bundle is named `page:{id}`, `db:{id}` or, while it waits for its slug, `staged:{id}`; a file by
    # its token `block=…&file=…` or `page=…&file=…`, the query of its address.

    @property
    def files(self) -> str:
        """Hash: bundle → the tokens of its files, divided by blanks."""
        return f"{self.prefix}sync:files"

    @property
    def named(self) -> str:
        """Sorted set, all scores 0: "token bundle" for each file of each bundle, found by how it begins."""
        return f"{self.prefix}sync:files:named"

    @property
    def uncopied(self) -> str:
        """Sorted set: bundles with files that have no copy in Blob, by the time (ms) when they may be tried."""
        return f"{self.prefix}sync:files:uncopied"

    def fresh(self, owner_id: str) -> str:
        """Hash: token → "ms url", the signed address of a file that stands in this page or database and until when it
        is handed out; "ms " alone: there is no such file. `walk` → "ms …", how far the page's blocks have been looked
        through. `:lock` follows it for that, `:lock:{holder}` for one block or page."""
        return f"{self.prefix}sync:files:fresh:{owner_id}"

    def copies(self, store: str) -> str:
        """Hash: file → `Copy` in this Blob store. `:idle` follows it: file → since when (ms) no bundle names it;
        `:tried`: file → "tries ms", how often it was begun and until when it is put off."""
        return f"{self.prefix}sync:files:copies:{store}"

    @property
    def copying(self) -> str:
        """Lock of whoever copies files into Blob, or removes copies."""
        return f"{self.prefix}sync:files:copying"

    # Runs.

    @property
    def active(self) -> str:
        """Id of the run that is under way (full or of one source; runs of one page go side by side)."""
        return f"{self.prefix}sync:active"

    @property
    def runs(self) -> str:
        """Sorted set: run ids by the time they were asked for."""
        return f"{self.prefix}sync:runs"

    def run(self, run_id: str) -> str:
        """Root of a run's keys: the run itself is a hash under this very name; `:plan`, `:due`, `:claims`,
        `:done`, `:drops`, `:vacating`, `:waiting`, `:listing`, `:partial:{item}`, `:parts:…`, `:carried:…`, `:errors`,
        `:changed`, `:removed` follow it."""
        return f"{self.prefix}sync:run:{run_id}"

    def run_again(self, run_id: str) -> str:
        """Set: pages that got no usable answer in a run, to be tried again after it."""
        return f"{self.run(run_id)}:again"

    @property
    def tries(self) -> str:
        """Hash: page id → how often it has been tried again after a run, in the last hours."""
        return f"{self.prefix}sync:tries"
