"""The words of a report, for Slack and for mail."""

import msgspec
import pytest

from lib.model import Outcome, Problem
from lib.notify import email, slack
from lib.notify.report import duration, facts, headline, problems

DASHBOARD = "https://sync.example/"
BROKEN = [
    Problem(f"id-{number}", f"page-{number}", reason="Notion does not show it")
    for number in range(7)
]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (
            Outcome(run_id="r", status="delivered", written=3),
            "Sync of everything finished: 3 bundles updated",
        ),
        (
            Outcome(run_id="r", status="delivered", written=1, page="about"),
            "Sync of page about finished: 1 bundle updated",
        ),
        (
            Outcome(run_id="r", status="delivered", deleted=2, failed=1, source="posts"),
            "Sync of source posts finished: 2 pages removed, 1 page could not be read",
        ),
        (Outcome(run_id="r", status="delivered"), "Sync of everything finished: nothing changed"),
        (
            Outcome(
                run_id="r",
                status="delivered",
                written=1,
                page="aaaaaaaa-0000-4000-8000-000000000001",
            ),
            "Sync of one page finished: 1 bundle updated",
        ),
        (
            Outcome(run_id="r", status="delivered", written=2, window=7),
            "Sync of edited pages finished: 2 bundles updated",
        ),
        (Outcome(run_id="r", status="failed", error="No."), "Sync of everything failed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_headline_says_what_became_of_what(outcome: Outcome, words: str) -> None:
    assert headline(outcome) == words


@pytest.mark.parametrize(
    "end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"]
)
@pytest.mark.parametrize("status", ["delivered", "failed"])
def test_c13_nobody_writes_into_a_mails_head(status: str, end: str) -> None:
    page = f"about{end}Bcc: stranger@example.com{end}{end}Buy this"
    problem = Problem(title=page, kind="database", reason=page)
    outcome = Outcome(run_id="r", status=status, page=page, failed=1, problems=[problem])

    for line in (
        headline(outcome),
        slack.slack_message(outcome, DASHBOARD)["text"],
        *problems(outcome),
    ):
        assert line.splitlines() == [line]
        assert "\x00" not in line
    assert headline(outcome).startswith("Sync of page about Bcc: stranger@example.com Buy this")


def test_c13_a_subject_is_no_longer_than_is_read() -> None:
    assert len(headline(Outcome(run_id="r", status="failed", page="x" * 14_000))) == 500


def test_the_first_updated_pages_are_named() -> None:
    few = Outcome(run_id="r", status="delivered", updated=["about", "blog"])
    many = Outcome(run_id="r", status="delivered", updated=list("abcdefg"))

    assert facts(few)[0] == ("Updated", "about, blog")
    assert facts(msgspec.structs.replace(few, updated=list("abcde")))[0] == (
        "Updated",
        "a, b, c, d, e",
    )
    assert facts(many)[0] == ("Updated", "a, b, c, d, e, …")


def test_the_counts_of_a_run_are_told_each_under_its_name() -> None:
    outcome = Outcome(
        run_id="r",
        status="delivered",
        synced=1,
        unchanged=2,
        deleted=3,
        failed=4,
        seconds=75,
        notion_requests=5,
    )

    assert facts(outcome) == [
        *(("Pages read", "1"), ("Unchanged", "2"), ("Removed", "3"), ("Failed", "4")),
        *(("Time", "1 min 15 s"), ("Notion requests", "5")),
    ]


def test_the_first_problems_are_named_and_the_others_counted() -> None:
    lines = problems(Outcome(run_id="r", status="delivered", failed=7, problems=BROKEN))

    assert lines[0] == "page-0: Notion does not show it"
    assert (len(lines), lines[-1]) == (6, "and 2 more")
    assert (
        problems(Outcome(run_id="r", status="delivered", failed=6, problems=BROKEN))[-1]
        == "and 1 more"
    )


SOURCE = Problem(title="posts", kind="source", reason="Notion is away")
DATABASE = Problem("d", title="Tasks", kind="database", reason="too large")


def test_each_problem_is_named_by_its_kind() -> None:
    outcome = Outcome(
        run_id="r", status="delivered", failed=4, problems=[SOURCE, DATABASE, BROKEN[0]]
    )

    assert problems(outcome) == [
        "source posts: Notion is away",
        'database "Tasks": too large',
        "page-0: Notion does not show it",
        "and 1 more",
    ]
    nameless = [
        Problem("d", kind="database", reason="r"),
        Problem("p", title="T", reason="r"),
        Problem(reason="r"),
    ]
    assert problems(msgspec.structs.replace(outcome, failed=3, problems=nameless)) == [
        "database d: r",
        '"T": r',
        "a page: r",
    ]


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        (1, "1 source could not be listed"),
        (2, "1 source could not be listed, 1 database could not be read"),
        (
            9,
            "1 source could not be listed, 1 database could not be read, 7 pages could not be read",
        ),
    ],
)
def test_a_headline_counts_what_failed_by_its_kind(failed: int, words: str) -> None:
    told = [SOURCE, DATABASE][:failed]
    outcome = Outcome(run_id="r", status="delivered", failed=failed, problems=told)

    assert headline(outcome) == f"Sync of everything finished: {words}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (59.0, "59.0 s"), (75, "1 min 15 s"), (7300, "2 h 1 min")],
)
def test_a_time_is_written_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_slacks_message_is_a_header_fields_the_reason_the_pages_a_button_and_the_run() -> None:
    outcome = Outcome(
        run_id="run_1", status="failed", error="Share it.", failed=2, problems=BROKEN[:2]
    )

    header, fields, *rest = slack.slack_message(outcome, DASHBOARD)["blocks"]

    assert header == {
        "type": "header",
        "text": {"type": "plain_text", "text": ":x: Sync of everything failed"},
    }
    assert fields["fields"][3] == {"type": "mrkdwn", "text": "*Failed*\n2"}
    pages = "• page-0: Notion does not show it\n• page-1: Notion does not show it"
    label = {"type": "plain_text", "text": "Open the dashboard"}
    assert rest == [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Share it."}},
        {"type": "section", "text": {"type": "mrkdwn", "text": pages}},
        {
            "type": "actions",
            "elements": [{"type": "button", "text": label, "url": f"{DASHBOARD}#run=run_1"}],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Run run_1"}]},
    ]


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        (Outcome(run_id="r", status="delivered", written=1), ":white_check_mark: "),
        (Outcome(run_id="r", status="delivered", written=1, failed=1), ":warning: "),
        (Outcome(run_id="r", status="failed", failed=1), ":x: "),
    ],
    ids=["whole", "in part", "failed"],
)
def test_slack_shows_at_a_glance_how_a_run_ended(outcome: Outcome, mark: str) -> None:
    assert slack.slack_message(outcome, DASHBOARD)["blocks"][0]["text"]["text"].startswith(mark)


@pytest.mark.parametrize("length", [1999, 2000, 2001])
def test_a_text_is_cut_only_where_slack_would_refuse_it(length: int) -> None:
    error = slack.slack_message(
        Outcome(run_id="r", status="failed", error="e" * length), DASHBOARD
    )["blocks"][2]

    assert error["text"]["text"] == ("e" * length if length <= 2000 else "e" * 1999 + "…")


def test_slack_gets_text_for_the_notification_and_blocks_within_its_limits() -> None:
    long = [Problem("id", "s" * 900, reason="r" * 900) for _ in range(5)]
    outcome = Outcome(
        run_id="r", status="failed", error="e" * 5000, failed=5, problems=long, page="p" * 300
    )

    message = slack.slack_message(outcome, DASHBOARD)

    header, fields, error, pages, button, _ = message["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert len(fields["fields"]) <= 10
    assert max(len(error["text"]["text"]), len(pages["text"]["text"])) <= 2000
    assert button["elements"][0]["url"] == f"{DASHBOARD}#run=r"


def test_a_title_can_neither_link_nor_call_the_channel_in_slack() -> None:
    outcome = Outcome(
        run_id="r",
        status="delivered",
        failed=1,
        problems=[Problem("id", "<!channel> & <https://x|y>", reason="r")],
    )

    texts = [
        block["text"]["text"]
        for block in slack.slack_message(outcome, DASHBOARD)["blocks"]
        if block["type"] == "section" and "text" in block
    ]

    assert texts == ["• &lt;!channel&gt; &amp; &lt;https://x|y&gt;: r"]


def test_a_mail_holds_the_headline_the_reason_the_counts_and_the_way_to_more() -> None:
    text = email.mail_text(
        Outcome(
            run_id="run_1",
            status="failed",
            error="Share the database.",
            failed=1,
            problems=BROKEN[:1],
        ),
        DASHBOARD,
    )

    assert text.startswith("Sync of everything failed.\n\nShare the database.\n")
    for words in ("Notion requests: 0", "page-0: Notion does not show it", DASHBOARD, "run_1"):
        assert words in text
