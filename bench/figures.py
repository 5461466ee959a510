"""What a bench writes down: of an invocation, of a run."""

import msgspec


class Invocation(msgspec.Struct, frozen=True):
    """One call of a function: its own share of everything. `cpu_seconds` of its `seconds` it computed, else it waited;
    `peak_megabytes` is of the process."""

    path: str
    status: int
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    requests: int
    kv_commands: int
    kv_bytes: int


class Figures(msgspec.Struct, frozen=True):
    """A run. `seconds` from the trigger's call to the end, waits included; `bound` by DESIGN's formula.

    `minimum` is of a full sync of the workspace, whatever the run was to do. `listed` rows, `synced` pages.
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
    invocations: list[Invocation]

    @property
    def slices(self) -> list[Invocation]:
        return [call for call in self.invocations if call.path.endswith("/worker")]

    @property
    def kv_commands(self) -> int:
        return sum(call.kv_commands for call in self.invocations)

    @property
    def kv_bytes(self) -> int:
        return sum(call.kv_bytes for call in self.invocations)

    @property
    def billed_seconds(self) -> float:
        return sum(call.seconds for call in self.invocations)

    @property
    def cpu_seconds(self) -> float:
        return sum(call.cpu_seconds for call in self.invocations)

    @property
    def peak_megabytes(self) -> float:
        return max(call.peak_megabytes for call in self.invocations)
