"""Every key name in KV. What a site reads comes first; the engine's own keys all start with
`sync:`."""

import re
from collections.abc import Iterable

_TYPES = {
    "hash": (
        r"(?:preview:)?paths|sync:(?:drafts(?::\w+)?|pages|observed|places|slugs|waiting|metas|ranks|leaves|revisions|redirects|children"
        r"|outside|databases|tables|sources|listings|synced|work|leases|overdue|tries|forced|promised|budget|files)"
        r"|sync:stamps:[^:]+|sync:webhook:window:[^:]+|sync:files:(?:fresh:[^:]+|copies:[^:]+)|sync:run:[^:]+"
    ),
    "set": "sync:(?:still|freed|files:private)|sync:referrers:[^:]+|sync:run:[^:]+:again",
    "zset": "sync:(?:due|gone|moments|scheduled|shows|runs|order:[^:]+|files:named|files:uncopied)",
}
_RUN = re.compile(r"sync:run:[^:]+\Z")
_RUN_PARTS = {
    **dict.fromkeys(
        ("focus", "given", "changed", "removed", "relinked", "referrers", "again"), "set"
    ),
    "errors": "list",
    "timeline": "list",
}


def types_of(keys: Iterable[str]) -> dict[str, str]:
    """Return the Redis type that each of these keys has, and each that a script derives from a
    run's."""
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

    @property
    def paths(self) -> str:
        """Hash: page id → slug, of exactly the pages that are published."""
        return f"{self.prefix}paths"

    def document(self, slug: str) -> str:
        return f"{self.prefix}doc:{slug}"

    def preview(self, slug: str) -> str:
        return f"{self.prefix}preview:{slug}"

    def preview_database(self, database_id: str) -> str:
        """A child database of drafts."""
        return f"{self.prefix}preview:db:{database_id}"

    @property
    def preview_paths(self) -> str:
        """Hash: page id → slug, of exactly the drafts that have a preview."""
        return f"{self.prefix}preview:paths"

    # What the engine remembers between runs. site.lua writes it, and has the same names.

    @property
    def layout(self) -> str:
        """The version of the layout of all these keys."""
        return f"{self.prefix}sync:layout"

    @property
    def observed(self) -> str:
        """Hash: page id → `Observation`, also of rows that are not published."""
        return f"{self.prefix}sync:observed"

    @property
    def pages(self) -> str:
        """Hash: page id → `PageRecord`, of published pages."""
        return f"{self.prefix}sync:pages"

    @property
    def places(self) -> str:
        """Hash: page id → the slug that it has, or that is reserved for it."""
        return f"{self.prefix}sync:places"

    @property
    def slugs(self) -> str:
        """Hash: slug → id of the page that has it, or for which it is reserved."""
        return f"{self.prefix}sync:slugs"

    @property
    def former_slugs(self) -> str:
        """Hash: slug that a page had and left → its id."""
        return f"{self.prefix}sync:redirects"

    @property
    def waiting(self) -> str:
        """Hash: slug → ids, divided by blanks, of pages that ask for it while another has it."""
        return f"{self.prefix}sync:waiting"

    @property
    def freed(self) -> str:
        """Set: slugs that became free while a page waited for them, until they are given away."""
        return f"{self.prefix}sync:freed"

    @property
    def metas(self) -> str:
        """Hash: page id → the page's meta as it stands in its index."""
        return f"{self.prefix}sync:metas"

    @property
    def children(self) -> str:
        """Hash: id of a published child page → "stamp source": what is watched, and what was seen
        of it last."""
        return f"{self.prefix}sync:children"

    def stamps(self, source: str) -> str:
        """Hash: id of a row → what was seen of it when it was read last ("": it has to be read)."""
        return f"{self.prefix}sync:stamps:{source}"

    @property
    def outside(self) -> str:
        """Hash: thing that published pages show and no listing does → what was seen of it last."""
        return f"{self.prefix}sync:outside"

    @property
    def shows(self) -> str:
        """Sorted set, all scores 0: "thing id" for each page that shows a thing, found by how it
        begins; things are named as in `PageRecord.things`, with `draft:` before what a draft
        shows."""
        return f"{self.prefix}sync:shows"

    def referrers(self, page_id: str) -> str:
        """Set: ids of the published pages that lead to a page, published or not, as their bundles
        name it in `refs`; see refs.lua."""
        return f"{self.prefix}sync:referrers:{page_id}"

    @property
    def still(self) -> str:
        """Set: ids of paused pages and of those below them."""
        return f"{self.prefix}sync:still"

    @property
    def gone(self) -> str:
        """Sorted set: ids of rows that are gone, by the time (ms); their observations are forgotten
        after a while."""
        return f"{self.prefix}sync:gone"

    @property
    def moments(self) -> str:
        """Sorted set: id of a row → when its date begins or ends next (ms)."""
        return f"{self.prefix}sync:moments"

    @property
    def scheduled(self) -> str:
        """Sorted set: a moment of `moments` → when its message is to come (ms), while it is on its
        way."""
        return f"{self.prefix}sync:scheduled"

    @property
    def drafts(self) -> str:
        """Hash: page id → `PageRecord`, of drafts that have a preview."""
        return f"{self.prefix}sync:drafts"

    @property
    def draft_places(self) -> str:
        """Hash: id of a draft → the slug that it has, or that is reserved for it.
        `sync:drafts:slugs` holds the same by slug."""
        return f"{self.prefix}sync:drafts:places"

    @property
    def draft_children(self) -> str:
        """Hash: id of a page that stands in a draft → `Observation`."""
        return f"{self.prefix}sync:drafts:seen"

    @property
    def draft_databases(self) -> str:
        """Hash: database id → `DatabaseRecord`, of child databases that drafts show."""
        return f"{self.prefix}sync:drafts:databases"

    @property
    def databases(self) -> str:
        """Hash: database id → `DatabaseRecord`."""
        return f"{self.prefix}sync:databases"

    @property
    def sources(self) -> str:
        """Hash: source name → `SourceRecord`."""
        return f"{self.prefix}sync:sources"

    @property
    def listings(self) -> str:
        """Hash: source name → `ListingRecord`."""
        return f"{self.prefix}sync:listings"

    @property
    def synced(self) -> str:
        """Hash: source name → when a run of it ended (ISO)."""
        return f"{self.prefix}sync:synced"

    @property
    def forced(self) -> str:
        """Hash: source name → since when everything of it has to be read anew, until a run has seen
        to that."""
        return f"{self.prefix}sync:forced"

    @property
    def leaves(self) -> str:
        """Hash: source name → how many rows stand on each page of its index, divided by commas."""
        return f"{self.prefix}sync:leaves"

    @property
    def tables(self) -> str:
        """Hash: id of a child database → "digest JSON", its first rows as the text of a page shows
        them."""
        return f"{self.prefix}sync:tables"

    @property
    def ranks(self) -> str:
        """Hash: id of a row → "sort text source", its place in an index; `sync:order:{source}`
        holds the sort texts."""
        return f"{self.prefix}sync:ranks"

    @property
    def due(self) -> str:
        """Sorted set: key of something that is due → from when on (ms) it may be done; while it is
        leased, until when it is. A page's key is its id, a child database's `db:{id}`, a draft's
        `draft:{id}`, a child database's of drafts `draft:db:{id}`."""
        return f"{self.prefix}sync:due"

    @property
    def work(self) -> str:
        """Hash: key of something that is due → "number `WorkItem`"."""
        return f"{self.prefix}sync:work"

    @property
    def sequence(self) -> str:
        """The number of the work that became due last."""
        return f"{self.prefix}sync:sequence"

    @property
    def leases(self) -> str:
        """Hash: key of something that is due → fencing token of the slice that does it."""
        return f"{self.prefix}sync:leases"

    @property
    def overdue(self) -> str:
        """Hash: key of something that is due and could not be read, or `source:{name}` → "ms
        `Problem`", since when; at most 50."""
        return f"{self.prefix}sync:overdue"

    @property
    def promised(self) -> str:
        """Hash: the run that follows the one under way, as `force` and `source`."""
        return f"{self.prefix}sync:promised"

    def site(self, run_id: str) -> list[str]:
        """The keys whose types a script needs that changes the site for a run."""
        names = (
            "pages observed places slugs waiting metas ranks leaves revisions redirects children"
            " outside databases tables"
        )
        names += (
            " work leases overdue files due still freed gone moments tries synced sequence"
            " files:named files:uncopied files:private"
        )
        return [
            self.paths,
            *(f"{self.prefix}sync:{name}" for name in f"{names} shows".split()),
            self.run(run_id),
        ]

    def run_work(self, run_id: str) -> list[str]:
        """The keys whose types a script needs that hands out or takes back work of a run."""
        return [self.run(run_id), self.due, self.work, self.leases, self.overdue]

    @property
    def budget(self) -> str:
        """Hash: the minute's Notion requests, shared by all instances."""
        return f"{self.prefix}sync:budget"

    @property
    def webhook_token(self) -> str:
        """The verification token that Notion's webhook sent, for an hour."""
        return f"{self.prefix}sync:webhook:token"

    def event(self, event_id: str) -> str:
        """Stands as long as the webhook event may come again."""
        return f"{self.prefix}sync:webhook:event:{event_id}"

    @property
    def last_event(self) -> str:
        """When Notion's webhook sent an event last (ms)."""
        return f"{self.prefix}sync:webhook:last"

    def window(self, number: int) -> str:
        """Hash: what webhook events ask for that came in one window of time; see note_event.lua."""
        return f"{self.prefix}sync:webhook:window:{number}"

    @property
    def ahead(self) -> str:
        """Until then (ms) the messages of their own that pages had are not paid for; see
        note_event.lua."""
        return f"{self.prefix}sync:webhook:ahead"

    # Hosted files. A bundle is named `page:{id}`, `db:{id}` or, a draft's, `draft:{id}` and
    # `draft:db:{id}`; a file by its token `block=…&file=…` or `page=…&file=…`, the query of its
    # address.

    @property
    def files(self) -> str:
        """Hash: bundle → the tokens of its files, divided by blanks."""
        return f"{self.prefix}sync:files"

    @property
    def named(self) -> str:
        """Sorted set, all scores 0: "token bundle" for each file of each bundle, found by how it
        begins."""
        return f"{self.prefix}sync:files:named"

    @property
    def uncopied(self) -> str:
        """Sorted set: bundles with files that have no copy in Blob, by the time (ms) when they may
        be tried."""
        return f"{self.prefix}sync:files:uncopied"

    @property
    def private(self) -> str:
        """Set: bundles that not everybody may see, of which no file has a copy."""
        return f"{self.prefix}sync:files:private"

    def fresh(self, owner_id: str) -> str:
        """Hash: token → "ms url", the signed address of a file that stands in this page or database
        and until when it is handed out; "ms " alone: there is no such file. `walk` → "ms …", how
        far the page's blocks have been looked through. `:lock` follows it for that,
        `:lock:{holder}` for one block or page."""
        return f"{self.prefix}sync:files:fresh:{owner_id}"

    def copies(self, store: str) -> str:
        """Hash: file → `Copy` in this Blob store. `:idle` follows it: file → since when (ms) no
        bundle names it; `:tried`: file → "tries ms", how often it was begun and until when it is
        put off."""
        return f"{self.prefix}sync:files:copies:{store}"

    @property
    def copying(self) -> str:
        """The lock for copying files into Blob and removing copies."""
        return f"{self.prefix}sync:files:copying"

    # Runs.

    @property
    def active(self) -> str:
        """Id of the run that is under way (full or of one source; runs of one page go side by
        side)."""
        return f"{self.prefix}sync:active"

    @property
    def runs(self) -> str:
        """Sorted set: run ids by the time they were asked for."""
        return f"{self.prefix}sync:runs"

    def run(self, run_id: str) -> str:
        """Root of a run's keys: the run itself is a hash under this very name; `:focus` (keys that
        a run of one page is about), `:given` (keys that it gave up), `:listing`,
        `:originals:{lane}`, `:parts:…`, `:errors`, `:timeline`, `:changed`, `:removed`,
        `:relinked` (pages that appeared, moved or went; see referrers.lua), `:referrers` (names of
        the pages that lead to those) follow it."""
        return f"{self.prefix}sync:run:{run_id}"

    def run_again(self, run_id: str) -> str:
        """Set: pages that got no usable answer in a run, to be tried again after it."""
        return f"{self.run(run_id)}:again"

    @property
    def tries(self) -> str:
        """Hash: page id → how often it has been tried again after a run, in the last hours."""
        return f"{self.prefix}sync:tries"
