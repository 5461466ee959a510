"""What may happen in random histories: everything, or mostly one kind of thing."""

from tests.simulation.actions import Big, Edit, Setting
from tests.simulation.draw import DRAWS, EDITS, Profile

_OF_DRAFTS = [name for name in EDITS if "database" in name or "hide" in name or "column" in name]

PROFILES: dict[str, Profile] = {
    "everything": Profile(),
    "edits": Profile({"edit": 6.0, "pass": 1.0, "pause": 0.5}),
    "drafts": Profile(
        {**dict.fromkeys(DRAWS, 1.0), "edit": 12.0},
        edits=[*EDITS, *8 * _OF_DRAFTS],
        begins=[
            Setting("SYNC_PREVIEW", "on"),
            Edit("show_or_hide", 1, 1),
            Edit("rename_a_column", 1, 0),
        ],
    ),
    "dates": Profile(
        {"schedule": 6.0, "kill": 1.0, "clocks": 1.0, "queue": 1.0, "kv": 1.0, "pass": 1.0}
    ),
    **{f"only-{name}": Profile({"edit": 6.0, "pass": 1.0, name: 4.0}) for name in DRAWS},
    "windows": Profile(
        {"edit": 4.0, "tell": 8.0, "typing": 4.0, "pass": 2.0, "clocks": 3.0},
        ("edit_a_grandchild", "rewrite"),
        asks=0.2,
    ),
    "lanes": Profile(
        {"edit": 2.0, "kill": 6.0, "cancel": 4.0},
        ("edit_everything",),
        begins=[Setting("SYNC_LANES", "2")],
        after=(1, 2, 3),
    ),
    "waits": Profile({"ask": 6.0, "wait": 6.0, "pass": 6.0}, here=0.4, after=(1, 2, 3)),
    "big": Profile(
        {"edit": 4.0, "fail": 3.0, "heal": 2.0, "pass": 4.0},
        ("edit_everything", "archive_or_unarchive", "trash_or_restore"),
        begins=[Big(3)],
    ),
    "days": Profile({"edit": 4.0, "pass": 4.0}, ("rename_database", "rename_a_column", "add_row")),
    "promises": Profile({"edit": 1.0, "ask": 8.0, "wait": 3.0, "kill": 5.0}),
    "moves": Profile(
        {"edit": 4.0, "pass": 1.0, "ask": 4.0},
        ("move_to_the_other_source", "move_into_a_row", "move_out_to_a_source", "move"),
        scopes=("", "source", "page"),
    ),
    "hiding": Profile(
        {"edit": 6.0, "ask": 6.0, "weather": 1.0, "lag": 1.0},
        ("show_or_hide", "trash_or_restore", "archive_or_unarchive", "edit_a_family"),
        scopes=("", "page", "page"),
    ),
    "meanwhile": Profile(
        {"edit": 4.0, "mistake": 4.0, "ask": 4.0, "setting": 1.0},
        (
            *("show_or_hide", "trash_or_restore", "archive_or_unarchive", "unshare_or_share"),
            *("move", "move_into_a_row", "move_out_to_a_source", "rewrite", "edit_a_family"),
        ),
        scopes=("", "page", "page"),
        after=(2, 3, 4, 5),
    ),
}
