"""States of a deployment, as `/api/sync/status` tells of them, for tests and pictures of the dashboard.

Their shape is the server's: `test_states.py` holds them against it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from lib.model import JSON

NOW = datetime(2026, 11, 30, 14, 27, 10, tzinfo=UTC)
"""The moment at which all of them are looked at."""
SLUGS = ["opening-hours", "visit", "lighthouse/the-tower", "crayfish", "home", "imprint", "keepers"]
WARNINGS = [
    '"Fog" and "Fog" ask for the same slug "fog": the older page keeps it, "Fog" is published as'
    ' "fog-bbbbbbbb"',
    '"Soon": property "visibility" says nothing: the page is published',
]
SILENT = (
    "Notion's webhook has been silent since 2026-11-28T06:53:50.000Z, and the sync by cron at"
    " 2026-11-30T03:20:30.000Z found changes by itself: look in Notion, under the integration's"
    " Webhooks, whether the subscription is active and has this deployment's address and page events"
)
HEBREW = "שעות הפתיחה (2)!"
USED_UP: JSON = {
    "reason": "Notion's request budget is used up for 37 s",
    "cause": "rate_limited",
}


def iso(seconds: float) -> str:
    """Return so many seconds after `NOW`, as the status says it."""
    moment = NOW + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def part(kind: str, number: int, began: float, ended: float, **more: Any) -> JSON:
    times = {"startedAt": iso(began), "endedAt": iso(ended)}
    return {"kind": kind, "slice": number, "lane": "0", **times, "reason": None} | more


def run(name: str, began: float, took: float, **more: Any) -> JSON:
    """A run that was asked for `-began` seconds ago."""
    return {
        "runId": f"run_{name}",
        "jobId": f"msg_{name}",
        "status": "delivered",
        "force": False,
        "scope": "all",
        "triggeredAt": iso(began),
        "startedAt": iso(began + 0.2),
        "finishedAt": iso(began + 0.2 + took),
        "durationMs": round(took * 1000),
        "listed": 32,
        "toSync": 0,
        "synced": 0,
        "unchanged": 37,
        "deleted": 0,
        "failed": 0,
        "remaining": 0,
        "slices": 1,
        "retries": 0,
        "notionRequests": 13,
        "notionThrottled": 0,
        "kvCommands": 17,
        "images": 0,
        "errors": [],
        "warnings": [],
        "askedBy": "cron",
        "timeline": [part("slice", 0, began + 0.2, began + 0.2 + took)],
        "waiting": None,
        "changed": [],
        "removed": [],
    } | more


def changing(name: str, began: float, took: float, *slugs: str, **more: Any) -> JSON:
    """A run that changed these pages."""
    count = len(slugs)
    numbers = {
        "toSync": count,
        "synced": count,
        "unchanged": 37 - count,
        "kvCommands": 20 + 4 * count,
    }
    return run(
        name,
        began,
        took,
        **({"changed": sorted(slugs), "notionRequests": 13 + 3 * count} | numbers | more),
    )


def problem(page: int, slug: str, title: str, reason: str, **more: Any) -> JSON:
    page_id = f"aaaaaaaa-0000-4000-8000-{page:012}"
    return {
        "pageId": page_id,
        "slug": slug,
        "title": title,
        "kind": "page",
        "reason": reason,
    } | more


PROBLEMS = [
    problem(
        1,
        "home/opening-hours",
        "Opening hours",
        "Notion does not show it: restricted_resource: Insufficient permissions for this endpoint.",
        cause="unshared",
    ),
    problem(2, "visit", "Visit", "Notion answered 502, 4 times in a row", cause="unanswered"),
    problem(
        3,
        "map",
        "Map of the island",
        "One block is 9.2 MB, the store takes 8 MB: split it, or raise KV_MAX_VALUE_BYTES",
        cause="too_large",
    ),
]
OVERDUE: list[JSON] = [
    {**one, "since": iso(-seconds), "published": published}
    for one, seconds, published in zip(
        PROBLEMS, (1_500, 30_500, 200_000), (True, False, True), strict=True
    )
]


def long_run(name: str, began: float, **more: Any) -> JSON:
    """A run of several slices, with a wait and a second try between them."""
    timeline = [
        part("slice", 0, began, began + 58, **USED_UP),
        part("wait", 1, began + 58, began + 124, **USED_UP),
        part("slice", 1, began + 124, began + 149),
        part("slice", 1, began + 149, began + 190),
        part("slice", 2, began + 193, began + 241),
    ]
    return changing(
        name,
        began,
        241.0,
        *SLUGS,
        *(f"post-{number}" for number in range(1, 28)),
        **({"timeline": timeline, "slices": 4, "retries": 1, "notionRequests": 420} | more),
    )


def earlier() -> list[JSON]:
    """A few days of ordinary life."""
    refused = "Notion refuses the token. Copy it anew from the integration into NOTION_TOKEN"
    return [
        changing("c4", -5_400, 3.4, "visit", "opening-hours", askedBy="webhook", scope="edits"),
        run("c3", -30_430, 2.1),
        changing(
            "c2",
            -52_000,
            1.2,
            "crayfish",
            askedBy="button",
            scope="page:crayfish",
            deleted=1,
            removed=["cray"],
        ),
        long_run("b9", -86_400, force=True, askedBy="person", warnings=WARNINGS),
        run("b8", -116_830, 2.4),
        run(
            "b7",
            -170_000,
            0.2,
            status="failed",
            notionRequests=1,
            unchanged=0,
            errors=[{"pageId": None, "slug": None, "title": "", "kind": "run", "reason": refused}],
        ),
        *(run(f"a{number}", -203_230 - 86_400 * number, 2 + number % 3 / 2) for number in range(6)),
    ]


def status(state: str, runs: list[JSON], **more: Any) -> JSON:
    """The status of a deployment; `more` are members of `site`."""
    return {
        "setup": [],
        "site": {
            "state": state,
            "pages": 37,
            "rows": 30,
            "childPages": 7,
            "overdue": [],
            "lastFullRunAt": iso(-1_500),
            "lastEventAt": iso(-180),
            "budget": {"used": 68, "limit": 180, "resetsAt": iso(21)},
            "freshness": {"p50Seconds": 3.4, "p95Seconds": 11.8, "runs": 21, "days": 7},
            "warnings": [],
            "slugs": ["about", *sorted(SLUGS)],
        }
        | more,
        "active": next((one for one in runs if one["status"] in ("pending", "active")), None),
        "runs": runs,
        "sources": [
            {
                "name": name,
                "databaseId": f"dddddddd-0000-4000-8000-00000000000{number}",
                "pages": pages,
                "lastSyncAt": iso(-1_500),
                "lastListedAt": iso(-1_500),
            }
            for number, (name, pages) in enumerate([("pages", 11), ("posts", 19)], 1)
        ],
        "cron": {"schedule": "0 5 * * *", "nextAt": iso(52_370)},
        "webhook": {
            "address": "https://sync.skerrylight.example/api/sync/webhook",
            "state": "live",
        },
    }


LAST = changing("c5", -1_500, 7.8, "opening-hours", "visit", warnings=WARNINGS)


def current() -> JSON:
    return status("current", [LAST, *earlier()])


def behind() -> JSON:
    last = long_run("c5", -1_741, errors=PROBLEMS, failed=3, warnings=WARNINGS, askedBy="webhook")
    return status("behind", [last, *earlier()], overdue=OVERDUE)


def under_way(**more: Any) -> JSON:
    """A run of everything, 178 of whose 300 pages are done."""
    facts = {
        "status": "active",
        "finishedAt": None,
        "durationMs": None,
        "toSync": 300,
        "synced": 178,
        "remaining": 122,
        "unchanged": 0,
        "notionRequests": 540,
        "kvCommands": 730,
        "askedBy": "person",
        "force": True,
        "changed": SLUGS,
    }
    return run("d1", -109, 0, **(facts | more))


def syncing() -> JSON:
    timeline = [part("slice", 0, -109, -48), part("slice", 1, -48, -3)]
    return status("current", [under_way(timeline=timeline, slices=2), LAST, *earlier()])


def waiting() -> JSON:
    timeline = [
        part("slice", 0, -109, -88, **USED_UP),
        part("wait", 1, -88, -38, **USED_UP),
        part("slice", 1, -38, -17, **USED_UP),
    ]
    wait = USED_UP | {"until": iso(37)}
    budget = {"used": 180, "limit": 180, "resetsAt": iso(37)}
    active = under_way(timeline=timeline, slices=2, waiting=wait)
    return status("current", [active, LAST, *earlier()], budget=budget)


def stale() -> JSON:
    runs = [one for one in earlier() if one["triggeredAt"] < iso(-500_000)]
    return status("stale", runs, lastFullRunAt=iso(-9.2 * 86_400), lastEventAt=None) | {
        "cron": None
    }


def blocked() -> JSON:
    runs = earlier()
    refused = next(one for one in runs if one["status"] == "failed")
    return status("blocked", [{**refused, "triggeredAt": iso(-60)}, *runs])


def silent() -> JSON:
    """The webhook told of nothing, and the cron found two changed pages; a later run found none."""
    found = changing("c5", -40_000, 7.8, "opening-hours", "visit", warnings=[SILENT, *WARNINGS])
    runs = [run("c6", -1_500, 2.0), found, run("c4", -126_400, 2.1)]
    return status("current", runs, lastEventAt=iso(-200_000), warnings=[SILENT])


def previewing() -> JSON:
    """A deployment with drafts, whose webhook waits to be confirmed."""
    webhook = {
        "address": "https://sync.skerrylight.example/api/sync/webhook?key=5f0c1d",
        "state": "pending",
        "token": "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl",
        "expiresAt": iso(3_480),
    }
    return current() | {"previews": True, "webhook": webhook}


def drafts() -> JSON:
    """What such a deployment answers to `?drafts=1`."""
    listed = [
        ("Winter opening hours", "opening-hours-winter", "waiting", iso(63_170)),
        ("Storm season", "storm-season", "draft", None),
        ("Crew list", "storm-season/crew-list", "draft", None),
        (HEBREW, "hours", "over", None),
        ("Lighthouse", "lighthouse", "paused", None),
    ]
    return {
        "drafts": [
            {
                "pageId": f"cccccccc-0000-4000-8000-{number:012}",
                "title": title,
                "slug": slug,
                "why": why,
                "until": until,
                "url": f"https://skerrylight.example/api/preview?slug={slug}&expires=1&signature=0",
            }
            for number, (title, slug, why, until) in enumerate(listed)
        ],
        "total": len(listed),
        "expiresAt": iso(3_600),
    }


def settings() -> JSON:
    """A deployment that can't work yet."""
    return {
        "setup": [
            {
                "name": "NOTION_TOKEN",
                "problem": "is not set",
                "remedy": "create an integration at https://www.notion.so/profile/integrations and"
                " copy its token",
            },
            {
                "name": "SYNC_LANES",
                "problem": "must be a whole number from 1 to 8",
                "remedy": "correct it, or remove it",
            },
        ]
    }


def odd() -> JSON:
    """Titles that run from right to left, or on and on."""
    told = behind()
    titles = [("Donau" * 60, "donau-" * 40), (HEBREW, "hours"), ("", "untitled")]
    told["site"]["overdue"] = [
        one | {"title": title, "slug": slug}
        for one, (title, slug) in zip(told["site"]["overdue"], titles, strict=True)
    ]
    return told


def empty() -> JSON:
    nothing = {"pages": 0, "rows": 0, "childPages": 0, "lastFullRunAt": None, "lastEventAt": None}
    budget = {"used": 0, "limit": 180, "resetsAt": None}
    freshness = {"p50Seconds": None, "p95Seconds": None, "runs": 0, "days": 7}
    told = status("empty", [], **nothing, budget=budget, freshness=freshness)
    for source in told["sources"]:
        source |= {"pages": 0, "lastSyncAt": None, "lastListedAt": None}
    return told


STATES: dict[str, Callable[[], JSON]] = {
    "current": current,
    "problems": behind,
    "syncing": syncing,
    "waiting": waiting,
    "stale": stale,
    "blocked": blocked,
    "empty": empty,
    "silent": silent,
    "odd": odd,
    "drafts": previewing,
    "settings": settings,
}
