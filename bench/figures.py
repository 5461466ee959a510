"""What a bench writes down: of an invocation, of a run."""

import msgspec

from bench.bound import WINDOW_SECONDS


class Invocation(msgspec.Struct, frozen=True):
    """One call of a function, and what was used from its beginning to its end (slices do not
    overlap, but the trigger and the first slice may). Of its `seconds` it computed `cpu_seconds`;
    `peak_megabytes` is the process's."""

    path: str
    status: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    requests: int
    kv_commands: int
    kv_bytes: int


class Figures(msgspec.Struct, frozen=True):
    """A run. `seconds` from the trigger's call to the end, waits included; `bound` by DESIGN's
    formula.

    `shared` is the same with what syncs get of a minute: visitors have a share of it.

    `minimum` is of a full sync of the workspace, whatever the run was to do. `listed` rows,
    `synced` pages.
    """

    name: str
    seconds: float
    bound: float
    minimum: int
    requests: int
    throttled: int
    listed: int
    synced: int
    written: int
    status: str
    messages: int
    kv_commands: int
    kv_bytes: int
    cpu_seconds: float
    invocations: list[Invocation]
    shared: float

    @property
    def slices(self) -> list[Invocation]:
        return [call for call in self.invocations if call.path.endswith("/worker")]

    @property
    def billed_seconds(self) -> float:
        return sum(call.seconds for call in self.invocations)

    @property
    def peak_megabytes(self) -> float:
        return max(call.peak_megabytes for call in self.invocations)

    @property
    def fits_into_a_window(self) -> bool:
        """Whether its requests are no more than Notion lets through at once."""
        return self.bound < WINDOW_SECONDS

    @property
    def ratio(self) -> float:
        """Time taken ÷ time bound."""
        return self.seconds / self.bound

    @property
    def shared_ratio(self) -> float:
        """Time taken ÷ time bound, where visitors keep their share."""
        return self.seconds / self.shared
