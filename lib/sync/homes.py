"""The sources of a run: which data source belongs to which name, and by which rule their rows are judged."""

from collections.abc import Mapping

from lib.bundle.publication import DEFAULT_RULE, PublicationRule
from lib.model import JSON, Source


class Homes:
    """`sources` are those that are known so far, by name; a survey adds what it finds. `rule` is the owner's rule for
    what is published."""

    def __init__(self, sources: Mapping[str, Source], rule: PublicationRule = DEFAULT_RULE) -> None:
        self.sources = dict(sources)
        self.rule = rule

    def source_of(self, page: JSON) -> str | None:
        """Return the name of the source that a page object is a row of; None for none of ours."""
        home = (page.get("parent") or {}).get("data_source_id")
        return self.name_of(home) if home else None

    def name_of(self, data_source_id: str) -> str | None:
        """Return the name under which a data source is synced: the first, where it has two."""
        found = (name for name, source in self.sources.items() if source.data_source_id == data_source_id)
        return next(found, None)
