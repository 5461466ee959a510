"""Whether the owner's rule for what is published fits a source: what it names and no row can say is
told of in the run's warnings."""

from lib.bundle.publication import PublicationRule, rule_faults
from lib.errors import Unreadable
from lib.notion.client import NotionClient
from lib.notion.computed import read_schema
from lib.notion.pages import Listing
from lib.store.sources import SourceState
from lib.sync.survey.progress import Progress


class RuleCheck:
    """Checks for one run. A source whose rows fit the rule costs a request where that is new."""

    def __init__(
        self, notion: NotionClient, state: SourceState, progress: Progress, rule: PublicationRule
    ) -> None:
        self._notion, self._state = notion, state
        self._progress, self._rule = progress, rule

    async def check_source(self, name: str, listing: Listing, *, is_new: bool) -> None:
        """Note what is wrong with the rule for a source that was listed; `is_new`: it was not
        listed by this rule before."""
        progress, thing = self._progress, f"rule:{name}"
        if not self._rule.property_name or thing in progress.done:
            return
        before = self._state.listings.get(name)
        shows_none = listing.since is None and bool(listing.given) and name not in progress.shown
        if is_new or shows_none or (before is not None and before.is_faulty):
            faults = await self._faults_of(name)
            if faults or shows_none:
                progress.faulty.add(name)
            progress.warnings += faults
            if shows_none:
                progress.warnings.append(self._tell_none(name, len(listing.given)))
        progress.done.add(thing)

    async def _faults_of(self, name: str) -> list[str]:
        oddities, home = self._progress.oddities, self._progress.sources[name].data_source_id
        try:
            schema = await read_schema(self._notion, home, oddities)
        except Unreadable as refusal:
            oddities.note(f"source {name}: Notion does not show its properties ({refusal.reason})")
            return []
        return [f"source {name}: {fault.text}" for fault in rule_faults(self._rule, schema)]

    def _tell_none(self, name: str, rows: int) -> str:
        words = ", ".join(f'"{word}"' for word in self._rule.words)
        rule = f'"{self._rule.property_name}": {words}'
        return (
            f"source {name}: by NOTION_PUBLISHED ({rule}) none of its {rows} rows is published now"
        )
