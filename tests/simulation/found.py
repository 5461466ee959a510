"""Histories that went wrong once, each as short as it can be told."""

from dataclasses import dataclass

from tests.simulation.actions import (
    Ask,
    Big,
    Blip,
    Cancel,
    Clocks,
    Edit,
    Evict,
    FailForEver,
    Heal,
    Kill,
    KvTrouble,
    Lag,
    Minute,
    Mistake,
    Pass,
    Pause,
    QueueTrouble,
    Schedule,
    Setting,
    Settle,
    Sources,
    Tell,
    Until,
    Version,
    Wait,
    Weather,
)
from tests.simulation.history import History


@dataclass(frozen=True)
class Found:
    story: str
    history: History
    more_seeds: tuple[int, ...] = ()
    """For what only some latencies bring about."""


DRAFT = (Setting("SYNC_PREVIEW", "on"), Edit("show_or_hide", 1, 1), Ask(), Settle())
"""The row that shows a database is hidden, and stands in its preview."""
IMPORT = tuple(Edit("add_many_rows", number, number) for number in range(4))
FOUND: tuple[Found, ...] = (
    Found("a key of the site is evicted", History(1, [Evict(6, 0)])),
    Found("a key of the site is overwritten", History(1, [Evict(6, 1)])),
    Found(
        "a page and its child page are evicted",
        History(1, [Evict(3, 0), Evict(2, 0)]),
    ),
    Found(
        "a page moves whose text another has overwritten",
        History(
            202158594883781,
            [
                Evict(23, 2),
                Edit("move_into_a_row", 23),
                Edit("swap_slugs", 0, 7),
                Ask(force=True),
            ],
        ),
    ),
    Found(
        "a draft's database is edited, shared no more, shared again, and published",
        History(
            1,
            [
                *DRAFT,
                Edit("add_database_row"),
                Edit("rename_a_column", 1),
                Ask(),
                Settle(),
                Edit("unshare_or_share_database"),
                Ask(),
                Settle(),
                Edit("unshare_or_share_database"),
                Edit("append", 1),
                Ask(),
                Kill("/api/sync/worker", 30),
                Settle(),
                Edit("show_or_hide", 1),
            ],
        ),
    ),
    Found(
        "dates begin and end while slices die and clocks differ",
        History(
            1,
            [
                Clocks((-15.0, 15.0)),
                Schedule(1, start=3.0, length=5.0),
                Schedule(4, start=3.0),
                Ask(),
                Pass(100.0),
                Kill("/api/sync/worker", 12, times=2),
                Settle(),
            ],
        ),
    ),
    Found(
        "previews with a database are switched off",
        History(1, [*DRAFT, Setting("SYNC_PREVIEW", "")]),
    ),
    Found(
        "a newer format is deployed while drafts stand, and taken back",
        History(1, [Edit("show_or_hide", 0, 1), *DRAFT, Version(1), Ask(), Settle(), Version(0)]),
    ),
    Found(
        "a source with a paused row is removed",
        History(198750665426394, [Edit("trash_or_restore"), Pause(9), Sources("removed")]),
    ),
    Found(
        "a source with a paused row is removed for a while",
        History(1, [Pause(4), Sources("removed"), Ask(), Settle(), Sources("as before")]),
    ),
    Found(
        "a page's text is overwritten by another object", History(178107784831968, [Evict(6, 2)])
    ),
    Found(
        "a page that has left a slug swaps slugs with another",
        History(1, [Edit("set_odd_slug", 1, 0), Ask(), Settle(), Edit("swap_slugs", 1, 1)]),
    ),
    Found(
        "a row goes on while a child page of it is looked at for the sake of others",
        History(
            6311501579999,
            [
                Pause(0),
                Edit("remove_or_bring_back_a_block", 9),
                Ask(),
                Edit("move", 12, 21),
                Settle(),
                Pause(0),
            ],
        ),
    ),
    Found(
        "a message is delivered twice at once, and the delivery that goes on dies",
        History(
            108181704961728,
            [
                QueueTrouble("twice"),
                Edit("name", 10),
                Ask(here=True),
                Edit("move_into_a_row"),
                Settle(),
                Kill("worker", 39),
                Edit("add_child_page"),
                Ask(),
            ],
        ),
    ),
    Found("a row is moved into another row", History(1, [Edit("move_into_a_row", 22, 0)])),
    Found(
        "a row and everything below it is edited",
        History(1, [Edit("edit_a_family", 0, 0), Ask(), Settle()]),
    ),
    Found(
        "a new format meets a page with grandchildren",
        History(1, [Version(1), Ask(), Settle(), Ask()]),
    ),
    Found(
        "a row is renamed and a grandchild edited",
        History(1, [Edit("rename_and_edit_below", 0, 0)]),
    ),
    Found("a row asks for its child's slug", History(1, [Edit("set_odd_slug", 0, 3)])),
    Found(
        "a dozen databases are not shared, and a minute holds ten requests",
        History(
            1,
            [
                Edit("plant_unshared_databases", 0, 0),
                Ask(),
                Settle(),
                Pass(125.0),
                Minute(10),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "an original changes on a page that a filtered listing does not show",
        History(1, [Big(3), Ask(), Settle(), Edit("write_into_an_original", 21, 0)]),
    ),
    Found(
        "a run is asked for while another waits in the backup way",
        History(1, [Wait(1200.0), Ask(here=True), Ask(), Settle()]),
    ),
    Found(
        "a run is asked for beside one that fails",
        History(1, [Kill("worker", 5, times=3), Ask(), Ask(after=0.1), Settle()]),
    ),
    Found(
        "a row of a big source could not be read for an hour",
        History(
            1,
            [
                Big(3),
                Ask(),
                Settle(),
                Edit("edit_everything"),
                FailForEver("page", 0),
                Ask(),
                Settle(),
                Pass(700.0),
                Ask(),
                Settle(),
                Heal(),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found("a source is removed", History(1, [Sources("removed")])),
    Found("a source is renamed", History(1, [Sources("renamed")])),
    Found(
        "a row of a renamed source is trashed",
        History(1, [Edit("trash_or_restore", 6, 0), Sources("renamed")]),
    ),
    Found(
        "a row moves to another source, and that which it left is synced",
        History(1, [Edit("move_to_the_other_source", 1, 0), Ask("source", 0), Settle()]),
    ),
    Found("a child page is answered 404 once", History(1, [Blip(2), Ask(), Settle()])),
    Found(
        "a listing shows a page as it was",
        History(
            1,
            [
                Edit("show_or_hide", 0, 1),
                Ask(),
                Settle(),
                Lag(55.0, 55.0),
                Ask(force=True),
                Settle(),
            ],
        ),
    ),
    Found(
        "Notion says to wait for 20 minutes",
        History(1, [Wait(1200.0), Ask(), Pass(1100.0), Ask(), Settle()]),
    ),
    Found("a child database is renamed", History(1, [Edit("rename_database", 0, 1)])),
    Found(
        "a child database is renamed, and a day passes",
        History(1, [Edit("rename_database", 0, 1), Pass(90_000.0), Ask(), Settle()]),
    ),
    Found(
        "a column of an empty child database is renamed, and a day passes",
        History(
            1,
            [
                Edit("rename_a_column", 0, 0),
                Ask(),
                Settle(),
                Edit("rename_a_column", 0, 1),
                Pass(90_000.0),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "a column of an empty child database is renamed",
        History(
            1,
            [
                Edit("rename_a_column", 0, 0),
                Ask(),
                Settle(),
                Pass(125.0),
                Edit("rename_a_column", 0, 1),
            ],
        ),
    ),
    Found(
        "a paused row loses an original",
        History(1, [Pause(0), Edit("remove_or_bring_back_a_block", 6, 0)]),
    ),
    Found(
        "a child page moves out to a source and is paused",
        History(1, [Edit("move_out_to_a_source", 0, 0), Pause(1), Ask(), Settle()]),
    ),
    Found(
        "an original is emptied",
        History(1, [Edit("remove_or_bring_back_a_block", 4, 0)]),
    ),
    Found(
        "a slug that was left goes to a new page",
        History(
            1, [Edit("set_odd_slug", 0, 7), Ask(), Settle(), Edit("add_row", 0, 0), Ask(), Settle()]
        ),
    ),
    Found(
        "a child page is asked for whose row is hidden",
        History(
            37242013935046,
            [Edit("write_into_an_original", 11, 0), Edit("archive_or_unarchive"), Ask("page", 11)],
        ),
    ),
    Found(
        "lists of blocks lag behind the page's time",
        History(1, [Until(58.5), Edit("rewrite", 3, 0), Lag(0.0, 10.0), Ask(), Settle()]),
    ),
    Found(
        "an instance reads ahead of its time, and another one behind it",
        History(
            241356864192108,
            [
                Edit("add_many_rows"),
                Ask(),
                Settle(),
                Edit("rewrite", 13),
                Clocks((-15.0, 15.0)),
                Ask(),
            ],
        ),
    ),
    Found(
        "two rows swap their slugs by webhook",
        History(0, [Edit("swap_slugs", 0, 0), Tell(), Settle()]),
    ),
    Found(
        "two rows swap their slugs, and the message of one comes a minute later",
        History(0, [Edit("swap_slugs", 3, 0), Kill("worker", 5), Tell(), Settle()]),
    ),
    Found(
        "a row of a big source is archived, and the next run comes a day later",
        History(
            1,
            [
                Big(3),
                Pass(3_700.0),
                Ask(),
                Settle(),
                Edit("archive_or_unarchive", 4),
                Pass(86_340.0),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "forty pages are edited within a moment",
        History(
            1, [*IMPORT, Ask(), Settle(), Pass(125.0), Edit("edit_everything"), Tell(), Settle()]
        ),
        more_seeds=(3,),
    ),
    Found(
        "two rows swap their slugs, and one of them can't be read",
        History(1, [Edit("swap_slugs", 0, 0), FailForEver("page", 0), Ask(), Settle()]),
    ),
    Found(
        "a row is trashed while it is read, and restored",
        History(
            1,
            [
                Ask(force=True),
                Edit("trash_or_restore", 7, 0),
                Settle(),
                Edit("trash_or_restore", 7, 0),
            ],
        ),
        more_seeds=(2, 5),
    ),
    Found(
        "a child page is renamed between its parent's reading and its own",
        History(2, [Ask(force=True), Pass(0.4), Edit("name", 16, 0), Settle()]),
        more_seeds=(4, 5),
    ),
    Found(
        "a database is not shared any more, and another page can't be read",
        History(
            1,
            [
                FailForEver("page", 0),
                Edit("append", 17, 0),
                Edit("unshare_or_share_database"),
                Ask(force=True),
                Settle(),
            ],
        ),
    ),
    Found(
        "a child page moves out of everything, and what stands below it was edited",
        History(
            138223490740903,
            [Edit("move_into_a_row", 8, 0), Edit("edit_a_family", 10, 0), Edit("move", 11, 2)],
        ),
    ),
    Found(
        "a child page is asked for whose parent has moved out of everything",
        History(
            1, [Edit("edit_a_grandchild", 0, 0), Edit("move", 11, 2), Ask("page", 3), Settle()]
        ),
    ),
    Found(
        "a row moves into a page, and is answered 404 once",
        History(126066807542124, [Edit("move", 0, 19), Blip(0), Ask(), Settle()]),
    ),
    Found(
        "an event comes before Notion's lists show the edit",
        History(
            273728487528512,
            [Lag(55.0, 55.0), Edit("remove_or_bring_back_a_block", 7, 0), Tell(), Settle()],
        ),
    ),
    Found(
        "a page is asked for while slices are short and half of Notion's answers fail",
        History(
            42598417049738,
            [
                Edit("add_database_row"),
                Edit("trash_or_restore_database"),
                Weather(0.08),
                Edit("trash_or_restore"),
                Ask(),
                Setting("SYNC_SLICE_SECONDS", "0.5"),
                Settle(),
            ],
        ),
    ),
    Found(
        "two sources change names, and one of them alone is synced",
        History(65605107449944, [Sources("exchanged"), Ask("source", 0, force=True)]),
    ),
    Found(
        "a draft moves into a row while rows are listed",
        History(
            271334184972252,
            [
                Edit("name", 20, 0),
                Kill("worker", 17),
                Edit("move_out_to_a_source", 0, 1),
                Ask("page", 23, force=True),
                Edit("move_into_a_row", 10, 0),
                FailForEver("page", 12),
                Settle(),
            ],
        ),
    ),
    Found(
        "a row of a big source is not shared any more, and its child pages neither",
        History(
            230440744256934,
            [Big(3), Ask(), Edit("swap_slugs"), Edit("move"), Edit("unshare_or_share")],
        ),
    ),
    Found(
        "a child page is renamed, and its parent's blocks lag behind",
        History(
            16902307033560,
            [Lag(0.0, 55.0), Edit("archive_or_unarchive", 10), Edit("name", 4), Ask(), Settle()],
        ),
    ),
    Found(
        "a row with child pages is trashed, and a minute holds ten requests",
        History(11208503233820, [Minute(10), Edit("trash_or_restore"), Ask(after=0.1), Settle()]),
    ),
    Found(
        "an original is edited that stands on a child page of a paused row",
        History(55958310112215, [Pause(0), Ask(), Edit("write_into_an_original", 11)]),
    ),
    Found(
        "a page is renamed while another's value stands at its key",
        History(160255252331785, [Edit("rename_and_edit_below"), Evict(13, 1)]),
    ),
    Found(
        "a source with a paused row is renamed",
        History(123532338658737, [Sources("renamed"), Pause(16)]),
    ),
    Found(
        "a source leads to a database that is not shared",
        History(204781001972494, [Sources("re-pointed"), Edit("unshare_or_share_database")]),
    ),
    Found(
        "a row moves to another source after a run that left it unread",
        History(
            42880527014935,
            [
                KvTrouble("error", nth=21, times=40),
                Ask(force=True, after=0.1),
                Settle(),
                Edit("move_to_the_other_source", 22),
            ],
        ),
    ),
    Found(
        "a row moves into one whose date has not begun",
        History(
            105448419894520, [Schedule(23, start=3.0, length=2.0), Edit("move", 12, 24), Ask()]
        ),
    ),
    Found(
        "a row goes before its date begins",
        History(
            169736367238981,
            [
                Schedule(16, start=30.0),
                Ask("source", 13, here=True, after=0.1),
                Edit("unshare_or_share", 15),
            ],
        ),
    ),
    Found(
        "a row moves into a page while its source is renamed",
        History(269974007226169, [Edit("move_into_a_row", 16), Settle(), Sources("renamed")]),
    ),
    Found(
        "a row moves into a page, and a database on it is not shared any more",
        History(11, [Edit("unshare_or_share_database"), Edit("move_into_a_row", 6)]),
    ),
    Found(
        "a row moves into a page, and an original on it was edited",
        History(215497133295973, [Edit("rewrite", 12), Edit("move_into_a_row")]),
    ),
    Found(
        "a lane dies with what it holds, and its message is cancelled",
        History(
            1,
            [
                Setting("SYNC_LANES", "2"),
                Edit("edit_everything"),
                Kill("worker", 150, times=2),
                Ask(),
                Pass(5.0),
                Cancel(),
                Settle(),
            ],
        ),
        more_seeds=(2,),
    ),
    Found(
        "a page is edited twice, and an instance is four seconds behind",
        History(
            1,
            [
                Clocks((0.0, -4.0)),
                Edit("rewrite", 2),
                Tell(),
                Pass(0.4),
                Edit("rewrite", 2, 1),
                Tell(),
                Settle(),
            ],
        ),
    ),
    Found(
        "a page is edited after its window, and an instance is behind",
        History(
            3,
            [
                Until(0.5),
                Edit("rewrite", 2),
                Tell(),
                Edit("rewrite", 2, 1),
                Tell(),
                Until(26.5),
                Clocks((-15.0,)),
                Edit("rewrite", 2, 2),
                Tell(),
                Settle(),
            ],
        ),
    ),
    Found(
        "a child page is asked for, and its row is shown to members only since",
        History(198616659572303, [Edit("show_or_hide", 0, 19), Ask("page", 19, after=0.1)]),
    ),
    Found(
        "a source can't be listed, and its run has sent requests",
        History(
            194051750814287,
            [
                Sources("re-pointed"),
                Edit("unshare_or_share_database"),
                Ask("source", 11, after=0.1),
            ],
        ),
    ),
    Found(
        "a page is edited below one that moved out of a page which can't be read",
        History(565, [FailForEver("page"), Edit("edit_a_family"), Edit("move", 11, 20), Ask()]),
    ),
    Found(
        "a page is edited below one that moved, unedited, out of a page which can't be read",
        History(1, [FailForEver("page"), Edit("edit_a_grandchild"), Edit("move", 11, 20), Ask()]),
    ),
    Found(
        "a page is edited below one that moved out of one which fails, and a run is forced",
        History(
            1, [FailForEver("page"), Edit("edit_a_family"), Edit("move", 11, 20), Ask(force=True)]
        ),
    ),
    Found(
        "a page is edited below a row that was hidden in a source which can't be listed",
        History(
            1, [FailForEver("source"), Edit("edit_a_family"), Edit("show_or_hide", 0, 1), Ask()]
        ),
    ),
    Found(
        "a database that is a source goes into the trash",
        History(
            167106742390507,
            [Sources("re-pointed"), Ask(force=True), Edit("trash_or_restore_database")],
        ),
    ),
    Found(
        "a page is asked for after a child page of it was unshared",
        History(
            21293944742227,
            [
                Edit("swap_slugs", 5),
                Ask(),
                Heal(),
                Edit("move_out_to_a_source"),
                Edit("unshare_or_share", 20),
                Ask("page", here=True),
            ],
        ),
    ),
    Found(
        "lists stop lagging while a run that they misled is under way",
        History(71055577251979, [Edit("add_database_row"), Lag(55.0, 10.0), Ask()]),
    ),
    Found(
        "a page is asked for below one that has become a row",
        History(
            62450864230491,
            [
                Edit("move_out_to_a_source", 3, 30),
                Edit("move_out_to_a_source", 6, 25),
                Pause(1),
                Ask("page", 10),
            ],
        ),
    ),
    Found(
        "a page has become a row of a source that can't be listed, and its old page goes",
        History(
            118636653546149,
            [
                Edit("unshare_or_share", 20),
                Edit("move_out_to_a_source", 2, 29),
                FailForEver("source", 1),
                Ask(),
            ],
        ),
    ),
    Found(
        "what was lost of a paused page comes back with a forced run",
        History(
            215224877822028,
            [
                Pause(0),
                Edit("trash_or_restore_database"),
                Ask(),
                Settle(),
                Evict(19, 2),
                Ask(force=True),
            ],
        ),
    ),
    Found(
        "what was lost of a paused page is read anew",
        History(1, [Pause(4), Edit("edit_everything"), Evict(14)]),
    ),
    Found(
        "a page begins to wait for a slug in the moment in which it becomes free",
        History(
            104910843983905,
            [Edit("swap_slugs", 0, 23), Pass(86340.0), Ask(), Edit("archive_or_unarchive", 3)],
        ),
    ),
    Found(
        "a row asks for the address of its own child page, for which an older row waits",
        History(
            184302865183959,
            [Ask(), Edit("set_slug", 21, 20), Edit("ask_for_a_slug_below")],
        ),
    ),
    Found(
        "a row has moved out of everything while its source is synced",
        History(
            151199291163129,
            [
                Edit("move", 11, 15),
                Edit("move_into_a_row"),
                Ask("source"),
                Edit("move_to_the_other_source"),
                Edit("move", 15, 9),
            ],
        ),
    ),
    Found(
        "a page below a row that is archived is asked for, and stands below it no more",
        History(
            211267268815452,
            [
                Edit("show_or_hide", 3, 25),
                Edit("archive_or_unarchive", 23),
                Ask(),
                Settle(),
                Edit("archive_or_unarchive"),
                Edit("trash_or_restore", 10),
                Ask("page", 15),
            ],
        ),
    ),
    Found(
        "a source gives no answer in the time of a short slice",
        History(
            121032505290190, [Setting("SYNC_SLICE_SECONDS", "0.5"), FailForEver("source", 0), Ask()]
        ),
    ),
    Found(
        "a row with child pages is paused, and a forced run follows",
        History(153141428037316, [Pause(0), Ask(force=True)]),
        more_seeds=(1, 2),
    ),
    Found(
        "a run whose messages were lost is taken on by hand",
        History(
            143653793177544,
            [KvTrouble("refused", 9, 40), Ask(), Settle(), Heal(), Ask(force=True, here=True)],
        ),
    ),
    Found(
        "a row of a big source could not be read, and is archived when it can",
        History(
            50405653445573,
            [
                Big(3),
                FailForEver("page", 7),
                Edit("edit_everything"),
                Ask(),
                Settle(),
                Edit("archive_or_unarchive", 17),
            ],
        ),
    ),
    Found(
        "a grandchild is looked at while its row is read in the source that it has moved to",
        History(
            63928295081347,
            [Edit("move_to_the_other_source"), Edit("edit_a_grandchild"), Tell(1), Ask()],
        ),
        more_seeds=tuple(range(1, 12)),
    ),
    Found(
        "a row of whose blocks others show copies goes into the trash, and lists lag behind",
        History(
            215043808368960,
            [Lag(55.0, 10.0), Edit("trash_or_restore"), Ask(), Ask(), Settle()],
        ),
    ),
    Found(
        "a page is asked for that was renamed while the page around it moved",
        History(
            190149734142215,
            [Edit("name", 11), Edit("move", 20, 31), Ask("page", 20, here=True, after=0.1)],
        ),
    ),
    Found(
        "a child database is read while it is in the trash, and comes back",
        History(
            197365672234242,
            [
                Edit("edit_a_grandchild"),
                Edit("rename_database"),
                Edit("trash_or_restore_database"),
                Ask(force=True, here=True, after=0.1),
                Edit("trash_or_restore_database"),
            ],
        ),
        more_seeds=tuple(range(3, 10)),
    ),
    Found(
        "a row of whose blocks others show copies is hidden, and gone in the next run",
        History(6794494425519, [Edit("move_into_a_row", 4), Edit("archive_or_unarchive")]),
        more_seeds=(2, 8),
    ),
    Found(
        "a name leads to another database from the second slice of a run on",
        History(
            237529024208427,
            [
                Edit("rename_and_edit_below"),
                Ask("source"),
                Minute(30),
                Settle(),
                Until(57.0),
                Edit("rename_and_edit_below", 0, 31),
                Edit("plant_unshared_databases", 3),
                Edit("trash_or_restore"),
                Ask(),
                Sources("re-pointed"),
            ],
        ),
    ),
    Found(
        "a child page is made, and renamed in the same minute, and the page around it asked for",
        History(
            218778654680760,
            [
                Ask(after=0.1),
                Edit("add_child_page", 5),
                Settle(),
                Edit("name", 12, 3),
                Ask("page", 21, force=True),
            ],
        ),
        more_seeds=(3, 7),
    ),
    Found(
        "a page is published without what it has shown a copy of",
        History(
            173071658178532,
            [
                Edit("move_into_a_row", 0, 12),
                Ask("source", after=0.1),
                Ask(),
                Edit("move", 0, 12),
            ],
        ),
    ),
    Found(
        "a draft moves into a page between the looks at both, with a page that had moved into it",
        History(
            58154807285930,
            [
                Edit("move", 19, 8),
                Edit("move_into_a_row", 7),
                Ask(after=0.1),
                Edit("move_into_a_row", 1),
            ],
        ),
        more_seeds=(2, 3, 4),
    ),
    Found(
        "a page begins to wait for a slug while the page that has it is moved on",
        History(
            209639820141773,
            [
                Edit("set_slug", 13, 28),
                Edit("add_database_row"),
                QueueTrouble("publish_error"),
                Edit("edit_a_family", 22),
                Ask(),
                Edit("move_to_the_other_source", 22),
                Edit("unshare_or_share", 22),
                Settle(),
                Heal(),
                Edit("edit_a_family", 20),
                Edit("set_odd_slug"),
                Edit("add_row", 0, 20),
                Ask("source", here=True),
            ],
        ),
    ),
    Found(
        "a page can't be read that was to say what became of one of whose blocks others show copies",
        History(
            250230590518216,
            [
                Edit("trash_or_restore", 18),
                Edit("trash_or_restore", 2),
                FailForEver("page"),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "a row of whose blocks others show copies is archived, and an hour later in the trash",
        History(
            53355585207339,
            [
                Edit("archive_or_unarchive"),
                Ask(),
                Pass(3700.0),
                Ask(),
                Settle(),
                Edit("trash_or_restore"),
            ],
        ),
    ),
    Found(
        "rows were listed by one slice and are judged by the next, and Notion's clock is ahead",
        History(
            199980452479236,
            [
                Edit("add_many_rows"),
                Ask(here=True),
                Edit("unshare_or_share"),
                Wait(30.0),
                Edit("edit_a_family", 17),
                Edit("move_to_the_other_source", 3),
                Ask(),
            ],
        ),
        more_seeds=(5, 6, 10),
    ),
    Found(
        "a page is renamed, and a list of its blocks gets no answer",
        History(
            104338404416482,
            [
                Edit("append"),
                Edit("rename_and_edit_below"),
                Weather(0.08),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "a row is paused, and a page below it, of whose blocks others show copies, is not shared",
        History(36018382640803, [Pause(0), Edit("unshare_or_share", 11)]),
    ),
    Found(
        "a page below a paused row goes into the trash, and comes back",
        History(
            36018382640803,
            [
                Pause(0),
                Edit("trash_or_restore", 2),
                Ask(),
                Settle(),
                Edit("trash_or_restore", 2),
            ],
        ),
    ),
    Found(
        "a page that nobody knows to be paused gives its slug to an older one",
        History(271714116433201, [Edit("swap_slugs", 0, 23), Pause(0), Ask("page", 2, after=0.1)]),
    ),
    Found(
        "a list shows what is in the trash again, since it lags behind",
        History(
            232168124173761,
            [
                Ask("page", 18),
                Edit("trash_or_restore"),
                Settle(),
                Lag(0.0, 55.0),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "lists lag behind from the moment on at which a row in the trash is gone",
        History(
            126228720491891,
            [
                Edit("trash_or_restore"),
                Ask(),
                Ask("page"),
                Lag(55.0, 10.0),
                Ask(after=0.1),
                Ask(after=0.1),
                Settle(),
            ],
        ),
    ),
    Found(
        "a child page is renamed and not shared any more, and lists lag behind",
        History(
            148872925079806,
            [
                Edit("name", 5),
                Edit("add_row"),
                Lag(55.0, 10.0),
                Ask(),
                Edit("unshare_or_share", 2),
                Settle(),
            ],
        ),
    ),
    Found(
        "a page below a paused row is not shared any more, and Notion's clock is ahead",
        History(
            264867790514074,
            [
                Edit("add_child_page", 17),
                Edit("archive_or_unarchive", 8),
                Edit("add_row"),
                Ask(),
                Settle(),
                Edit("unshare_or_share", 13),
                Pause(0),
                Ask(),
            ],
        ),
        more_seeds=(5, 6, 10),
    ),
    Found(
        "a page is asked for that has moved into a row which nobody has seen yet",
        History(
            122110242027285,
            [
                Pause(9),
                Edit("archive_or_unarchive", 2),
                Edit("add_row", 21),
                Edit("move_into_a_row", 0, 27),
                Ask("page", 15),
            ],
        ),
    ),
    Found(
        "a row is archived, and what stands below it gets no usable answer",
        History(
            254039677963103,
            [
                Weather(0.08),
                Edit("edit_a_family"),
                Edit("archive_or_unarchive"),
                Ask(),
                Settle(),
            ],
        ),
    ),
    Found(
        "values of KV may be smaller than before, and a page that is read has not changed",
        History(
            114459998217572,
            [
                Edit("lead_to_a_page"),
                Setting("KV_MAX_VALUE_BYTES", "1500"),
                Ask("source", here=True, after=0.1),
                Settle(),
                Pause(3),
            ],
        ),
    ),
    Found(
        "a row is archived, and Notion denies it once instead of saying so",
        History(
            253615726226795,
            [
                Edit("move_out_to_a_source"),
                Ask(after=0.1),
                Edit("edit_a_family"),
                Edit("archive_or_unarchive", 19),
                Schedule(0, 30.0, None),
                Ask("source", 5, force=True),
                Settle(),
                Blip(0),
                Edit("trash_or_restore_database"),
                Edit("name"),
                Ask(),
            ],
        ),
    ),
    Found(
        "a page comes out of the trash while it is read, and a copy was refused its original",
        History(
            119876615218,
            [
                Setting("SYNC_LANES", "2"),
                Ask(force=True, after=0.1),
                Edit("trash_or_restore", 2),
                Ask("page", after=0.1),
                Edit("trash_or_restore", 2),
            ],
        ),
    ),
    Found(
        "a page comes out of the trash while it is read, whose blocks were denied meanwhile",
        History(
            786829294031,
            [
                Ask(force=True, after=0.1),
                Edit("trash_or_restore"),
                Ask("page", after=0.5),
                Edit("trash_or_restore"),
            ],
        ),
    ),
    Found(
        "a page leaves a row that is archived while it is asked where it stands",
        History(
            148804038148935,
            [
                Mistake("archive_or_unarchive", 0, 20.0),
                Edit("move_into_a_row"),
                Mistake("trash_or_restore", 7),
                Ask(after=0.1),
                Edit("move", 5, 20),
                Edit("move_out_to_a_source"),
                Mistake("archive_or_unarchive", 21),
            ],
        ),
    ),
    Found(
        "a page of whose blocks others show copies is edited and moves twice within a minute",
        History(
            34038081933714,
            [
                Edit("trash_or_restore", 14),
                Edit("archive_or_unarchive", 2),
                Edit("trash_or_restore", 17),
                Ask(),
                Settle(),
                Edit("rewrite", 15),
                Edit("move", 2),
                Ask("page", 1, after=0.1),
                Ask("page"),
                Edit("move", 14, 5),
            ],
        ),
    ),
    Found(
        "a row is edited and trashed, and lists lag behind",
        History(
            12946789238422,
            [
                Edit("append", 20),
                Ask(),
                Lag(10.0, 0.0),
                Edit("trash_or_restore"),
                Ask(),
            ],
        ),
    ),
    Found(
        "a lane dies twice, and a message of the run before is cancelled",
        History(
            4602855475922,
            [
                Setting("SYNC_LANES", "2"),
                Kill("worker", 94),
                Ask(),
                Edit("edit_everything"),
                Settle(),
                Kill("worker", 14),
                Kill("worker", 98),
                Cancel(),
                Ask(),
                Edit("edit_everything"),
                Kill("trigger", 42),
            ],
        ),
    ),
)
