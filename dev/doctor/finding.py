"""What a check finds: one line that says `ok`, what is good to know, or how to mend it."""

from typing import Literal

import msgspec

Grade = Literal["ok", "note", "mend"]


class Finding(msgspec.Struct, frozen=True):
    """`note`: nothing is wrong, or it was not looked at; `mend`: a sync can't work like this, and
    the text says how."""

    grade: Grade
    text: str


def ok(text: str) -> Finding:
    return Finding("ok", text)


def note(text: str) -> Finding:
    return Finding("note", text)


def mend(text: str) -> Finding:
    return Finding("mend", text)
