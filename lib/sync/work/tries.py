"""How often something is tried that got no usable answer."""

from lib.model import Claim

PAUSES_SECONDS = (2.0, 6.0)
"""How long something waits after each failure; after one more it is reported, and tried again after
the run."""


def is_last_try(claim: Claim) -> bool:
    """Return whether what gets no usable answer is left out of it, rather than the whole tried
    again."""
    record = claim.record or claim.database
    return (record is not None and record.is_lacking) or claim.item.attempts >= len(PAUSES_SECONDS)
