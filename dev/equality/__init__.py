"""Whether KV is what the workspace says: nothing missing, nothing left over, nothing stale.

`Bundles` is KV as a site reads it, `Truth` holds it against a workspace.
"""

from dev.equality.bundles import Bundles, together
from dev.equality.differences import comparable
from dev.equality.truth import Truth

__all__ = ["Bundles", "Truth", "comparable", "together"]
