"""Every variable by itself, judged by the very code that reads them in production."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from dotenv import dotenv_values

from dev.doctor.finding import Finding, mend, note, ok
from lib.config import Config
from lib.errors import Misconfigured

EXAMPLE = Path(__file__).parents[2] / ".env.example"
PLACEHOLDERS = {
    "CRON_SECRET": "a made-up secret of the doctor's",
    "NOTION_SOURCES": f"pages={'0' * 32}",
    "KV_REST_API_URL": "https://kv.invalid",
    "UPSTASH_REDIS_REST_URL": "https://kv.invalid",
    "SYNC_BASE_URL": "https://sync.invalid",
    "NOTIFY_EMAIL_FROM": "nobody@mail.invalid",
    "NOTIFY_EMAIL_TO": "nobody@mail.invalid",
}
"""What stands in for a variable that is needed and can't be used, so that the others are looked at all the same."""


class Variables(msgspec.Struct, frozen=True):
    """`unusable` are the names of those whose values in `config` are made up."""

    config: Config
    unusable: frozenset[str]
    findings: list[Finding]


def examine(environ: Mapping[str, str]) -> Variables:
    """Reads the settings again and again, each time without what was wrong with them before."""
    usable, problems = dict(environ), dict[str, str]()
    while True:
        try:
            config = Config.read(usable)
            break
        except Misconfigured as problem:
            name = str(problem).partition(" ")[0]
            # A malformed one is left out first: it may have a default, or another variable in its place.
            usable[name] = PLACEHOLDERS.get(name, "made-up") if not usable.get(name, "").strip() else ""
            problems.setdefault(name, str(problem))
    known = [*dotenv_values(EXAMPLE), *problems]
    names = dict.fromkeys(name for name in known if name in problems or environ.get(name, "").strip())
    findings = [_finding(name, problems.get(name)) for name in names]
    unset = len(set(known) - set(names))
    findings.append(note(f"{unset} variables are not set, nor do they have to be: .env.example says what they are for"))
    return Variables(config, frozenset(problems), findings)


def _finding(name: str, problem: str | None) -> Finding:
    if problem is None:
        return ok(name)
    if problem.startswith("SYNC_BASE_URL is not set"):
        return note(
            "SYNC_BASE_URL is not set. On Vercel the deployment knows its own address; set it to that address here,"
            " and the worker behind it is looked at too"
        )
    return mend(problem)
