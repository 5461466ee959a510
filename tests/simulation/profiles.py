"""What may happen in random histories: everything, or only what no known fault lies in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tests.simulation.actions import (
    Action,
    Ask,
    Big,
    Edit,
    FailForEver,
    Heal,
    Odd,
    Pass,
    Pause,
    Settle,
    Tell,
    Until,
    Wait,
)
from tests.simulation.draw import DRAWS, Profile
from tests.simulation.writer import MORE_SLUGS
from tests.stack.histories.author import SLUGS


@dataclass(frozen=True)
class Known:
    """A fault that is known and not mended yet, by its row of the list of faults, and what leads to it: `edits`,
    `draws`, and what is `never` to be. Whoever mends it takes the entry away, and the mark of its test."""

    row: str
    focus: tuple[str, ...] = ()
    """Draws that have to meet for it."""
    edits: tuple[str, ...] = ()
    draws: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    actions: Callable[[Action], bool] | None = None
    """Whether an action leads there."""
    excuses: str = ""
    """A pattern of what is said of it, where that tells it from everything else."""
    mends: Callable[[list[Action]], list[Action]] | None = None
    """What is done to a history so that it does not lead there."""


def _asks_for_a_descendants_slug(action: Action) -> bool:
    slugs = {"set_slug": SLUGS, "set_odd_slug": MORE_SLUGS}
    return (
        isinstance(action, Edit)
        and (own := slugs.get(action.name)) is not None
        and "home/" in own[action.how % len(own)]
    )


PEACEFUL = (Edit, Pause, Pass, Until, Ask, Settle, Tell, Heal, Big, Odd)
"""What interrupts no run."""


def _one_run_at_a_time(actions: list[Action]) -> list[Action]:
    """Where a run may be interrupted, nobody asks for another one meanwhile, nor by the backup way."""
    if all(isinstance(action, PEACEFUL) for action in actions):
        return actions
    found: list[Action] = []
    for action in actions:
        if isinstance(action, Ask):
            found += [Settle(), replace(action, here=False)]
        else:
            found.append(action)
    return found


def _no_page_runs_where_rows_hide(actions: list[Action]) -> list[Action]:
    hides = ("show_or_hide", "archive_or_unarchive", "trash_or_restore", "unshare_or_share")
    if not any(isinstance(action, Edit) and action.name in hides for action in actions):
        return actions
    return [a for a in actions if not (isinstance(a, Tell) or (isinstance(a, Ask) and a.scope == "page"))]


def _no_block_goes_where_a_row_is_paused(actions: list[Action]) -> list[Action]:
    if not any(isinstance(action, Pause) for action in actions):
        return actions
    return [a for a in actions if not (isinstance(a, Edit) and a.name == "remove_or_bring_back_a_block")]


def _no_slug_moves_where_a_page_fails(actions: list[Action]) -> list[Action]:
    moves: tuple[str, ...] = ("set_slug", "set_odd_slug", "swap_slugs", "name", "add_row", "add_child_page")
    moves += ("show_or_hide", "trash_or_restore", "archive_or_unarchive", "unshare_or_share")
    if not any(isinstance(action, FailForEver) for action in actions):
        return actions
    return [action for action in actions if not (isinstance(action, Edit) and action.name in moves)]


def _no_lost_database_where_a_page_fails(actions: list[Action]) -> list[Action]:
    if not any(isinstance(action, FailForEver) for action in actions):
        return actions
    return [a for a in actions if not (isinstance(a, Edit) and a.name.endswith("_database"))]


def _not_meanwhile(*edits: str) -> Callable[[list[Action]], list[Action]]:
    """These edits never happen between asking for a run and its end."""

    def mend(actions: list[Action]) -> list[Action]:
        found: list[Action] = []
        runs = False
        for action in actions:
            runs = isinstance(action, Ask | Tell) or (runs and not isinstance(action, Settle))
            if not (runs and isinstance(action, Edit) and action.name in edits):
                found.append(action)
        return found

    return mend


def _no_swaps_by_webhook(actions: list[Action]) -> list[Action]:
    if not any(isinstance(action, Tell) for action in actions):
        return actions
    return [action for action in actions if not (isinstance(action, Edit) and action.name == "swap_slugs")]


KNOWN: tuple[Known, ...] = (
    Known("B2 of a page and its child page", draws=("evict",)),
    Known("B13", edits=("move", "move_into_a_row")),
    Known(
        "B14",
        edits=("edit_a_grandchild", "edit_a_family", "edit_everything"),
        draws=("version",),
        never=("grandchildren",),
    ),
    Known("B15", edits=("rename_and_edit_below",)),
    Known("B16", actions=_asks_for_a_descendants_slug),
    Known("B18", draws=("big",)),
    Known("B21", focus=("wait", "kill", "kv"), mends=_one_run_at_a_time),
    Known("B23", edits=("move_to_the_other_source", "move_out_to_a_source")),
    Known("B22", draws=("sources",)),
    Known("B24", draws=("blip",)),
    Known("B25", draws=("lag",)),
    Known("B27", focus=("tell",), edits=("edit_everything", "add_many_rows"), mends=_no_swaps_by_webhook),
    Known("B28", focus=("tell",), draws=("clocks",)),
    Known("B29", focus=("wait",), actions=lambda action: isinstance(action, Wait) and action.seconds > 900),
    Known("B30", edits=("rename_database", "rename_a_column")),
    Known("B32", focus=("pause",), mends=_no_block_goes_where_a_row_is_paused),
    Known("B34", focus=("pause",), edits=("move_out_to_a_source",)),
    Known("a page waits for the slug of one that can't be read", mends=_no_slug_moves_where_a_page_fails),
    Known(
        "a page that was read while it was in the trash",
        mends=_not_meanwhile("trash_or_restore", "trash_or_restore_database"),
    ),
    Known("a database is not shared any more while a page can't be read", mends=_no_lost_database_where_a_page_fails),
    Known("a child page that is renamed while a run reads", mends=_not_meanwhile("name")),
    Known("a page of which a child is asked for is hidden", mends=_no_page_runs_where_rows_hide),
    Known("a copy of an original that is empty now", excuses=r"children is \[\], not 'missing'"),
    Known("a new page takes the slug that an old one left", excuses="has a page and redirects to"),
)


def sound(profile: Profile, known: Iterable[Known] = KNOWN) -> Profile:
    """The profile without anything that leads to a known fault."""
    edits = {edit for fault in known for edit in fault.edits}
    draws = {draw for fault in known for draw in fault.draws}
    return replace(
        profile,
        weights={name: weight for name, weight in profile.weights.items() if name not in draws},
        edits=tuple(edit for edit in profile.edits if edit not in edits),
        never=profile.never | {word for fault in known for word in fault.never},
        spoils=tuple(fault.actions for fault in known if fault.actions),
        excuses=tuple(fault.excuses for fault in known if fault.excuses),
        mends=tuple(fault.mends for fault in known if fault.mends),
    )


def hunting(known: Known) -> Profile:
    """Histories in which one known fault is likely, and no other one lies."""
    profile = sound(Profile(), [one for one in KNOWN if one.row != known.row])
    names = ("edit", "ask", "settle", "pass", "until", *known.draws, *known.focus)
    weights = {name: 4.0 if name in known.draws + known.focus else 2.0 for name in names}
    return replace(
        profile,
        weights=weights,
        edits=(*known.edits, *known.edits, *profile.edits[::4]) if known.edits else profile.edits,
    )


EVERYTHING = Profile()
EDITS_ONLY = Profile({"edit": 6.0, "pass": 1.0, "pause": 0.5})
PROFILES: dict[str, Profile] = {
    "everything": EVERYTHING,
    "edits": EDITS_ONLY,
    "sound": sound(EVERYTHING),
    "sound-edits": sound(EDITS_ONLY),
    **{f"with-{known.row}": sound(Profile(), [one for one in KNOWN if one.row != known.row]) for known in KNOWN},
    **{f"hunt-{known.row}": hunting(known) for known in KNOWN},
    **{f"only-{name}": Profile({"edit": 6.0, "pass": 1.0, name: 4.0}) for name in DRAWS},
    **{f"sound-{name}": sound(Profile({"edit": 6.0, "pass": 1.0, name: 4.0})) for name in DRAWS},
}
