"""What may happen in random histories: everything, or mostly one kind of thing."""

from tests.simulation.draw import DRAWS, Profile

PROFILES: dict[str, Profile] = {
    "everything": Profile(),
    "edits": Profile({"edit": 6.0, "pass": 1.0, "pause": 0.5}),
    **{f"only-{name}": Profile({"edit": 6.0, "pass": 1.0, name: 4.0}) for name in DRAWS},
    "windows": Profile(
        {"edit": 4.0, "tell": 8.0, "pass": 3.0, "clocks": 3.0}, ("edit_a_grandchild",)
    ),
    "lanes": Profile({"edit": 4.0, "setting": 4.0, "kill": 4.0, "cancel": 3.0}),
    "big": Profile({"edit": 4.0, "big": 4.0, "fail": 3.0, "heal": 2.0, "pass": 4.0}),
    "days": Profile({"edit": 4.0, "pass": 4.0}, ("rename_database", "rename_a_column", "add_row")),
    "promises": Profile({"edit": 1.0, "ask": 8.0, "wait": 3.0, "kill": 5.0}),
    "moves": Profile(
        {"edit": 4.0, "pass": 1.0, "ask": 4.0},
        ("move_to_the_other_source", "move_into_a_row", "move_out_to_a_source", "move"),
        ("", "source", "page"),
    ),
    "hiding": Profile(
        {"edit": 6.0, "ask": 6.0, "weather": 1.0, "lag": 1.0},
        ("show_or_hide", "trash_or_restore", "archive_or_unarchive", "edit_a_family"),
        ("", "page", "page"),
    ),
}
