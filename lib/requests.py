"""What callers ask for, as values: from query strings and message bodies, and the trigger's answer
back."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import msgspec

from lib.config import Config
from lib.endpoint import Request
from lib.errors import Refused
from lib.model import JSON, Ask, Event, Handshake
from lib.notion.ids import NOTION_DOMAINS, dashed
from lib.qstash.messages import RUN_ID, Message, console_address
from lib.sync.trigger import Triggered

LONGEST_PAGE = 2000
"""Characters of a slug, an id or an address: a slug has 200 at most, and a child's is its
ancestors' and its own."""
LONGEST_SOURCE = 60
MOST_SLICES = 1_000_000
LATEST_WINDOW = LATEST_MOMENT = 10**10
_LANE = re.compile(r"[\w-]{1,40}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_KIND = re.compile(r"[\w.]{1,100}", re.ASCII)
_TIME = re.compile(r"[\dTZ:.+-]{0,40}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")
_SITE_ADDRESS = re.compile(r"https?://(?P<host>[^/\s?#:]+)(:\d+)?(?P<path>/[^\s?#]*)?([?#].*)?")
_UUID = re.compile(r"[0-9a-fA-F-]{32,36}")
YES, NO = ("1", "true"), ("", "0", "false")
CRON = "vercel-cron/"
"""How the user agent of Vercel's cron begins (https://vercel.com/docs/cron-jobs)."""
ASKERS = ("cron", "webhook", "button", "person", "schedule", "follow-up")


def ask_of(request: Request, config: Config) -> Ask:
    """Return what the trigger or the backup way is asked for: `?force=1`, `?page=`, `?source=`.

    A POST that names neither page nor source asks for the page that its body is about, as Notion's
    *Send webhook* action sends it (https://www.notion.com/help/webhook-actions), or for
    everything. Raises `Refused`.
    """
    query = request.query
    force, source = query.get("force", "").lower(), query.get("source", "")
    page, asked_by = asked_page(query.get("page", "")), "person"
    if force not in YES + NO:
        raise Refused("force must be 1 or true (or left out)")
    if request.method == "POST":
        page, asked_by = page or ("" if source else _sender_of(request)), "button"
    elif request.headers.get("user-agent", "").startswith(CRON):
        asked_by = "cron"
    return _checked_ask(Ask(force in YES, source, page, asked_by=asked_by), config)


def run_of(request: Request) -> str:
    """Return the id of the run that a request is about. Raises `Refused`."""
    run_id = request.query.get("run", "")
    if not RUN_ID.fullmatch(run_id):
        raise Refused("run must be the id of a run, as the trigger and the status give it")
    return run_id


def _sender_of(request: Request) -> str:
    """Return the id of the page that a *Send webhook* action was used on; "" where there is none:
    Notion switches off an action that is refused."""
    try:
        data = _member_of(request.json(), "data", dict)
    except Refused:
        return ""
    return _notion_id(_member_of(data, "id", str)) if data.get("object") == "page" else ""


def asked_page(text: str) -> str:
    """Return the slug, id or address of Notion's by which a page is asked for; of an address of
    the site, its path."""
    address = _SITE_ADDRESS.fullmatch(text.strip())
    if address and not _is_notions(address["host"]):
        return unquote(address["path"] or "").strip("/") or text
    return text.strip("/")


def _is_notions(host: str) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in NOTION_DOMAINS)


def message_of(request: Request, config: Config) -> Message:
    """A worker's message. One without a run id (from QStash's console or a schedule) names its run
    by its own id, so that every delivery of it is the same run."""
    return _message_in(request.json(), request.headers.get("upstash-message-id", ""), config)


class Ending(msgspec.Struct, frozen=True):
    """What is known of the end of a run; `failed` is the message that was given up, and `reason`
    why."""

    run_id: str
    failed: Message | None = None
    reason: str = ""


def ending_of(request: Request, config: Config) -> Ending:
    """Return what a notice of ours, or a callback of QStash's, says. Raises `Refused`."""
    from lib.qstash.callbacks import callback_of  # a trigger starts without it

    body = request.json()
    callback = callback_of(body)
    if callback is None:
        run_id = _run_id(body)
        if not run_id:
            raise Refused("the body is neither a notice with a runId nor a callback of QStash's")
        return Ending(run_id)
    message = _message_in(callback.body, callback.message_id, config)
    if not callback.is_given_up:
        return Ending(message.run_id)
    return Ending(message.run_id, message, callback.reason)


def _message_in(body: JSON, message_id: str, config: Config) -> Message:
    run_id, asked_by = _run_id(body), _typed_member(body, "askedBy", str, "")
    if asked_by not in ("", *ASKERS):
        raise Refused(f"askedBy must be one of {', '.join(ASKERS)}")
    ask = Ask(
        force=_typed_member(body, "force", bool, False),
        source=_typed_member(body, "source", str, ""),
        page=_typed_member(body, "page", str, ""),
        retry=_typed_member(body, "retry", bool, False),
        window=_typed_member(body, "window", int, 0),
        scheduled=_typed_member(body, "scheduled", int, 0),
        asked_by=asked_by or ("" if run_id else "schedule"),
    )
    number = _typed_member(body, "slice", int, 0)
    if not 0 <= number <= MOST_SLICES:
        raise Refused(f"slice must not be negative, nor above {MOST_SLICES}")
    return Message(
        run_id=run_id or _run_of(message_id),
        lane=_shaped_text(body, "lane", _LANE, "0", "1 to 40 letters, digits, _ and -"),
        slice=number,
        ask=_checked_ask(ask, config),
        triggered_at=_shaped_text(
            body, "triggeredAt", _TIME, "", "a time such as 2026-01-31T12:00:00.000Z"
        ),
    )


def event_of(request: Request) -> Event | Handshake:
    """Return what Notion's webhook sent
    (https://developers.notion.com/reference/webhooks-events-delivery).

    Only what is needed is looked at: other types of events have other data. What only narrows down
    where an entity stands counts as missing where it is odd. Raises Refused where it is no event,
    or its entity is not named.
    """
    body = request.json()
    if "verification_token" in body and "type" not in body:
        token = _typed_member(body, "verification_token", str, "")
        if not _TOKEN.fullmatch(token):
            raise Refused("verification_token is no token of Notion's")
        return Handshake(token)
    entity, parent = (
        _typed_member(body, "entity", dict, {}),
        _member_of(_member_of(body, "data", dict), "parent", dict),
    )
    event = Event(
        id=_typed_member(body, "id", str, ""),
        kind=_typed_member(body, "type", str, ""),
        at=_epoch_of(_typed_member(body, "timestamp", str, "")),
        entity=_notion_id(_typed_member(entity, "id", str, "")),
        parent=_notion_id(_member_of(parent, "id", str)),
        data_source=_notion_id(_member_of(parent, "data_source_id", str)),
    )
    if not (_UUID.fullmatch(event.id) and _KIND.fullmatch(event.kind) and event.entity):
        raise Refused(
            "the body is no event of Notion's: id, type, timestamp and entity.id are needed"
        )
    return event


def _notion_id(text: str) -> str:
    """Return an id of Notion's, dashed; "" for what is none."""
    return dashed(text) if _UUID.fullmatch(text) else ""


def triggered(answer: Triggered, config: Config) -> JSON:
    """The trigger's answer, in the words its callers know."""
    job_id = answer.job_ids[0] if answer.job_ids else None
    return {
        "ok": True,
        "jobId": job_id,
        **({"jobIds": answer.job_ids} if len(answer.job_ids) > 1 else {}),
        "runId": answer.run_id,
        "message": "Sync already running" if answer.joined else "Sync job started in background",
        "dashboardUrl": console_address(job_id or ""),
        "statusUrl": config.address(f"/api/sync/status?run={answer.run_id}"),
    }


def _epoch_of(time: str) -> float:
    """Epoch seconds of an ISO time; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(time)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        raise Refused("timestamp must be a time such as 2026-01-31T12:00:00.000Z") from None


def _checked_ask(ask: Ask, config: Config) -> Ask:
    if ask.source and ask.source not in config.sources:
        named = (
            f" {ask.source!r}" if len(ask.source) <= LONGEST_SOURCE else ""
        )  # half of a secret could not be hidden
        raise Refused(f"source{named} is unknown; the sources are: {', '.join(config.sources)}")
    if ask.source and ask.page:
        raise Refused("give either page or source, not both")
    if not 0 <= ask.window <= LATEST_WINDOW or (ask.window and (ask.source or ask.page)):
        raise Refused(f"window must be 0 to {LATEST_WINDOW}, and without a page or source")
    if not 0 <= ask.scheduled <= LATEST_MOMENT or (
        ask.scheduled and (ask.source or ask.page or ask.window)
    ):
        raise Refused(
            f"scheduled must be 0 to {LATEST_MOMENT}, and without a page, source or window"
        )
    if len(ask.page) > LONGEST_PAGE or _CONTROL.search(ask.page):
        raise Refused(
            f"page must be a slug, an id or an address: {LONGEST_PAGE} characters at most, on one"
            " line"
        )
    return ask


def _run_id(body: JSON) -> str:
    """Return the id that a message gives its run; "" where it gives none."""
    if body.get("runId") == "":
        return ""
    return _shaped_text(body, "runId", RUN_ID, "", "1 to 100 letters, digits, _, . and -")


def _shaped_text(body: JSON, name: str, shape: re.Pattern[str], default: str, expected: str) -> str:
    """Return a member that is a text of this shape, where it is there."""
    text: str = _typed_member(body, name, str, default)
    if name in body and not shape.fullmatch(text):
        raise Refused(f"{name} must be {expected}")
    return text


def _run_of(message_id: str) -> str:
    if not message_id:
        raise Refused("the message has neither a runId nor QStash's Upstash-Message-Id")
    return f"run_{sha256(message_id.encode()).hexdigest()[:32]}"


def _member_of(body: JSON, name: str, kind: type[Any]) -> Any:
    """A member that may be missing; null, or of another type, it counts as missing."""
    value = body.get(name)
    return value if isinstance(value, kind) else kind()


def _typed_member(body: JSON, name: str, kind: type[Any], default: Any) -> Any:
    value = body.get(name, default)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refused(f"{name} must be a {kind.__name__}")
    return value
