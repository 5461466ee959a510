"""Serves `api/**/*.py` and `public/` on one port as Vercel does. What it does not imitate: see
README.md."""

from dev.functions.cdn import Cdn
from dev.functions.deployment import Functions

__all__ = ["Cdn", "Functions"]
