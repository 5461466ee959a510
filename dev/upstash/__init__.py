"""A stand-in for Upstash Redis ("Vercel KV") as its REST clients see it: a real server with real
data behind it."""

from dev.upstash.faults import Failed, Fault
from dev.upstash.stand_in import UpstashStandIn

__all__ = ["Failed", "Fault", "UpstashStandIn"]
