"""The type that each key has: what is found there otherwise is another's."""

import inspect
import re

import pytest

from lib.store.keys import Keys, types_of

TYPES = {"Hash": "hash", "Set": "set", "Sorted set": "zset", "Root of a run": "hash"}
NAMES = [
    name for name in vars(Keys) if not name.startswith("_") and name not in ("site", "run_work")
]


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_of_the_type_that_is_written_beside_it(name: str) -> None:
    said = re.match("|".join(TYPES), inspect.getdoc(getattr(Keys, name)) or "")
    made = getattr(Keys("a:b:"), name)
    key = made(*range(1, len(inspect.signature(made).parameters) + 1)) if callable(made) else made

    assert types_of([key])[key] == (TYPES[said[0]] if said else "string")


def test_what_a_script_derives_from_a_runs_key_has_its_type_too() -> None:
    keys = Keys("site:")

    assert types_of([keys.run("r1"), ""])["site:sync:run:r1:errors"] == "list"
    assert list(types_of([keys.page("sync:pages")])) == ["site:page:sync:pages"]


def test_all_that_a_change_of_the_site_needs_can_be_told_from_texts() -> None:
    kinds = types_of(Keys("a:b:").site("r1"))
    assert [key for key, kind in kinds.items() if kind == "string"] == ["a:b:sync:sequence"]
