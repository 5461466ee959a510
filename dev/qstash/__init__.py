"""A stand-in for QStash as its publishers and its destinations see it: a real server with a queue
behind it."""

from dev.qstash.faults import Fault
from dev.qstash.message import Attempt, Message
from dev.qstash.stand_in import QStashStandIn

__all__ = ["Attempt", "Fault", "Message", "QStashStandIn"]
