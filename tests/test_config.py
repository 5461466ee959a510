import json
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import msgspec
import pytest

from lib.config import (
    MEDIA_SETTINGS,
    NOTION_SETTINGS,
    OWNER_SETTINGS,
    QSTASH_SETTINGS,
    Config,
    read_settings,
    secrets_of,
)
from lib.errors import Misconfigured
from lib.secret import Secret, derived_secret

Environ = dict[str, str]

NEEDED = [
    "NOTION_TOKEN",
    "NOTION_SOURCES",
    "CRON_SECRET",
    "QSTASH_TOKEN",
    "QSTASH_CURRENT_SIGNING_KEY",
    "QSTASH_NEXT_SIGNING_KEY",
    "KV_REST_API_URL",
    "KV_REST_API_TOKEN",
    "SYNC_BASE_URL",
]


def refusal(environ: Environ) -> str:
    with pytest.raises(Misconfigured) as caught:
        Config.read(environ)
    return str(caught.value)


def plain(config: Config) -> list[object]:
    """A config with its secrets laid open, so that two can be compared."""
    return [
        value.reveal() if isinstance(value, Secret) else value
        for value in msgspec.structs.astuple(config)
    ]


def test_what_is_needed_is_enough_and_the_rest_has_its_defaults(environ: Environ) -> None:
    config = Config.read(environ)
    assert config.sources == {
        "pages": "11111111-2222-3333-4444-555555555555",
        "posts": "66666666-7777-8888-9999-aaaaaaaaaaaa",
    }
    assert config.notion_token.reveal() == "ntn_4711"
    assert config.qstash_url == "https://qstash.upstash.io"
    assert config.notion_api_url == "https://api.notion.com"
    assert (config.lanes, config.retries, config.slice_seconds) == (1, 2, None)
    assert (config.kv_prefix, config.kv_max_value_bytes) == ("", 8_000_000)
    assert config.notion_requests_per_minute == 180
    assert config.notify_on == "change"
    assert (
        config.slack_webhook_url is config.blob_read_write_token is config.protection_bypass is None
    )


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_a_needed_setting_that_is_missing_or_blank_is_named_with_its_remedy(
    environ: Environ, name: str, value: str | None
) -> None:
    del environ[name]
    if value is not None:
        environ[name] = value
    assert refusal(environ).startswith(f"{name} is not set: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOTION_TOKEN", "pasted with blanks"),
        ("NOTION_TOKEN", "ntn_café"),
        ("QSTASH_URL", "qstash.upstash.io"),
        ("QSTASH_URL", "ftp://qstash.upstash.io"),
        ("KV_REST_API_URL", "redis://default:pw@kv.example:6379"),
        ("KV_REST_API_URL", "https://kv.example:port"),
        ("KV_REST_API_URL", "https://[kv.example"),
        ("KV_REST_API_TOKEN", "two words"),
        ("SYNC_BASE_URL", "sync.example"),
        ("SYNC_BASE_URL", "https://sync.example?x=private"),
        ("SYNC_BASE_URL", "https://sync.exa mple"),
        ("SYNC_SLICE_SECONDS", "soon"),
        ("SYNC_LANES", "٣"),
        ("NOTIFY_EMAIL_FROM", "nobody"),
        ("NOTIFY_EMAIL_FROM", "a\x00@x.example"),
        ("NOTIFY_EMAIL_TO", "a@x.example,nobody"),
        ("BLOB_READ_WRITE_TOKEN", "vercel_blob_rw_short"),
        ("SYNC_SLICE_SECONDS", "-30"),
        ("SYNC_SLICE_SECONDS", "0.0"),
        ("SYNC_SLICE_SECONDS", "nan"),
        ("SYNC_SLICE_SECONDS", "inf"),
        ("SYNC_LANES", "0"),
        ("SYNC_LANES", "9"),
        ("SYNC_LANES", "1.5"),
        ("SYNC_LANES", "²"),
        ("SYNC_RETRIES", "-1"),
        ("KV_PREFIX", "my site:"),
        ("KV_PREFIX", "site\x7f:"),
        ("KV_MAX_VALUE_BYTES", "12"),
        ("NOTION_API_URL", "api.notion.com"),
        ("NOTION_FILE_HOSTS", "https://files.example"),
        ("NOTION_FILE_HOSTS", ",,"),
        ("NOTION_FILE_HOSTS", "Files.example"),
        ("NOTION_REQUESTS_PER_MINUTE", "0"),
        ("NOTIFY_ON", "never"),
        ("SLACK_WEBHOOK_URL", "hooks.slack.com/services/private"),
        ("NOTIFY_WEBHOOK_URL", "http://"),
        ("REVALIDATE_URL", "/api/revalidate"),
        ("SYNC_BASE_URL", "https://sync..example"),
        ("SYNC_BASE_URL", "https://\u2603\u2603\u200b.\u3002.example"),
        ("SYNC_BASE_URL", f"https://{'a' * 64}.example"),
        ("SYNC_BASE_URL", f"https://{'ü' * 60}.example"),
        ("SYNC_BASE_URL", f"https://{'a.' * 130}example"),
        ("SYNC_BASE_URL", "https://sync<example>.example"),
        ("SYNC_BASE_URL", "https://m\udcfcller.example"),
        ("NOTIFY_WEBHOOK_URL", "https://hooks.example/m\udcfcller"),
        ("QSTASH_URL", "https://xn--ü.example"),
        ("KV_PREFIX", "page:"),
        ("KV_PREFIX", "page:site:"),
        ("KV_PREFIX", "sync:run:"),
        ("KV_PREFIX", "db:"),
        ("KV_PREFIX", "doc:"),
        ("KV_PREFIX", "preview:"),
        ("KV_PREFIX", "redirects:"),
        ("KV_PREFIX", "pages:index:"),
    ],
)
def test_a_malformed_setting_is_named_and_its_value_never_shown(
    environ: Environ, name: str, value: str
) -> None:
    email = {
        "RESEND_API_KEY": "re_1",
        "NOTIFY_EMAIL_FROM": "a@x.example",
        "NOTIFY_EMAIL_TO": "a@x.example",
    }
    message = refusal(environ | (email if name in email else {}) | {name: value})
    assert message.startswith(f"{name} must be ")
    assert "None" not in message
    assert value not in message
    assert "private" not in message


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SYNC_LANES", "9", "from 1 to 8"),
        ("SYNC_RETRIES", "-1", "of at least 0"),
        ("KV_MAX_VALUE_BYTES", "999", "of at least 1000"),
        ("NOTION_REQUESTS_PER_MINUTE", "0", "of at least 1"),
        ("NOTIFY_ON", "never", "one of: change, always"),
    ],
)
def test_a_setting_out_of_bounds_is_told_its_bounds(
    environ: Environ, name: str, value: str, allowed: str
) -> None:
    assert allowed in refusal(environ | {name: value})


def test_the_bounds_themselves_are_allowed(environ: Environ) -> None:
    least = {
        "SYNC_LANES": "1",
        "SYNC_RETRIES": "0",
        "KV_MAX_VALUE_BYTES": "1000",
        "NOTION_REQUESTS_PER_MINUTE": "1",
    }
    config = Config.read(environ | least | {"SYNC_SLICE_SECONDS": "0.5", "NOTIFY_ON": "always"})
    assert (config.lanes, config.retries, config.kv_max_value_bytes) == (1, 0, 1000)
    assert (config.notion_requests_per_minute, config.slice_seconds, config.notify_on) == (
        1,
        0.5,
        "always",
    )
    assert Config.read(environ | {"SYNC_LANES": "8"}).lanes == 8


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://müller.example", "https://xn--mller-kva.example"),
        ("HTTPS://Müller.Example:8443/bröd/", "https://xn--mller-kva.example:8443/br%C3%B6d"),
        ("https://mu\u0308ller.example", "https://xn--mller-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://例え.テスト", "https://xn--r8jz45g.xn--zckzah"),
        (
            "https://jürgen:schlüssel@bäckerei.example",
            "https://j%C3%BCrgen:schl%C3%BCssel@xn--bckerei-5wa.example",
        ),
        ("https://sync.example/brö d%20/%C3%A9", None),
        ("https://sync.example/br%C3%B6d/é", "https://sync.example/br%C3%B6d/%C3%A9"),
        ("https://xn--mller-kva.example", "https://xn--mller-kva.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://my_host:3000", "http://my_host:3000"),
        ("https://sync.example.", "https://sync.example."),
    ],
)
def test_an_address_goes_out_in_ascii(environ: Environ, written: str, sent: str | None) -> None:
    if sent is None:
        assert refusal(environ | {"SYNC_BASE_URL": written}).startswith(
            "SYNC_BASE_URL must be an address"
        )
        return
    assert Config.read(environ | {"SYNC_BASE_URL": written}).base_url == sent
    httpx.Request("GET", sent)


def test_every_address_goes_out_in_ascii(environ: Environ) -> None:
    names = [
        "QSTASH_URL",
        "KV_REST_API_URL",
        "NOTION_API_URL",
        "VERCEL_BLOB_API_URL",
        "REVALIDATE_URL",
    ]
    secret = ["SLACK_WEBHOOK_URL", "NOTIFY_WEBHOOK_URL"]
    config = Config.read(
        environ | dict.fromkeys([*names, *secret], "https://bäckerei.example/brot")
    )
    given = [
        config.qstash_url,
        config.kv_url,
        config.notion_api_url,
        config.blob_api_url,
        config.revalidate_url,
    ]
    given += [
        address.reveal()
        for address in (config.slack_webhook_url, config.notify_webhook_url)
        if address
    ]
    assert given == ["https://xn--bckerei-5wa.example/brot"] * 7


def test_the_query_of_an_address_goes_out_in_ascii_too(environ: Environ) -> None:
    config = Config.read(
        environ | {"REVALIDATE_URL": "https://bakery.example/r?place=Köln&all=a%20b#ende"}
    )
    assert config.revalidate_url == "https://bakery.example/r?place=K%C3%B6ln&all=a%20b#ende"


def test_vercels_own_address_goes_out_in_ascii(environ: Environ) -> None:
    del environ["SYNC_BASE_URL"]
    assert (
        Config.read(environ | {"VERCEL_URL": "bäckerei.example"}).base_url
        == "https://xn--bckerei-5wa.example"
    )


@pytest.mark.parametrize(
    "prefix", ["site:", "page", "pages:", "my-page:", "pages:indexes:", "sync"]
)
def test_a_prefix_that_no_key_of_ours_begins_with_is_free(environ: Environ, prefix: str) -> None:
    assert Config.read(environ | {"KV_PREFIX": prefix}).kv_prefix == prefix


def test_c11_a_prefix_that_is_taken_is_refused_with_what_it_collides_with(environ: Environ) -> None:
    message = refusal(environ | {"KV_PREFIX": "page:mine:"})
    assert message.startswith("KV_PREFIX must be another word")
    assert "page" in message


def test_file_hosts_are_divided_by_commas_and_end_without_a_slash(environ: Environ) -> None:
    config = Config.read(environ | {"NOTION_FILE_HOSTS": "127.0.0.1:4001/files/, files.example,"})
    assert config.notion_file_hosts == ("127.0.0.1:4001/files", "files.example")


@pytest.mark.parametrize(
    ("sources", "hint"),
    [
        ("11111111222233334444555555555555", "entry 1"),
        ("pages=ntn_1234private", "pages is followed by neither"),
        ("pages=", "entry 1"),
        ("Pages=11111111222233334444555555555555", "entry 1"),
        ("-a=11111111222233334444555555555555", "entry 1"),
        *(
            (f"{name}=11111111222233334444555555555555", "are taken")
            for name in ("page", "db", "sync", "redirects", "paths", "doc", "preview")
        ),
        (
            "a=11111111222233334444555555555555,a=66666666777788889999aaaaaaaaaaaa",
            "entry 2 repeats",
        ),
        (
            "a=11111111222233334444555555555555,b=11111111-2222-3333-4444-555555555555",
            "entry 2 repeats",
        ),
        (",", "empty"),
    ],
)
def test_a_malformed_source_is_pointed_out_without_its_text(
    environ: Environ, sources: str, hint: str
) -> None:
    message = refusal(environ | {"NOTION_SOURCES": sources})
    assert message.startswith("NOTION_SOURCES must be ")
    assert hint in message
    assert "1111" not in message
    assert "private" not in message


NOTION = "https://www.notion.so/team/"
ONE, TWO = "11111111222233334444555555555555", "66666666777788889999aaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("sources", "seen"),
    [
        (f"pages={ONE};posts={TWO}", "a semicolon"),
        (f"pages={NOTION}{ONE};posts={NOTION}{TWO}", "a semicolon"),
        (f"pages={NOTION}{ONE}\nposts={NOTION}{TWO}", "a line break"),
        (f"pages={ONE} posts={TWO}", "a blank"),
        (f"pages={ONE} | posts={TWO}", "a bar"),
    ],
)
def test_sources_that_are_divided_by_something_else_than_commas_are_told_what(
    environ: Environ, sources: str, seen: str
) -> None:
    assert refusal(environ | {"NOTION_SOURCES": sources}) == (
        f"NOTION_SOURCES must be divided by commas; after entry 1 stands {seen}: write it as in"
        " pages=<address of a Notion database>,posts=<address of another>"
    )


def test_a_colon_between_a_source_and_its_database_is_told(environ: Environ) -> None:
    assert refusal(environ | {"NOTION_SOURCES": f"pages={ONE},posts: {TWO}"}) == (
        "NOTION_SOURCES must be of entries such as name=<database>; entry 2 has a colon for the"
        " equals sign: write it as in pages=<address of a Notion database>,posts=<address of"
        " another>"
    )


@pytest.mark.parametrize("quotes", ['""', "''", "``", "“”", "„“"])
@pytest.mark.parametrize("name", ["NOTION_TOKEN", "CRON_SECRET", "KV_REST_API_URL", "SYNC_LANES"])
def test_quotes_around_a_value_are_told(environ: Environ, name: str, quotes: str) -> None:
    value = environ.get(name, "2")
    assert refusal(environ | {name: f"{quotes[0]}{value}{quotes[1]}"}) == (
        f"{name} must be without quotes around it: take them away, for Vercel counts them as part"
        " of the value"
    )


def test_quotes_inside_a_value_are_part_of_it(environ: Environ) -> None:
    config = Config.read(environ | {"NOTION_PUBLISHED": 'Is "it" done: "yes"'})
    assert config.published_words == ('"yes"',)


@pytest.mark.parametrize("scheme", ["redis", "rediss", "REDISS"])
def test_the_address_for_redis_clients_in_place_of_kvs_is_told(
    environ: Environ, scheme: str
) -> None:
    message = refusal(environ | {"KV_REST_API_URL": f"{scheme}://default:private@kv.example:6379"})
    assert message == (
        "KV_REST_API_URL must be the address of the REST API, and not that for Redis clients"
        " (rediss://): copy the one that begins with https:// from the same store"
    )


def test_a_source_may_be_a_notion_address_with_a_query(environ: Environ) -> None:
    address = "https://www.notion.so/team/Blog-11111111222233334444555555555555?v=66666666777788889999aaaaaaaaaaaa&pvs=4"
    config = Config.read(environ | {"NOTION_SOURCES": f" blog_2 = {address} ,"})
    assert config.sources == {"blog_2": "11111111-2222-3333-4444-555555555555"}


def test_blanks_around_a_value_do_not_count(environ: Environ) -> None:
    config = Config.read({name: f" {value}\n" for name, value in environ.items()})
    assert plain(config) == plain(Config.read(environ))


@pytest.mark.parametrize(
    "half", [{}, {"KV_REST_API_URL": "https://half.example"}, {"KV_REST_API_TOKEN": "half"}]
)
def test_upstashs_own_names_serve_where_vercels_are_absent_or_not_whole(
    environ: Environ, half: Environ
) -> None:
    del environ["KV_REST_API_URL"], environ["KV_REST_API_TOKEN"]
    upstash = {
        "UPSTASH_REDIS_REST_URL": "https://redis.example/",
        "UPSTASH_REDIS_REST_TOKEN": "theirs",
    }
    config = Config.read(environ | upstash | half)
    assert (config.kv_url, config.kv_token.reveal()) == ("https://redis.example", "theirs")


@pytest.mark.parametrize(
    ("half", "missing"),
    [
        ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"),
        ("UPSTASH_REDIS_REST_TOKEN", "UPSTASH_REDIS_REST_URL"),
    ],
)
def test_of_a_pair_that_was_begun_the_other_half_is_named(
    environ: Environ, half: str, missing: str
) -> None:
    del environ["KV_REST_API_URL"], environ["KV_REST_API_TOKEN"]
    assert refusal(environ | {half: "https://redis.example"}).startswith(f"{missing} is not set")


def test_the_read_only_token_never_serves(environ: Environ) -> None:
    del environ["KV_REST_API_TOKEN"]
    assert "KV_REST_API_TOKEN is not set" in refusal(
        environ | {"KV_REST_API_READ_ONLY_TOKEN": "reader"}
    )


@pytest.mark.parametrize(
    ("surroundings", "address"),
    [
        ({"SYNC_BASE_URL": "https://mine.example/"}, "https://mine.example"),
        ({"VERCEL_ENV": "production"}, "https://site.example"),
        ({"VERCEL_ENV": "preview"}, "https://site-git-branch.vercel.app"),
        (
            {"VERCEL_ENV": "production", "VERCEL_PROJECT_PRODUCTION_URL": ""},
            "https://site-git-branch.vercel.app",
        ),
    ],
)
def test_the_public_address_is_the_owners_then_productions_then_the_deployments(
    environ: Environ, surroundings: Environ, address: str
) -> None:
    del environ["SYNC_BASE_URL"]
    vercel = {
        "VERCEL_URL": "site-git-branch.vercel.app",
        "VERCEL_PROJECT_PRODUCTION_URL": "site.example",
    }
    config = Config.read(environ | vercel | surroundings)
    assert config.base_url == address
    assert config.address("/api/sync/worker") == f"{address}/api/sync/worker"


def test_email_needs_all_three_of_its_settings(environ: Environ) -> None:
    whole = {
        "RESEND_API_KEY": "re_1",
        "NOTIFY_EMAIL_FROM": "Sync <s@x.example>",
        "NOTIFY_EMAIL_TO": "a@x.example, b@x.example",
    }
    config = Config.read(environ | whole)
    assert config.resend_api_key is not None
    assert config.resend_api_key.reveal() == "re_1"
    assert config.notify_email_from == "Sync <s@x.example>"
    assert config.notify_email_to == ("a@x.example", "b@x.example")
    for name in whole:
        assert refusal(environ | whole | {name: ""}).startswith(f"{name} is not set: e-mail needs")


def test_a_secret_hides_itself(environ: Environ) -> None:
    config = Config.read(environ)
    shown = f"{config!r} {config} {config.cron_secret} {[config.notion_token]}"
    assert not [secret.reveal() for secret in config.secrets if secret.reveal() in shown]
    with pytest.raises(TypeError):
        json.dumps({"secret": config.cron_secret})
    with pytest.raises(TypeError):
        msgspec.json.encode(config)


@pytest.mark.parametrize(
    "secret",
    [
        "~",
        "fifteen letters",
        "x" * 15,
        "pässwörter-lang-genug",
        "秘密の鍵は十六文字より長いものとする",
        "tab\tinside-a-secret-of-mine",
    ],
)
@pytest.mark.parametrize("name", ["CRON_SECRET", "CRON_SECRET_PREVIOUS"])
def test_c6_a_secret_that_can_be_guessed_or_not_be_sent_counts_as_missing(
    environ: Environ, name: str, secret: str
) -> None:
    message = refusal(environ | {name: secret})
    assert message.startswith(f"{name} must be 16 or more")
    assert "openssl rand -hex 32" in message
    assert secret not in message


def test_c6_a_secret_of_sixteen_characters_is_taken(environ: Environ) -> None:
    config = Config.read(
        environ | {"CRON_SECRET": "sixteen letters!", "CRON_SECRET_PREVIOUS": "x" * 16}
    )
    assert config.cron_secret.reveal() == "sixteen letters!"
    assert config.previous_secret is not None
    assert config.previous_secret.reveal() == "x" * 16
    assert Config.read(environ).previous_secret is None


def test_c7_a_setting_that_is_not_asked_for_is_not_looked_at(environ: Environ) -> None:
    wrong = {
        "SLACK_WEBHOOK_URL": "no address",
        "NOTION_SOURCES": "no sources",
        "SYNC_LANES": "99",
        "QSTASH_TOKEN": "",
    }
    config = Config.read(environ | wrong, only=MEDIA_SETTINGS)
    assert config.cron_secret.reveal() == environ["CRON_SECRET"]
    assert config.kv_url == environ["KV_REST_API_URL"]
    with pytest.raises(Misconfigured, match="NOTION_TOKEN"):
        Config.read(environ | wrong | {"NOTION_TOKEN": ""}, only=MEDIA_SETTINGS)


def test_c7_what_an_address_reads_are_settings_that_there_are(environ: Environ) -> None:
    for settings in (OWNER_SETTINGS, QSTASH_SETTINGS, NOTION_SETTINGS, MEDIA_SETTINGS):
        assert settings <= set(example()) | {
            "VERCEL_ENV",
            "VERCEL_PROJECT_PRODUCTION_URL",
            "VERCEL_URL",
        } | {
            "UPSTASH_REDIS_REST_URL",
            "UPSTASH_REDIS_REST_TOKEN",
        }


def test_every_secret_is_among_the_secrets(environ: Environ) -> None:
    hidden = {
        "NOTION_WEBHOOK_TOKEN": "hidden-1",
        "SLACK_WEBHOOK_URL": "https://hooks.example/hidden-2",
        "NOTIFY_WEBHOOK_URL": "http://127.0.0.1:9/hidden-3",
        "REVALIDATE_SECRET": "hidden-4",
        "BLOB_READ_WRITE_TOKEN": "vercel_blob_rw_store_hidden-5",
        "VERCEL_AUTOMATION_BYPASS_SECRET": "hidden-6",
        "CRON_SECRET_PREVIOUS": "hidden-7-of-long-ago",
    }
    secrets = {secret.reveal() for secret in Config.read(environ | hidden).secrets}
    assert secrets >= set(hidden.values())
    assert secrets >= {
        value
        for name, value in environ.items()
        if "TOKEN" in name or "KEY" in name or "SECRET" in name
    }


def test_every_secret_setting_is_hidden_before_it_is_read_and_where_it_is_malformed(
    environ: Environ,
) -> None:
    secret = {name for name in example() if re.search("TOKEN|SECRET|KEY|WEBHOOK_URL", name)}
    wrong = {name: f"{name.lower()} of blanks" for name in secret}
    hidden = {value.reveal() for value in secrets_of(wrong)}
    assert hidden >= set(wrong.values())
    assert derived_secret(Secret(wrong["CRON_SECRET"])) in hidden
    assert secrets_of({"CRON_SECRET": "short", "NOTION_TOKEN": " "}) == ()


class Watched(Mapping[str, str]):
    """An environment that notes which variables were asked for."""

    def __init__(self, variables: Environ) -> None:
        self._variables, self.asked = variables, set[str]()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def example() -> Environ:
    """The lines of .env.example."""
    lines = (Path(__file__).parent.parent / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_example_names_every_variable_that_is_read(environ: Environ) -> None:
    asked = set()
    for changes in (
        {},
        {"SYNC_BASE_URL": "", "VERCEL_URL": "x.example"},
        {"RESEND_API_KEY": "re_1", "NOTIFY_EMAIL_FROM": "a@b", "NOTIFY_EMAIL_TO": "a@b"},
    ):
        watched = Watched(environ | changes)
        Config.read(watched)
        asked |= watched.asked
    others = {"VERCEL_ENV", "VERCEL_URL", "VERCEL_PROJECT_PRODUCTION_URL"}
    others |= {"UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"}
    assert asked - others == set(example())


def test_the_examples_defaults_are_the_defaults(environ: Environ) -> None:
    assert plain(Config.read(example() | environ)) == plain(Config.read(environ))


def test_every_setting_that_is_wrong_is_known_at_once_with_its_remedy(environ: Environ) -> None:
    wrong = {
        "NOTION_TOKEN": "",
        "NOTION_SOURCES": "pages=ntn_private",
        "SYNC_BASE_URL": "sync.example",
        "SYNC_LANES": "9",
        "RESEND_API_KEY": "re_1",
    }
    settings = read_settings(environ | wrong)

    assert [(problem.name, problem.problem.split()[:2]) for problem in settings.problems] == [
        ("NOTIFY_EMAIL_FROM", ["is", "not"]),
        ("NOTIFY_EMAIL_TO", ["is", "not"]),
        ("NOTION_TOKEN", ["is", "not"]),
        ("NOTION_SOURCES", ["must", "be"]),
        ("SYNC_BASE_URL", ["must", "be"]),
        ("SYNC_LANES", ["must", "be"]),
    ]
    remedies = {problem.name: problem.remedy for problem in settings.problems}
    assert "create an integration" in remedies["NOTION_TOKEN"]
    assert "as in pages=<address of a Notion database>" in remedies["NOTION_SOURCES"]
    assert remedies["SYNC_LANES"] == "correct it, or remove it"
    assert "private" not in str(settings.problems)


def test_what_is_right_is_usable_beside_what_is_wrong(environ: Environ) -> None:
    settings = read_settings(environ | {"NOTION_TOKEN": "", "SYNC_LANES": "9"})

    assert plain(settings.config)[1:] == plain(Config.read(environ))[1:]
    with pytest.raises(Misconfigured, match=r"^NOTION_TOKEN is not set: "):
        settings.require()


def test_an_empty_environment_lacks_just_what_is_needed() -> None:
    settings = read_settings({})

    assert {problem.name for problem in settings.problems} == set(NEEDED)
    assert len(settings.problems) == len(NEEDED)


@pytest.mark.parametrize(
    ("text", "property_name", "words"),
    [
        ("Status: Published, Live", "Status", ("Published", "Live")),
        ("Status:Published", "Status", ("Published",)),
        (" Ready  to go :  yes ,, Yes , ", "Ready  to go", ("yes", "Yes")),
        ("Stufe: 1: fertig", "Stufe", ("1: fertig",)),
        ("状態: 公開", "状態", ("公開",)),
    ],
)
def test_the_rule_of_what_is_published_is_a_property_and_its_words(
    environ: Environ, text: str, property_name: str, words: tuple[str, ...]
) -> None:
    config = Config.read(environ | {"NOTION_PUBLISHED": text})
    assert (config.published_property, config.published_words) == (property_name, words)


def test_without_a_rule_of_ones_own_no_property_is_named(environ: Environ) -> None:
    config = Config.read(environ | {"NOTION_PUBLISHED": " "})
    assert (config.published_property, config.published_words) == ("", ())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Published", "no colon"),
        ("Status = Published", "no colon"),
        (": Published", "no property before the colon"),
        ("Status:", "no word after the colon"),
        ("Status: , ,", "no word after the colon"),
    ],
)
def test_of_a_rule_that_is_not_whole_it_is_said_what_is_missing(
    environ: Environ, text: str, fault: str
) -> None:
    message = refusal(environ | {"NOTION_PUBLISHED": text})
    assert message.startswith(
        "NOTION_PUBLISHED must be a property and words, as in Status: Published, Live"
    )
    assert f"there is {fault}" in message


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_a_time_zone_is_named_as_everybody_names_it(environ: Environ, name: str) -> None:
    assert Config.read(environ | {"TIME_ZONE": name}).time_zone == name


def test_dates_are_utc_where_no_time_zone_is_named_and_no_database_of_zones_is_needed_for_that(
    environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoneinfo, "ZoneInfo", None)

    assert (
        Config.read(environ).time_zone
        == Config.read(environ | {"TIME_ZONE": "utc"}).time_zone
        == "UTC"
    )


@pytest.mark.parametrize(
    "name", ["Berlin", "CEST", "+02:00", "Europe", "../../etc/passwd", "/etc/localtime", "Zürich"]
)
def test_what_names_no_time_zone_is_refused(environ: Environ, name: str) -> None:
    expected = "the name of a time zone, such as Europe/Berlin or UTC"
    assert (
        refusal(environ | {"TIME_ZONE": name})
        == f"TIME_ZONE must be {expected}: correct it, or remove it"
    )
