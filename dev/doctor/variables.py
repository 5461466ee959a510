"""Every variable by itself, judged by the very code that reads them in production."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from dotenv import dotenv_values

from dev.doctor.finding import Finding, mend, note, ok
from lib.config import Config, SettingProblem, read_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
_VIEWED = re.compile(r"(?:^|,)\s*([a-z0-9_-]+)\s*=[^,?]*\?(?:[^,]*&)?v=")
"""A source whose address shows the database in one of its views."""


class Variables(msgspec.Struct, frozen=True):
    """`unusable` are the names of those whose values in `config` are made up."""

    config: Config
    unusable: frozenset[str]
    findings: list[Finding]


def examine(environ: Mapping[str, str]) -> Variables:
    """Judge every variable that is set, or has to be."""
    settings = read_settings(environ)
    problems = {problem.name: problem for problem in settings.problems}
    known = [*dotenv_values(EXAMPLE), *problems]
    names = dict.fromkeys(
        name for name in known if name in problems or environ.get(name, "").strip()
    )
    findings = [_finding(name, problems.get(name)) for name in names]
    if "NOTION_SOURCES" not in problems:
        findings += _views(environ["NOTION_SOURCES"])
    unset = len(set(known) - set(names))
    findings.append(
        note(
            f"{unset} variables are not set, nor do they have to be: .env.example says what they"
            " are for"
        )
    )
    return Variables(settings.config, frozenset(problems), findings)


def _finding(name: str, problem: SettingProblem | None) -> Finding:
    if problem is None:
        return ok(name)
    if (name, problem.problem) == ("SYNC_BASE_URL", "is not set"):
        return note(
            "SYNC_BASE_URL is not set. On Vercel the deployment knows its own address; set it to"
            " that address here, and the worker behind it is looked at too"
        )
    return mend(str(problem))


def _views(sources: str) -> list[Finding]:
    """Say of which sources a view was given: it is no part of what is synced."""
    if not (names := _VIEWED.findall(sources)):
        return []
    return [
        note(
            f"{', '.join(names)}: the view in the address (?v=) is ignored, its order and its"
            " filter too. A number property order sorts the index, and NOTION_PUBLISHED says which"
            " rows are published"
        )
    ]
