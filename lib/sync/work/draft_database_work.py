"""One child database of drafts that is due: read whole and written under `preview:db:`."""

from collections.abc import Callable, Mapping

from lib.bundle import database as database_bundle
from lib.bundle.media import Found
from lib.log import Log
from lib.model import BUNDLE_VERSION, ChildDatabase, Claim, DatabaseRecord, Observation, WorkItem
from lib.store.drafts import DraftDatabaseCommit, Drafts
from lib.store.runs import SliceLease
from lib.store.site import Text
from lib.store.work import WorkQueue
from lib.sync.homes import Homes
from lib.sync.work.bundle_form import BundleForm
from lib.sync.work.database_work import DatabaseReader, signature, visibility_of
from lib.sync.work.unfinished import DatabaseReading

COMMIT_TRIES = 20
"""How often it is built anew because another draft shows it meanwhile."""


class DraftDatabaseWork:
    """Writes child databases of drafts for one slice. `was_read` as for pages."""

    def __init__(
        self,
        reader: DatabaseReader,
        work: WorkQueue,
        drafts: Drafts,
        form: BundleForm,
        log: Log,
        homes: Homes,
        was_read: Callable[[Claim], None],
    ) -> None:
        self._reader, self._work, self._drafts = reader, work, drafts
        self._form, self._log, self._homes = form, log, homes
        self._was_read = was_read

    async def sync(self, lease: SliceLease, claim: Claim) -> None:
        """Read a child database and write it where previews find it."""
        if not self._homes.rule.previews:
            await self._work.pass_on(lease, claim, [])
            return
        database, reading = await self._reader.read_whole(claim)
        self._was_read(claim)
        outcome = "changed"
        for _ in range(COMMIT_TRIES):
            shown_by = await self._drafts.showing(claim.id)
            commit = self._commit_of(claim, database, reading, shown_by)
            outcome = await self._drafts.commit_database(lease, commit)
            if outcome != "changed":
                break
        self._log.event(
            "draft.database_synced", databaseId=claim.id, rows=len(database.rows), outcome=outcome
        )

    async def doubt(self, lease: SliceLease, claim: Claim) -> None:
        """It can't be read any more: the drafts that show it look at it again."""
        item = WorkItem(doubted=[claim.id])
        drafts = await self._drafts.showing(claim.id)
        await self._work.pass_on(lease, claim, [(f"draft:{page_id}", item) for page_id in drafts])

    def _commit_of(
        self,
        claim: Claim,
        database: ChildDatabase,
        reading: DatabaseReading,
        shown_by: Mapping[str, Observation | None],
    ) -> DraftDatabaseCommit:
        seen = [one for one in shown_by.values() if one]
        visibility = visibility_of(one.visibility for one in seen)
        files = Found(self._form.preview_address)
        bundle = database_bundle.build_database(database, files, visibility)
        record = DatabaseRecord(
            title=database.title,
            data_source_ids=list(reading.rows.schemas),
            read_at=reading.read_at,
            digest=bundle.digest,
            version=BUNDLE_VERSION,
            signature=signature(database.rows),
            visibility=visibility,
            sources=sorted({one.source for one in seen}),
            is_lacking=reading.rows.is_lacking,
        )
        return DraftDatabaseCommit(
            database_id=claim.id,
            number=claim.number,
            record=record,
            text=Text(
                database_bundle.encode_database(bundle, self._form.now_iso()),
                files=list(files.refs),
            ),
            shown_by=shown_by,
            warnings=reading.rows.warnings,
        )
