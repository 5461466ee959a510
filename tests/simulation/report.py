"""How often each rare state was reached."""

from collections import Counter

RARE: dict[str, tuple[str, ...]] = {
    "a run joined, with a follow-up": ("ask: joined",),
    "a parked run resumed": ("ask: resumed",),
    "a page whose slug is taken": ("commit_page: taken",),
    "a page that waits for its slug": ("commit_page: staged",),
    "a reading that is older than what stands in KV": ("commit_page: older",),
    "a page committed twice": ("commit_page: repeated",),
    "a slice that was taken over": ("slice.taken_over",),
    "a slice begun again": ("begin: repeated",),
    "a slice whose next message may be unsent": ("begin: unsent",),
    "a run found ended": ("begin: ended",),
    "a lane that came too early": ("begin: early",),
    "a run joined at its first slice": ("begin: joined",),
    "an index changed meanwhile": ("guarded: changed",),
    "an instance killed": ("instance: killed",),
    "a run given up": ("run failed",),
    "a page given up": ("page.failed",),
    "an event asked for a run": ("webhook: asked",),
    "an event came again": ("webhook: repeated",),
    "a key evicted": ("key evicted",),
    "a message cancelled": ("message cancelled",),
    "a dead letter delivered again": ("dead letter delivered again",),
    "a page that fails for ever": ("page fails for ever",),
    "a source that fails for ever": ("source fails for ever",),
    "a run judged": ("judged: everything",),
    "a run of a source judged": ("judged: source",),
    "a run of a page judged": ("judged: page",),
}
"""Rare states by what they are called, and the counters that tell of them."""
MAY_BE_MISSED = frozenset(
    {
        "a parked run resumed",  # B21
        "a page whose slug is taken",
        "a reading that is older than what stands in KV",
        "a page committed twice",
        "an index changed meanwhile",  # B27
        "a slice begun again",
        "a key evicted",  # B2
        "a dead letter delivered again",
    }
)
"""What a sound history reaches by a great chance only, or not at all while a fault is known that lies there."""


def missed(seen: Counter[str]) -> list[str]:
    """The states that were never reached."""
    reached = {state for state, names in RARE.items() if any(seen[name] for name in names)}
    return [state for state in RARE if state not in reached | MAY_BE_MISSED]


def table(seen: Counter[str]) -> str:
    """How often each state was reached, and everything else that was counted."""
    rows = [(sum(seen[name] for name in names), state) for state, names in RARE.items()]
    told = "\n".join(f"{count:8} {state}" for count, state in rows)
    others = ", ".join(f"{name} {count}" for name, count in sorted(seen.items()))
    return f"{told}\n{others}"
