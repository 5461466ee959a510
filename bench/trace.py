"""When each request to Notion was under way in a full sync of the sample workspace, and what it was
for."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from bench.bound import AT_ONCE, critical_path
from bench.figures import Figures
from bench.rig import DATABASES, Rig
from dev.notion import truth
from dev.notion.log import Span
from dev.notion.workspace import Workspace
from lib.bundle.properties import title_of

COLUMNS = 72
TITLE = 28


class Request(msgspec.Struct, frozen=True):
    """One request, in seconds since the first one began."""

    began: float
    ended: float
    what: str


class Trace(msgspec.Struct, frozen=True):
    """`seconds` and `bound` of the run as in its `Figures`; `chain`: how many requests need each
    other's answers one after the other, at least."""

    seconds: float
    bound: float
    chain: int
    requests: list[Request]

    @property
    def asking_seconds(self) -> float:
        """From the first request to the last answer."""
        return max(request.ended for request in self.requests)

    @property
    def latency(self) -> float:
        """What a request took, on average."""
        return sum(request.ended - request.began for request in self.requests) / len(self.requests)

    @property
    def under_way(self) -> dict[int, float]:
        """For how many seconds so many requests were under way."""
        changes = sorted(
            (at, step) for one in self.requests for at, step in ((one.began, 1), (one.ended, -1))
        )
        seconds: defaultdict[int, float] = defaultdict(float)
        count, before = 0, 0.0
        for at, step in changes:
            seconds[count] += at - before
            count, before = count + step, at
        return dict(sorted(seconds.items()))

    @property
    def listed_at(self) -> float:
        """When the first page was read: until then only the sources' own requests can be under
        way."""
        return min(
            request.began
            for request in self.requests
            if not request.what.startswith(("source", "list"))
        )


def measure() -> Trace:
    with Rig() as rig:
        return of(rig.measure("sample workspace"), rig.notion.log.spans, rig.notion.workspace)


def of(run: Figures, spans: Sequence[Span], workspace: Workspace) -> Trace:
    """The trace of a run that has just ended."""
    first = min(span.began for span in spans)
    sources = {
        source for database_id in DATABASES for source in workspace.nodes[database_id].children
    }
    requests = [
        Request(span.began - first, span.ended - first, _what(span.path, workspace, sources))
        for span in sorted(spans, key=lambda span: span.began)
    ]
    return Trace(run.seconds, run.bound, critical_path(workspace, DATABASES), requests)


def waterfall(trace: Trace) -> Iterator[str]:
    """A line for each request, and what it adds up to."""
    scale = COLUMNS / trace.asking_seconds
    for one in trace.requests:
        bar = "█" * max(1, round((one.ended - one.began) * scale))
        yield (
            f"{one.began:5.2f} {one.ended:5.2f}"
            f" |{' ' * round(one.began * scale) + bar:{COLUMNS + 1}}| {one.what}"
        )
    yield ""
    yield from (f"{count} under way: {seconds:.2f} s" for count, seconds in trace.under_way.items())
    together = len(trace.requests) * trace.latency / AT_ONCE
    yield (
        f"{len(trace.requests)} requests of {trace.latency * 1000:.0f} ms in"
        f" {trace.asking_seconds:.2f} s"
    )
    yield f"{AT_ONCE} at a time they take {together:.2f} s; the longest chain has {trace.chain}"
    yield f"the run took {trace.seconds:.2f} s, {trace.bound:.2f} s at least"


def _what(path: str, workspace: Workspace, sources: set[str]) -> str:
    kind, asked_id, *rest = path.removeprefix("/v1/").split("/")
    match kind, rest:
        case "databases", []:
            return "source" if asked_id in DATABASES else "child database"
        case "data_sources", ["query"]:
            return "list" if asked_id in sources else "child database: rows"
        case "data_sources", []:
            return "child database: schema"
        case "pages", []:
            return f"child page: {_page(workspace, asked_id)}"
        case "pages", _:
            return f"property: {_page(workspace, asked_id)}"
        case "blocks", []:
            return "page of a synced original"
    return f"children: {_page(workspace, asked_id)}"


def _page(workspace: Workspace, node_id: str) -> str:
    """The title of the page, or of the one that holds the block."""
    node = workspace.nodes.get(node_id)
    page = workspace.page_of(node) if node else None
    return title_of(truth.expected_page(workspace, page.id))[:TITLE] if page else "?"
