"""What may happen in random histories: everything, or mostly one kind of thing."""

from tests.simulation.draw import DRAWS, Profile

PROFILES: dict[str, Profile] = {
    "everything": Profile(),
    "edits": Profile({"edit": 6.0, "pass": 1.0, "pause": 0.5}),
    **{f"only-{name}": Profile({"edit": 6.0, "pass": 1.0, name: 4.0}) for name in DRAWS},
}
