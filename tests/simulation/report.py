"""How often each rare state was reached."""

from collections import Counter

RARE: dict[str, tuple[str, ...]] = {
    "a run joined, with a follow-up": ("ask: joined",),
    "a parked run resumed": ("ask: resumed",),
    "addresses that changed while they were planned": ("commit_page: changed", "move: changed"),
    "a slug that became free given to who waits for it": ("move: done",),
    "a reading that is older than what stands in KV": ("commit_page: older",),
    "work that was due anew before it was done": (
        "commit_page: repeated",
        "commit_database: repeated",
    ),
    "a claim that was another's when it was given back": ("requeue: repeated",),
    "a slice that was taken over": ("slice.taken_over",),
    "a slice begun again": ("begin: repeated",),
    "a slice whose next message may be unsent": ("begin: unsent",),
    "a run found ended": ("begin: ended",),
    "a run joined at its first slice": ("begin: joined",),
    "an instance killed": ("instance: killed",),
    "a run given up": ("run failed",),
    "a page given up": ("page.failed",),
    "an event asked for a run": ("webhook: asked",),
    "an event came again": ("webhook: repeated",),
    "a key evicted": ("key evicted",),
    "a message cancelled": ("message cancelled",),
    "a run cancelled": ("cancel: 200",),
    "a run for dates": ("run for dates",),
    "a dead letter delivered again": ("dead letter delivered again",),
    "a page that fails for ever": ("page fails for ever",),
    "a source that fails for ever": ("source fails for ever",),
    "a page that leads to another": ("leads to a page",),
    "a run judged": ("judged: everything",),
    "a run of a source judged": ("judged: source",),
    "a run of a page judged": ("judged: page",),
}
"""Rare states by what they are called, and the counters that tell of them."""
MAY_BE_MISSED = frozenset(
    {
        "a parked run resumed",
        "a slice begun again",
        "a slice whose next message may be unsent",
        "a dead letter delivered again",
    }
)
"""What a few hundred histories reach by chance only."""


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
