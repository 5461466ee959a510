"""What may happen in random histories: everything, or only what no known fault lies in."""

from tests.simulation.draw import EDITS_ONLY, EVERYTHING, Profile

PROFILES: dict[str, Profile] = {"everything": EVERYTHING, "edits": EDITS_ONLY, "sound": EVERYTHING}
