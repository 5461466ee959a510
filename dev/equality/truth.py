"""Holds what is published against a workspace."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from dev.equality.addresses import Addresses
from dev.equality.bundles import Bundles
from dev.equality.differences import comparable, differences, unsized
from dev.equality.expected import Expected
from dev.notion import truth
from dev.notion.nodes import JSON
from dev.notion.workspace import Workspace


class Truth:
    """`sources` are the databases' ids by the sources' names, `media` is the public address of the
    functions, `copies` the one of the Blob store where every file has been copied.

    `still` are bundles that have to stand as they are, by id: paused pages; `doubtful` ones may be
    gone as well. `now`: the instant at which pages with dates are judged, by default the present
    one.
    """

    def __init__(
        self,
        workspace: Workspace,
        sources: Mapping[str, str],
        media: str,
        still: Mapping[str, JSON] | None = None,
        doubtful: frozenset[str] = frozenset(),
        copies: str = "",
        now: datetime | None = None,
    ) -> None:
        self._now = now
        self._workspace, self._sources = workspace, sources
        self._still, self._doubtful = still or {}, doubtful
        self._expected = Expected(workspace, sources, Addresses(media, copies))

    def blocks(self, page_id: str) -> list[JSON]:
        """A page's blocks as a site must find them."""
        return self._expected.blocks(page_id)

    def problems(self, bundles: Bundles) -> list[str]:
        """Every difference in words; [] where KV equals the workspace."""
        sources = self._sources.values()
        live = set(truth.published_pages(self._workspace, sources, self._now)) - set(self._still)
        return [
            *bundles.dangling(self._sources),
            *self._missing(live, bundles),
            *self._surplus(live, bundles),
            *self._pages(live, bundles),
            *self._slugs(live, bundles),
            *bundles.disordered(self._sources),
            *self._databases(live, bundles),
            *bundles.untold_rows(live),
            *bundles.redirects_nowhere(),
        ]

    def _missing(self, live: set[str], bundles: Bundles) -> list[str]:
        must = live | (set(self._still) - self._doubtful)
        return [
            f"{self._expected.name(page_id)} is not published"
            for page_id in sorted(must - set(bundles.pages))
        ]

    def _surplus(self, live: set[str], bundles: Bundles) -> list[str]:
        surplus = set(bundles.pages) - live - set(self._still)
        return [
            f"{bundles.pages[page_id]['meta']['slug']} is published still"
            for page_id in sorted(surplus)
        ]

    def _pages(self, live: set[str], bundles: Bundles) -> Iterator[str]:
        for page_id, bundle in bundles.pages.items():
            if page_id in live:
                yield from self._page(page_id, bundle, bundles.slugs)
            elif bundle != self._still.get(page_id, bundle):
                yield f"{bundle['meta']['slug']} was not to change"

    def _page(self, page_id: str, bundle: JSON, slugs: Mapping[str, str]) -> Iterator[str]:
        meta, slug = bundle["meta"], bundle["meta"]["slug"]
        yield from differences(
            f"{slug}: meta", unsized(meta), self._expected.meta(page_id, meta, slugs)
        )
        given, expected = (
            comparable(unsized(bundle["blocks"])),
            comparable(self._expected.blocks(page_id)),
        )
        yield from differences(f"{slug}: blocks", given, expected)

    def _slugs(self, live: set[str], bundles: Bundles) -> Iterator[str]:
        """Everybody has the slug he asks for; of rows that ask for the same, the oldest."""
        slugs = bundles.slugs
        owners = {slug: page_id for page_id, slug in slugs.items()}
        for page_id in sorted(live & set(slugs)):
            slug, wanted = slugs[page_id], self._expected.slug(page_id, slugs)
            if slug == wanted:
                continue
            owner = owners.get(wanted)
            if slug != f"{wanted}-{page_id.replace('-', '')[:8]}" or owner is None:
                yield f"{wanted} is published as {slug}"
            elif (
                self._is_younger(owner, page_id, live)
                and self._expected.slug(owner, slugs) == wanted
            ):
                yield f"{wanted} belongs to the older page, {slug}"

    def _is_younger(self, owner: str, page_id: str, live: set[str]) -> bool:
        """Whether a row that could have yielded a slug to an older row has it."""
        rows = (
            owner in live
            and self._expected.parent(owner) is None
            and self._expected.parent(page_id) is None
        )
        return rows and self._expected.age(owner) > self._expected.age(page_id)

    def _databases(self, live: set[str], bundles: Bundles) -> Iterator[str]:
        shown = {
            database_id
            for page in live
            for database_id in _shown_databases(truth.tree(self._workspace, page))
        }
        still = {
            database_id
            for page in self._still.values()
            for database_id in _shown_databases(page["blocks"])
        }
        given = {
            key.removeprefix("db:"): value
            for key, value in bundles.values.items()
            if key.startswith("db:")
        }
        yield from (f"db:{database_id} is missing" for database_id in sorted(shown - set(given)))
        yield from (
            f"db:{database_id} is left over" for database_id in sorted(set(given) - shown - still)
        )
        for database_id in sorted(shown & set(given)):
            words = {
                page["meta"]["visibility"]
                for page in bundles.pages.values()
                if database_id in _shown_databases(page["blocks"])
            }
            strictest = min(words - {"public"}, default="public")
            if given[database_id].get("visibility") != strictest:
                yield (
                    f"db:{database_id} is {given[database_id].get('visibility')}, and shown by"
                    f" pages that are {sorted(words)}"
                )
            yield from self._database(database_id, {**given[database_id], "visibility": ""})

    def _database(self, database_id: str, value: JSON) -> Iterator[str]:
        body = {name: unsized(member) for name, member in value.items() if name != "syncedAt"}
        created = [self._expected.created(item["id"]) for item in body["items"]]
        if created != sorted(created):
            yield f"db:{database_id}: its rows are not in the order of their making"
        body["items"] = sorted(body["items"], key=lambda item: str(item["id"]))
        yield from differences(
            f"db:{database_id}", body, {**self._expected.database(database_id), "visibility": ""}
        )


def _shown_databases(blocks: list[JSON]) -> Iterator[str]:
    for block in blocks:
        if block.get("type") == "child_database" and "unavailable" not in block:
            yield block["id"]
        yield from _shown_databases(block.get("children", []))
