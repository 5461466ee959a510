"""The channels by which people and the site learn of the end of a run.

A new one is a class in a file of its own, with the members of `ChannelKind`, and a word in
`CHANNELS`.
"""

from typing import ClassVar, Protocol, Self

from lib.config import Config
from lib.model import Outcome
from lib.notify.email import Email
from lib.notify.revalidate import Revalidation
from lib.notify.slack import Slack
from lib.notify.tools import ChannelTools
from lib.notify.webhook import SignedWebhook


class ChannelKind(Protocol):
    """What each class in `CHANNELS` has."""

    name: ClassVar[str]
    """The word for it in KV and in the log."""
    receiver: ClassVar[str]
    """The words for the receiver in messages to people."""
    settings: ClassVar[frozenset[str]]
    """The variables by which it is set up."""
    repeatable: ClassVar[bool]
    """Whether the receiver knows a repeated message for the same one."""
    is_for_people: ClassVar[bool]
    """Whether people read it; if not, the site does."""

    @classmethod
    def from_config(cls, config: Config, tools: ChannelTools) -> Self | None:
        """Return the channel; None where it is not set up."""
        ...

    async def tell_outcome(self, outcome: Outcome) -> None:
        """Send the outcome of a run. Raise what `lib.notify.post.post` raises."""
        ...


CHANNELS: tuple[type[ChannelKind], ...] = (Revalidation, Slack, Email, SignedWebhook)
"""The site comes first: it has to know before the people do."""


def open_channels(config: Config, tools: ChannelTools) -> list[ChannelKind]:
    """Return the channels that are set up, in the order of `CHANNELS`."""
    opened = (kind.from_config(config, tools) for kind in CHANNELS)
    return [channel for channel in opened if channel]
