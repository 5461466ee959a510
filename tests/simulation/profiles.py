"""What may happen in random histories: everything, or mostly one kind of thing."""

from tests.simulation.actions import Edit, Setting
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
}
