"""The doctor looks a set-up over, here one on the local stack, and says of each thing that is
broken how to mend it."""

import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from dev import doctor
from dev.doctor import hosts, variables
from dev.listener import Listener
from dev.notion import TOKEN
from dev.notion.generate import PAGES, POSTS
from dev.stack import ROOT, Stack
from dev.upstash import Fault
from lib.secret import Secret, derived_secret, handshake_key, preview_secret, webhook_secret
from tests.dev.answering import answering
from tests.stack.site import Site

Environ = dict[str, str]
Examine = Callable[..., Awaitable[tuple[bool, str]]]

NEEDED = [
    *(
        "NOTION_TOKEN",
        "NOTION_SOURCES",
        "CRON_SECRET",
        "QSTASH_TOKEN",
        "KV_REST_API_URL",
        "KV_REST_API_TOKEN",
    ),
    *("QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"),
]
SECRETS = [name for name in NEEDED if name.endswith(("TOKEN", "SECRET", "KEY"))]


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with Stack(environ={}) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack) -> Stack:
    running.reset()
    return running


@pytest.fixture
def examine(stack: Stack) -> Examine:
    """`await examine(NAME="value")`: whether the set-up with these changes is sound, and what was
    printed."""

    async def look(
        *, live: bool = False, gone: frozenset[str] = frozenset(), **changes: str
    ) -> tuple[bool, str]:
        async def resolve(host: str) -> None:
            if host in gone:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        printed = io.StringIO()
        environ = stack.environ | changes
        console = Console(file=printed, width=80)
        sound = await doctor.examine(environ, console, live=live, resolve=resolve)
        for name in SECRETS:
            assert not environ[name].strip() or environ[name] not in printed.getvalue(), (
                f"{name} was shown"
            )
        return sound, printed.getvalue()

    return look


def graded(text: str, grade: str) -> list[str]:
    return re.findall(rf"^  {grade:<4}  (.*)$", text, re.MULTILINE)


async def test_a_sound_set_up_has_nothing_to_mend(examine: Examine, stack: Stack) -> None:
    sound, text = await examine()

    assert sound
    assert graded(text, "mend") == []
    assert text.endswith("\nNothing has to be mended.\n")
    assert set(NEEDED) < set(graded(text, "ok"))
    assert "pages: the database 'Pages' is shared with the integration" in graded(text, "ok")
    assert f"x-sync-secret: {derived_secret(Secret(stack.secret))}" in text
    assert "whsec_" not in text
    assert f"{stack.url}/api/sync/webhook?key={handshake_key(Secret(stack.secret))}" in text


async def test_the_key_that_signs_our_own_webhook_is_told(examine: Examine, stack: Stack) -> None:
    _, text = await examine(NOTIFY_WEBHOOK_URL="https://hooks.example")

    assert webhook_secret(Secret(stack.secret)) in text


async def test_the_key_that_checks_links_to_previews_is_told_where_there_are_some(
    examine: Examine, stack: Stack
) -> None:
    key = preview_secret(Secret(stack.secret))

    assert key not in (await examine())[1]
    assert key in (await examine(SYNC_PREVIEW="on"))[1]


async def test_nothing_is_left_behind_and_no_run_is_begun(examine: Examine, stack: Stack) -> None:
    await examine()

    headers = {"Authorization": f"Bearer {stack.upstash.token}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        keys = await http.post(stack.upstash.url, json=["KEYS", "*"], headers=headers)
    assert keys.json()["result"] == []
    assert stack.qstash
    assert stack.qstash.messages == []


@pytest.mark.parametrize("name", NEEDED)
async def test_a_missing_variable_is_named_and_the_others_are_looked_at_all_the_same(
    examine: Examine, name: str
) -> None:
    sound, text = await examine(**{name: " "})

    assert not sound
    [line] = graded(text, "mend")
    assert line.startswith(f"{name} is not set: ")
    assert name in " ".join(
        line for line in graded(text, "note") if line.startswith("not looked at")
    )
    assert set(NEEDED) - {name} < set(graded(text, "ok"))


async def test_every_variable_that_is_wrong_is_told_at_once(examine: Examine) -> None:
    wrong = {
        "NOTION_SOURCES": "pages",
        "SYNC_LANES": "9",
        "SYNC_BASE_URL": "sync.example",
        "RESEND_API_KEY": "re_1",
        "KV_REST_API_TOKEN": "",
    }
    sound, text = await examine(**wrong)

    assert not sound
    told = {line.split()[0] for line in graded(text, "mend")}
    assert told == {
        *(
            "NOTION_SOURCES",
            "SYNC_LANES",
            "SYNC_BASE_URL",
            "NOTIFY_EMAIL_FROM",
            "NOTIFY_EMAIL_TO",
            "KV_REST_API_TOKEN",
        )
    }
    assert text.endswith("\n6 to mend, each of which says how.\n")


async def test_without_its_address_the_worker_is_not_looked_at_but_nothing_is_wrong(
    examine: Examine,
) -> None:
    sound, text = await examine(SYNC_BASE_URL="")

    assert sound
    assert any(line.startswith("SYNC_BASE_URL is not set") for line in graded(text, "note"))
    assert "not looked at: SYNC_BASE_URL first" in graded(text, "note")


async def test_a_refused_notion_token_is_told(examine: Examine, stack: Stack) -> None:
    assert stack.notion
    stack.notion.edit.revoke_token(TOKEN)

    sound, text = await examine()

    assert not sound
    [line] = graded(text, "mend")
    assert "set NOTION_TOKEN to the access token of your integration" in line


async def test_a_database_that_is_not_shared_is_named_and_the_others_are_looked_at(
    examine: Examine, stack: Stack
) -> None:
    assert stack.notion
    stack.notion.edit.unshare(POSTS)

    sound, text = await examine()

    assert not sound
    [line] = graded(text, "mend")
    assert line.startswith("source posts: Notion shows no database")
    assert "share the database with the integration" in line
    assert any(line.startswith("pages: the database") for line in graded(text, "ok"))


async def test_an_optional_property_that_is_missing_is_told_with_what_it_does(
    examine: Examine, stack: Stack
) -> None:
    assert stack.notion
    [data_source] = stack.notion.workspace.nodes[PAGES].children
    stack.notion.edit.rename_property(data_source, "order", "Sequence")

    sound, text = await examine()

    assert sound
    [line] = [line for line in graded(text, "note") if line.startswith("pages does without")]
    assert "order (sorts the index)" in line


async def test_a_view_in_the_address_of_a_source_is_ignored_and_that_is_told(
    examine: Examine, stack: Stack
) -> None:
    sources = stack.environ["NOTION_SOURCES"]
    posts = POSTS.replace("-", "")
    pages = f"https://www.notion.so/team/Pages-{PAGES.replace('-', '')}?pvs=4&v={posts}"

    sound, text = await examine(NOTION_SOURCES=f"pages={pages},posts={POSTS}")

    assert sound
    assert "pages: the database 'Pages' is shared with the integration" in graded(text, "ok")
    [line] = [line for line in graded(text, "note") if "?v=" in line]
    assert line.startswith("pages: the view in the address (?v=) is ignored")
    assert "property order" in line
    assert "NOTION_PUBLISHED" in line
    assert "?v=" not in (await examine(NOTION_SOURCES=sources))[1]


async def test_a_property_of_a_type_that_counts_for_nothing_is_told(
    examine: Examine, stack: Stack
) -> None:
    assert stack.notion
    [data_source] = stack.notion.workspace.nodes[PAGES].children
    stack.notion.edit.rename_property(data_source, "visibility", "Shown")
    stack.notion.edit.rename_property(data_source, "date", "visibility")

    sound, text = await examine()

    assert not sound
    [line] = graded(text, "mend")
    assert "the property visibility is of the type date and counts for nothing" in line


async def test_a_notion_that_does_not_answer_is_told(examine: Examine) -> None:
    sound, text = await examine(NOTION_API_URL="http://127.0.0.1:9")

    assert not sound
    assert "Notion could not be reached" in graded(text, "mend")[0]


async def test_a_read_only_kv_token_is_told(examine: Examine, stack: Stack) -> None:
    sound, text = await examine(KV_REST_API_TOKEN=stack.upstash.read_only_token)

    assert not sound
    [line] = graded(text, "mend")
    assert "KV_REST_API_TOKEN" in line
    assert "read-only token" in line


async def test_a_wrong_kv_token_is_told(examine: Examine) -> None:
    sound, text = await examine(KV_REST_API_TOKEN="someone-elses")

    assert not sound
    assert graded(text, "mend")[0].startswith("KV refused the token: set KV_REST_API_TOKEN")


async def test_a_kv_out_of_reach_is_told(examine: Examine) -> None:
    sound, text = await examine(KV_REST_API_URL="http://127.0.0.1:9")

    assert not sound
    assert "check KV_REST_API_URL" in graded(text, "mend")[0]


async def test_a_kv_that_runs_no_scripts_is_told(examine: Examine, stack: Stack) -> None:
    stack.upstash.fail(Fault(how="refused", matching="^EVAL", times=0))

    sound, text = await examine()

    assert not sound
    [line] = graded(text, "mend")
    assert line.startswith("KV runs no scripts")
    assert "a value was written, read and deleted" in graded(text, "ok")


@pytest.mark.parametrize(
    ("matching", "told"), [("^SET", "refused a command"), ("^DEL", "refused a command")]
)
async def test_a_kv_that_refuses_a_step_is_told(
    examine: Examine, stack: Stack, matching: str, told: str
) -> None:
    stack.upstash.fail(Fault(how="refused", matching=matching, times=0))

    sound, text = await examine()

    assert not sound
    assert told in graded(text, "mend")[0]


async def test_a_refused_qstash_token_is_told_with_the_other_region(examine: Examine) -> None:
    sound, text = await examine(QSTASH_TOKEN="someone-elses")

    assert not sound
    [line] = graded(text, "mend")
    assert "refused QSTASH_TOKEN" in line
    assert "https://qstash-us-east-1.upstash.io" in line


async def test_keys_that_are_not_the_accounts_are_told_with_what_may_have_happened(
    examine: Examine, stack: Stack
) -> None:
    assert stack.qstash
    current, following = stack.qstash.current_signing_key, stack.qstash.next_signing_key

    _, swapped = await examine(
        QSTASH_CURRENT_SIGNING_KEY=following, QSTASH_NEXT_SIGNING_KEY=current
    )
    _, rolled = await examine(
        QSTASH_CURRENT_SIGNING_KEY="sig_before_it", QSTASH_NEXT_SIGNING_KEY=current
    )
    _, strange = await examine(QSTASH_NEXT_SIGNING_KEY="sig_of_someone_else")

    assert "they are the wrong way round" in graded(swapped, "mend")[0]
    assert "the keys were rolled since" in graded(rolled, "mend")[0]
    assert graded(strange, "mend")[0].startswith("QSTASH_NEXT_SIGNING_KEY is not the account's key")


async def test_what_is_not_qstash_is_told(examine: Examine, stack: Stack) -> None:
    _, nobody = await examine(QSTASH_URL="http://127.0.0.1:9")
    _, other = await examine(QSTASH_URL=stack.url)

    assert "check QSTASH_URL" in graded(nobody, "mend")[0]
    assert "check QSTASH_URL" in graded(other, "mend")[0]


async def test_the_worker_behind_the_public_address_knows_both_keys(
    examine: Examine, stack: Stack
) -> None:
    _, text = await examine()

    assert [line for line in graded(text, "ok") if "signature" in line or "not signed" in line] == [
        f"{stack.url}/api/sync/worker refuses what is not signed",
        "it knows QStash's signature, made with the current key",
        "it knows QStash's signature, made with the next key",
    ]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("QSTASH_NEXT_SIGNING_KEY", "sig_" + "0" * 28, "with the next key"),
        ("CRON_SECRET", "another secret than here", "its CRON_SECRET is another one than here"),
        (
            "SYNC_BASE_URL",
            "https://elsewhere.example",
            "it is for another address than https://elsewhere.example",
        ),
    ],
)
async def test_a_deployment_with_other_settings_is_told(
    examine: Examine, stack: Stack, name: str, value: str, told: str
) -> None:
    stack.set(name, value)
    try:
        sound, text = await examine()
    finally:
        stack.set(name, stack.environ[name])

    assert not sound
    [line] = graded(text, "mend")
    assert told in line
    assert "deploy again" in line


@pytest.mark.parametrize(
    ("name", "not_looked_at"),
    [
        ("KV_REST_API_URL", "not looked at: KV_REST_API_URL first"),
        ("QSTASH_URL", "not looked at: QSTASH_URL first"),
        ("SYNC_BASE_URL", "not looked at: SYNC_BASE_URL first"),
        ("NOTION_API_URL", "not looked at: NOTION_API_URL first"),
    ],
)
async def test_a_host_that_is_gone_is_told_once_in_place_of_all_that_does_not_work(
    examine: Examine, name: str, not_looked_at: str
) -> None:
    sound, text = await examine(gone=frozenset({"gone.example"}), **{name: "https://gone.example"})

    assert not sound
    [line] = [line for line in graded(text, "mend") if not line.startswith("QStash can't reach")]
    assert line.startswith(f"{name} names a host that does not exist (any more): ")
    assert not_looked_at in graded(text, "note")


async def test_a_name_server_out_of_reach_says_nothing_of_a_host(environ: Environ) -> None:
    async def resolve(host: str) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    assert await hosts.find_gone(variables.examine(environ).config, environ, (), resolve) == {}


async def test_notions_used_up_minute_is_a_note_and_no_fault(
    examine: Examine, stack: Stack
) -> None:
    assert stack.notion
    stack.notion.faults.add("429", seconds=40.0, times=100)

    sound, text = await examine()

    assert sound
    assert graded(text, "mend") == []
    [line] = [line for line in graded(text, "note") if "used up" in line]
    assert re.search(r"Run this again in \d+ s$", line)


async def test_without_being_asked_for_no_notice_goes_out(examine: Examine) -> None:
    with Listener() as listener:
        await examine(
            SLACK_WEBHOOK_URL=f"{listener.url}/slack", REVALIDATE_URL=f"{listener.url}/site"
        )

        assert listener.heard(taken=False) == []


async def test_where_nobody_is_to_be_told_that_is_said(examine: Examine) -> None:
    sound, text = await examine(live=True)

    assert sound
    assert "no test notice was sent, for no channel is set up" in graded(text, "note")


@pytest.mark.parametrize("secret", ["~", "fifteen letters", "秘密の鍵は十六文字より長いものとする"])
async def test_c6_a_secret_that_can_be_guessed_is_to_be_mended(
    examine: Examine, secret: str
) -> None:
    sound, text = await examine(CRON_SECRET=secret)

    assert not sound
    assert graded(text, "mend")[0].startswith("CRON_SECRET must be 16 or more printable characters")
    assert "openssl rand -hex 32" in graded(text, "mend")[0]
    assert "x-sync-secret:" not in text
    assert "webhook?key=" not in text


async def test_a_deployment_that_lacks_a_variable_is_told(examine: Examine, stack: Stack) -> None:
    stack.set("NOTION_TOKEN", "")
    try:
        _, text = await examine()
    finally:
        stack.set("NOTION_TOKEN", stack.environ["NOTION_TOKEN"])

    [line] = graded(text, "mend")
    assert line.startswith("the deployment says: NOTION_TOKEN is not set")


async def test_an_address_where_nothing_is_deployed_is_told(examine: Examine) -> None:
    sound, text = await examine(SYNC_BASE_URL="http://127.0.0.1:9")

    assert not sound
    assert graded(text, "mend")[0].startswith(
        "nothing answers at http://127.0.0.1:9/api/sync/worker"
    )


async def test_an_address_that_qstash_cannot_reach_is_told(examine: Examine) -> None:
    _, text = await examine(QSTASH_URL="http://qstash.invalid")

    assert any(line.startswith("QStash can't reach") for line in graded(text, "mend"))


LOG_IN = "<!doctype html><title>Authentication Required</title>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "told"),
    [
        (401, {}, LOG_IN, "Vercel's deployment protection answers"),
        (
            302,
            {"Location": "https://vercel.com/sso-api?url=x"},
            "",
            "Vercel's deployment protection answers",
        ),
        (
            308,
            {"Location": "https://www.example.com/api/sync/worker"},
            "",
            "redirects to www.example.com",
        ),
        (404, {"x-vercel-error": "NOT_FOUND"}, "NOT_FOUND", "answered 404"),
        (
            500,
            {"x-vercel-error": "FUNCTION_INVOCATION_FAILED"},
            "FUNCTION_INVOCATION_FAILED",
            "Vercel's logs tell",
        ),
        (400, {}, '{"error": "The body is not JSON"}', "takes messages that nobody signed"),
    ],
)
async def test_what_stands_in_the_workers_place_is_told(
    examine: Examine, status: int, headers: Environ, body: str, told: str
) -> None:
    with answering(status, headers, body) as (url, _):
        sound, text = await examine(SYNC_BASE_URL=url)

    assert not sound
    [line] = graded(text, "mend")
    assert told in line


async def test_the_bypass_secret_goes_along_and_its_refusal_is_told(examine: Examine) -> None:
    with answering(401, {}, LOG_IN) as (url, requests):
        _, text = await examine(SYNC_BASE_URL=url, VERCEL_AUTOMATION_BYPASS_SECRET="open-sesame")

    assert requests[0].headers["x-vercel-protection-bypass"] == "open-sesame"
    assert "copy VERCEL_AUTOMATION_BYPASS_SECRET from Vercel again" in graded(text, "mend")[0]
    assert "open-sesame" not in text


def test_the_command_reads_the_files_and_the_environment_above_them(
    stack: Stack, tmp_path: Path
) -> None:
    ours = {
        name: value
        for name, value in stack.environ.items()
        if name not in ("CRON_SECRET", "QSTASH_TOKEN")
    }
    lines = [f'{name}="{value}"' for name, value in ours.items()]
    (tmp_path / ".env").write_text(
        "\n".join([*lines, f"CRON_SECRET={stack.secret}", "QSTASH_TOKEN=old"])
    )
    (tmp_path / ".env.local").write_text(
        f"export QSTASH_TOKEN='{stack.environ['QSTASH_TOKEN']}'  # the right one\n"
    )

    def run(**environ: str) -> subprocess.CompletedProcess[str]:
        clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "dev", "doctor"]
        return subprocess.run(
            command, cwd=tmp_path, env=clean | environ, capture_output=True, text=True, timeout=60
        )

    sound, broken = run(), run(CRON_SECRET="")
    assert (sound.returncode, sound.stderr) == (0, "")
    assert graded(sound.stdout, "mend") == []
    assert broken.returncode == 1
    assert graded(broken.stdout, "mend")[0].startswith("CRON_SECRET is not set")
    assert "\x1b" not in sound.stdout


async def test_rows_that_do_not_say_whether_they_are_published_are_counted(
    examine: Examine,
) -> None:
    sound, text = await examine()

    assert sound
    [line] = [
        line for line in graded(text, "note") if "do not say whether they are published" in line
    ]
    assert line.startswith("pages: of 12 rows, 1 do not say")
    assert "Soon" in line


ONLY_PAGES = {"NOTION_SOURCES": f"pages={PAGES}"}


async def test_a_rule_of_ones_own_that_names_what_is_there_is_sound(examine: Examine) -> None:
    sound, text = await examine(**ONLY_PAGES, NOTION_PUBLISHED="status: Done, Writing")

    assert sound
    assert 'pages: the property "status" says which rows are published' in graded(text, "ok")
    assert "visibility" not in text


async def test_a_property_of_the_rule_that_a_source_does_not_have_is_told(examine: Examine) -> None:
    sound, text = await examine(NOTION_PUBLISHED="Status: Done")

    assert not sound
    [line] = graded(text, "mend")
    assert line.startswith(
        'posts: no property is named "Status"; by NOTION_PUBLISHED none of its rows is published'
    )


async def test_a_property_without_words_is_told(examine: Examine) -> None:
    sound, text = await examine(**ONLY_PAGES, NOTION_PUBLISHED="Volunteers: yes")

    assert not sound
    [line] = graded(text, "mend")
    assert 'pages: the property "Volunteers" is of the type people, which has no words' in line


@pytest.mark.parametrize(
    ("rule", "grade", "told"),
    [
        (
            "Status: Done, Ready",
            "note",
            'the property "Status" never says "Ready"; what it can say: "Idea", "Writing"',
        ),
        (
            "Status: Ready",
            "mend",
            'the property "Status" never says "Ready"; what it can say: "Idea", "Writing"',
        ),
        (
            "Step-free: true",
            "mend",
            'the property "Step-free" never says "true"; what it can say: "yes", "no"',
        ),
    ],
)
async def test_a_word_that_a_property_never_says_is_told(
    examine: Examine, rule: str, grade: str, told: str
) -> None:
    sound, text = await examine(**ONLY_PAGES, NOTION_PUBLISHED=rule)

    assert sound is (grade == "note")
    [line] = [line for line in graded(text, grade) if "never says" in line]
    assert told in line


async def test_a_date_that_says_when_is_looked_for_and_another_property_of_its_name_is_told(
    examine: Examine, stack: Stack
) -> None:
    assert stack.notion
    [data_source] = stack.notion.workspace.nodes[PAGES].children
    stack.notion.edit.rename_property(data_source, "Step-free", "Publish")

    _, text = await examine(**ONLY_PAGES)
    assert (
        "the property publish is of the type checkbox and counts for nothing"
        in graded(text, "mend")[0]
    )

    sound, text = await examine(**ONLY_PAGES, NOTION_PUBLISHED="Publish: yes")
    assert sound
    assert 'pages: the property "Publish" says which rows are published' in graded(text, "ok")


@pytest.mark.parametrize(
    ("changes", "grade", "told"),
    [
        ({}, "ok", "addresses of files are signed with this CRON_SECRET"),
        (
            {"CRON_SECRET": "another secret than before"},
            "mend",
            "set CRON_SECRET_PREVIOUS to the one before",
        ),
        (
            {"CRON_SECRET": "another secret than before", "CRON_SECRET_PREVIOUS": "{secret}"},
            "note",
            "signed with CRON_SECRET_PREVIOUS. Ask for a sync with ?force=1",
        ),
    ],
)
async def test_addresses_of_files_that_another_secret_signed_are_told(
    examine: Examine, stack: Stack, changes: Environ, grade: str, told: str
) -> None:
    Site.of(stack).sync()

    _, text = await examine(
        **{name: value.format(secret=stack.secret) for name, value in changes.items()}
    )

    assert [line for line in graded(text, grade) if told in line]


async def test_addresses_of_an_older_format_are_told(examine: Examine, stack: Stack) -> None:
    site = Site.of(stack)
    site.sync()
    for key in site.site_keys():
        text = site.command("GET", key)
        site.command("SET", key, re.sub(r"&mac=\w+", "", text))

    _, text = await examine()

    assert [
        line for line in graded(text, "note") if "addresses of files are of an older format" in line
    ]
