"""Flow control: how many messages of one key are under way at once, and how many begin in a period.

Source: https://upstash.com/docs/qstash/features/flowcontrol. Nothing is refused: what is too much
waits.
"""

from typing import Any

import msgspec

from dev.qstash.publication import FlowControlLimits


class FlowControl(msgspec.Struct):
    """The state of one key. A limit of 0 is none; the period is a fixed window that its first
    message opens."""

    key: str
    parallelism_max: int = 0
    parallelism_count: int = 0
    rate_max: int = 0
    rate_count: int = 0
    rate_period: int = 1
    rate_period_start: float = 0.0
    paused: bool = False
    pinned_parallelism: bool = False
    pinned_rate: bool = False

    def follow(self, limits: FlowControlLimits) -> None:
        """The newest message's limits count, where none is pinned."""
        if not self.pinned_parallelism:
            self.parallelism_max = limits.parallelism or 0
        if not self.pinned_rate:
            self.rate_max, self.rate_period = limits.rate or 0, limits.period

    def pin(self, *, parallelism: int | None, rate: int | None, period: int | None) -> None:
        if parallelism is not None:
            self.pinned_parallelism, self.parallelism_max = True, parallelism
        if rate is not None:
            self.pinned_rate, self.rate_max, self.rate_period = True, rate, period or 1

    def unpin(self, *, parallelism: bool, rate: bool) -> None:
        self.pinned_parallelism &= not parallelism
        self.pinned_rate &= not rate

    def reset_rate(self, now: float) -> None:
        self.rate_count, self.rate_period_start = 0, now

    def admits(self, now: float) -> bool:
        """Whether another message may begin."""
        if self.paused or (self.parallelism_max and self.parallelism_count >= self.parallelism_max):
            return False
        return self.opens_at(now) <= now

    def opens_at(self, now: float) -> float:
        """When the rate lets another message begin."""
        end = self.rate_period_start + self.rate_period
        return end if self.rate_max and now < end and self.rate_count >= self.rate_max else now

    def begin(self, now: float) -> None:
        if now >= self.rate_period_start + self.rate_period:
            self.reset_rate(now)
        self.rate_count += 1
        self.parallelism_count += 1

    def end(self) -> None:
        self.parallelism_count -= 1

    def describe(self, waiting: int, now: float) -> dict[str, Any]:
        """The key as `GET /v2/flowControl/{key}` shows it; `waiting` messages are in its wait
        list."""
        running = now < self.rate_period_start + self.rate_period
        return {
            "flowControlKey": self.key,
            "waitListSize": waiting,
            "parallelismMax": self.parallelism_max,
            "parallelismCount": self.parallelism_count,
            "rateMax": self.rate_max,
            "rateCount": self.rate_count if running else 0,
            "ratePeriod": self.rate_period,
            "ratePeriodStart": int(self.rate_period_start),
            "isPaused": self.paused,
            "isPinnedParallelism": self.pinned_parallelism,
            "isPinnedRate": self.pinned_rate,
        }
