"""The environment, read once into one frozen object. A setting that is missing or malformed fails
by its name."""

import math
import os
import re
from collections.abc import Callable, Collection, Mapping
from typing import Self, TypeVar, cast
from urllib.parse import quote, urlsplit

import msgspec

from lib.errors import Misconfigured
from lib.notion.ids import object_id
from lib.secret import Secret, with_derived

T = TypeVar("T")
D = TypeVar("D")

RESERVED_SOURCES = frozenset({"page", "db", "sync", "redirects", "paths", "doc", "preview"})
"""Names whose KV keys belong to something else."""

_TAKEN_PREFIX = re.compile(rf"({'|'.join(sorted(RESERVED_SOURCES))}):|[^:]+:index:")
"""With such a prefix a key is one of another site's without prefix that shares the database."""

NOTION_FILE_HOSTS = (
    "prod-files-secure.s3.us-west-2.amazonaws.com",
    "s3.us-west-2.amazonaws.com/secure.notion-static.com",
)
"""Where Notion keeps files: a host, with the folder where strangers share the host."""

BLOB_API_URL = "https://vercel.com/api/blob"

_STAND_IN = "made-up-in-place-of-a-setting"
_PUBLIC_ADDRESS = frozenset(
    {"SYNC_BASE_URL", "VERCEL_ENV", "VERCEL_PROJECT_PRODUCTION_URL", "VERCEL_URL"}
)
OWNER_SETTINGS = frozenset({"CRON_SECRET"})
"""The settings that are read to know the owner. Nobody else learns of any other setting."""
QSTASH_SETTINGS = _PUBLIC_ADDRESS | {
    *(
        "CRON_SECRET",
        "CRON_SECRET_PREVIOUS",
        "QSTASH_CURRENT_SIGNING_KEY",
        "QSTASH_NEXT_SIGNING_KEY",
    )
}
"""What is read to know a message of QStash's."""
NOTION_SETTINGS = frozenset({"CRON_SECRET", "NOTION_WEBHOOK_TOKEN"})
"""What is read to know an event of Notion's."""
MEDIA_SETTINGS = frozenset(
    {
        *(
            "CRON_SECRET",
            "CRON_SECRET_PREVIOUS",
            "NOTION_TOKEN",
            "NOTION_API_URL",
            "NOTION_FILE_HOSTS",
        ),
        *(
            "KV_REST_API_URL",
            "KV_REST_API_TOKEN",
            "UPSTASH_REDIS_REST_URL",
            "UPSTASH_REDIS_REST_TOKEN",
            "KV_PREFIX",
        ),
        *("NOTION_REQUESTS_PER_MINUTE", "BLOB_READ_WRITE_TOKEN", "VERCEL_BLOB_API_URL"),
    }
)
"""All that `/api/media` needs: what is wrong with another setting keeps no picture from anybody."""

_SECRET_SETTINGS = (
    *(
        "NOTION_TOKEN",
        "CRON_SECRET",
        "CRON_SECRET_PREVIOUS",
        "QSTASH_TOKEN",
        "QSTASH_CURRENT_SIGNING_KEY",
    ),
    *(
        "QSTASH_NEXT_SIGNING_KEY",
        "KV_REST_API_TOKEN",
        "UPSTASH_REDIS_REST_TOKEN",
        "NOTION_WEBHOOK_TOKEN",
    ),
    *(
        "SLACK_WEBHOOK_URL",
        "RESEND_API_KEY",
        "NOTIFY_WEBHOOK_URL",
        "REVALIDATE_SECRET",
        "BLOB_READ_WRITE_TOKEN",
    ),
    "VERCEL_AUTOMATION_BYPASS_SECRET",
)
_SHORTEST_HIDDEN = 8

_NOTION = (
    "create an integration at https://www.notion.so/profile/integrations and put its token here"
)
_SOURCES = "say what to sync, as in pages=<address of a Notion database>,posts=<address of another>"
_CRON = "make one up (openssl rand -hex 32); each caller that asks for a sync has to send it"
_SHORTEST_SECRET = 16
_QSTASH = "copy it from https://console.upstash.com/qstash"
_KV = "connect an Upstash Redis store to the project in Vercel's Marketplace"
_RESEND = (
    "e-mail needs RESEND_API_KEY, NOTIFY_EMAIL_FROM and NOTIFY_EMAIL_TO together, or none of them"
)
_BLOB = "copy it from the Blob store's settings in Vercel, or remove it"
_BASE_URL = (
    "give the address under which QStash reaches this deployment, such as https://sync.example.com"
    " (on Vercel, exposing the system environment variables does it)"
)
_OPTIONAL = "correct it, or remove it"
_WRITTEN_SOURCES = "write it as in pages=<address of a Notion database>,posts=<address of another>"
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»"}

_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_OTHER_DIVIDER = re.compile(r"[^\S\n]*(?P<divider>[;|\n]|[^\S\n])\s*[a-z0-9][a-z0-9_-]*\s*=")
_DIVIDERS = {";": "a semicolon", "|": "a bar", "\n": "a line break"}
_COLON_ENTRY = re.compile(r"[a-z0-9][a-z0-9_-]*\s*:(?!//)[^=]*")
_HOST = re.compile(r"[a-z0-9.-]+(:\d+)?(/\S+)?")
_DOMAIN = re.compile(r"(?=.{1,254}$)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.IGNORECASE)
_VISIBLE_ASCII = "".join(map(chr, range(33, 127)))
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")


class SettingProblem(msgspec.Struct, frozen=True):
    """A setting that is wrong, without its value: `problem` goes on from its name, `remedy` says
    how to mend it."""

    name: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} {self.problem}: {self.remedy}"


class Unfit(ValueError):
    """A value of which it is known what was done wrong: `remedy` says how to mend just that."""

    def __init__(self, expected: str, remedy: str) -> None:
        super().__init__(expected)
        self.remedy = remedy


class Settings(msgspec.Struct, frozen=True):
    """The environment as far as it is usable: `config` has a made-up value where a needed one is
    wrong."""

    config: "Config"
    problems: list[SettingProblem]

    def require(self) -> "Config":
        """Return the configuration. Raises `Misconfigured` where a setting is wrong, by the first
        one's name."""
        if self.problems:
            raise Misconfigured(str(self.problems[0]))
        return self.config


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, checked."""

    notion_token: Secret
    sources: dict[str, str]
    """Name → dashed id of a database or a data source."""
    cron_secret: Secret
    previous_secret: Secret | None
    """The `CRON_SECRET` before this one: it opens nothing, but what was made with it goes on
    counting."""
    qstash_token: Secret
    qstash_url: str
    qstash_current_signing_key: Secret
    qstash_next_signing_key: Secret
    kv_url: str
    kv_token: Secret
    base_url: str
    slice_seconds: float | None
    """None: as long as the function may take."""
    lanes: int
    retries: int
    kv_prefix: str
    kv_max_value_bytes: int
    notion_api_url: str
    notion_file_hosts: tuple[str, ...]
    """`host`, `host:port` or `host/folder`."""
    notion_requests_per_minute: int
    notion_webhook_token: Secret | None
    published_property: str
    """Of the owner's own rule of what is published; "" without one."""
    published_words: tuple[str, ...]
    docs: bool
    """Each page stands in KV as text too."""
    previews: bool
    """What is not published stands in KV for those who have a link."""
    preview_url: str
    """Where a site takes such links; "" for nowhere."""
    time_zone: str
    """Of dates without a time: a name that zoneinfo knows, or UTC."""
    notify_on: str
    """`change` or `always`."""
    slack_webhook_url: Secret | None
    resend_api_key: Secret | None
    notify_email_from: str
    notify_email_to: tuple[str, ...]
    notify_webhook_url: Secret | None
    revalidate_url: str
    revalidate_secret: Secret | None
    blob_read_write_token: Secret | None
    blob_api_url: str
    protection_bypass: Secret | None

    @classmethod
    def read(
        cls, environ: Mapping[str, str] = os.environ, only: Collection[str] | None = None
    ) -> "Config":
        """Read the variables, or `only` those with these names: no other one is looked at, or may
        be used then.

        Raises `Misconfigured`, which names the variable and how to mend it, and never shows its
        value.
        """
        return read_settings(environ, only).require()

    @classmethod
    def of(cls, env: "_Environment") -> Self:
        """Return the configuration, made up where a needed setting is wrong; `env` knows of each
        problem afterwards."""
        kv_url, kv_token = _kv_access(env)
        published_property, published_words = env.get(
            "NOTION_PUBLISHED", _parse_published, ("", ())
        )
        resend_api_key, email_from, email_to = _email_settings(env)
        return cls(
            notion_token=env.needed("NOTION_TOKEN", _parse_token, _NOTION),
            sources=env.needed("NOTION_SOURCES", _parse_sources, _SOURCES, f"pages={'0' * 32}"),
            cron_secret=env.needed("CRON_SECRET", _parse_secret, _CRON),
            previous_secret=env.get("CRON_SECRET_PREVIOUS", _parse_secret, None),
            qstash_token=env.needed("QSTASH_TOKEN", _parse_token, _QSTASH),
            qstash_url=env.get("QSTASH_URL", _base_address, "https://qstash.upstash.io"),
            qstash_current_signing_key=env.needed(
                "QSTASH_CURRENT_SIGNING_KEY", _parse_token, _QSTASH
            ),
            qstash_next_signing_key=env.needed("QSTASH_NEXT_SIGNING_KEY", _parse_token, _QSTASH),
            kv_url=kv_url,
            kv_token=kv_token,
            base_url=_public_address(env),
            slice_seconds=env.get("SYNC_SLICE_SECONDS", _parse_seconds, None),
            lanes=env.get("SYNC_LANES", _whole_number(1, 8), 1),
            retries=env.get("SYNC_RETRIES", _whole_number(0), 2),
            kv_prefix=env.get("KV_PREFIX", _parse_prefix, ""),
            kv_max_value_bytes=env.get("KV_MAX_VALUE_BYTES", _whole_number(1000), 8_000_000),
            notion_api_url=env.get("NOTION_API_URL", _base_address, "https://api.notion.com"),
            notion_file_hosts=env.get("NOTION_FILE_HOSTS", _parse_hosts, NOTION_FILE_HOSTS),
            notion_requests_per_minute=env.get("NOTION_REQUESTS_PER_MINUTE", _whole_number(1), 180),
            notion_webhook_token=env.get("NOTION_WEBHOOK_TOKEN", Secret, None),
            published_property=published_property,
            published_words=published_words,
            docs=env.get("SYNC_DOCS", _parse_switch, True),
            previews=env.get("SYNC_PREVIEW", _parse_switch, False),
            preview_url=env.get("PREVIEW_URL", _parse_address, ""),
            time_zone=env.get("TIME_ZONE", _time_zone, "UTC"),
            notify_on=env.get("NOTIFY_ON", _one_of("change", "always"), "change"),
            slack_webhook_url=env.get("SLACK_WEBHOOK_URL", _secret_address, None),
            resend_api_key=resend_api_key,
            notify_email_from=email_from,
            notify_email_to=email_to,
            notify_webhook_url=env.get("NOTIFY_WEBHOOK_URL", _secret_address, None),
            revalidate_url=env.get("REVALIDATE_URL", _parse_address, ""),
            revalidate_secret=env.get("REVALIDATE_SECRET", _parse_token, None),
            blob_read_write_token=env.get("BLOB_READ_WRITE_TOKEN", _blob_token, None, _BLOB),
            blob_api_url=env.get("VERCEL_BLOB_API_URL", _base_address, BLOB_API_URL),
            protection_bypass=env.get("VERCEL_AUTOMATION_BYPASS_SECRET", _parse_token, None),
        )

    def address(self, path: str) -> str:
        """The public address of `path` (which begins with `/`): where messages go, and what their
        signature names."""
        return self.base_url + path

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All that must never be seen, and what is derived from it."""
        derived_from = (self.cron_secret, self.previous_secret)
        given = [value for value in msgspec.structs.astuple(self) if isinstance(value, Secret)]
        return (*given, *with_derived(secret for secret in derived_from if secret))


def secrets_of(environ: Mapping[str, str] = os.environ) -> tuple[Secret, ...]:
    """Return all that must never be seen, as it stands in the environment, also where it is
    malformed.

    A value too short to be a secret is left out: it would hide half of every line.
    """
    values = {name: environ.get(name, "").strip() for name in _SECRET_SETTINGS}
    long = {name: Secret(value) for name, value in values.items() if len(value) >= _SHORTEST_HIDDEN}
    return (
        *long.values(),
        *with_derived(
            long[name] for name in ("CRON_SECRET", "CRON_SECRET_PREVIOUS") if name in long
        ),
    )


def read_settings(
    environ: Mapping[str, str] = os.environ, only: Collection[str] | None = None
) -> Settings:
    """Return every setting (or `only` those with these names), and every problem with one, in the
    order in which they are read."""
    env = _Environment(environ, only)
    config = Config.of(env)
    return Settings(config, env.problems)


class _Environment:
    """Variables by name, all or `only` some. A blank one counts as unset; a parser's ValueError
    says what is expected.

    What is wrong is noted in `problems`. The caller goes on with the default, or with a stand-in
    for what is needed, so that everything else is looked at too.
    """

    def __init__(self, environ: Mapping[str, str], only: Collection[str] | None = None) -> None:
        self._environ, self._only = environ, only
        self.problems: list[SettingProblem] = []

    def is_asked_for(self, name: str) -> bool:
        return self._only is None or name in self._only

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip() if self.is_asked_for(name) else ""

    def get(
        self, name: str, parse: Callable[[str], T], default: D, remedy: str = _OPTIONAL
    ) -> T | D:
        text = self.text(name)
        if not text:
            return default
        try:
            if not _is_utf_8(text):
                raise ValueError("text in UTF-8")
            if _is_quoted(text):
                raise Unfit(
                    "without quotes around it",
                    "take them away, for Vercel counts them as part of the value",
                )
            return parse(text)
        except Unfit as error:
            self.problems.append(SettingProblem(name, f"must be {error}", error.remedy))
            return default
        except ValueError as error:
            self.problems.append(SettingProblem(name, f"must be {error}", remedy))
            return default

    def needed(
        self, name: str, parse: Callable[[str], T], remedy: str, stand_in: str = _STAND_IN
    ) -> T:
        """Return the setting; what `stand_in` stands for where it is missing or malformed."""
        if not self.is_asked_for(name):
            return cast(T, None)  # so that whoever uses it all the same fails at once
        if not self.text(name):
            self.problems.append(SettingProblem(name, "is not set", remedy))
        value = self.get(name, parse, None, remedy)
        return parse(stand_in) if value is None else value


def _kv_access(env: _Environment) -> tuple[str, Secret]:
    """Return the first pair that is whole: an address of one store with the token of another is
    useless."""
    pairs = [
        ("KV_REST_API_URL", "KV_REST_API_TOKEN"),
        ("UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"),
    ]
    whole = [pair for pair in pairs if all(map(env.text, pair))]
    begun = [pair for pair in pairs if any(map(env.text, pair))]
    url, token = (whole or begun or pairs)[0]
    return env.needed(url, _rest_address, _KV, "https://kv.invalid"), env.needed(
        token, _parse_token, _KV
    )


def _public_address(env: _Environment) -> str:
    stand_in = "https://sync.invalid"
    if env.text("SYNC_BASE_URL"):
        return env.needed(
            "SYNC_BASE_URL", _base_address, "correct it; on Vercel it may be left out", stand_in
        )
    production = ["VERCEL_PROJECT_PRODUCTION_URL"] if env.text("VERCEL_ENV") == "production" else []
    for name in filter(env.text, [*production, "VERCEL_URL"]):
        return env.needed(
            name, lambda host: _base_address(f"https://{host}"), "set SYNC_BASE_URL", "sync.invalid"
        )
    return env.needed("SYNC_BASE_URL", _base_address, _BASE_URL, stand_in)


def _email_settings(env: _Environment) -> tuple[Secret | None, str, tuple[str, ...]]:
    if not any(map(env.text, ("RESEND_API_KEY", "NOTIFY_EMAIL_FROM", "NOTIFY_EMAIL_TO"))):
        return None, "", ()
    stand_in = "sync@mail.invalid"
    return (
        env.needed("RESEND_API_KEY", _parse_token, _RESEND),
        env.needed("NOTIFY_EMAIL_FROM", _parse_mailbox, _RESEND, stand_in),
        env.needed(
            "NOTIFY_EMAIL_TO",
            lambda text: tuple(map(_parse_mailbox, _comma_separated(text))),
            _RESEND,
            stand_in,
        ),
    )


def _comma_separated(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _parse_sources(text: str) -> dict[str, str]:
    """`pages=<id or address>,posts=<…>`; the messages name an entry by its number, for its text may
    be a secret."""
    sources: dict[str, str] = {}
    for number, entry in enumerate(_comma_separated(text), 1):
        _check_dividers(entry, number)
        name, _, reference = (part.strip() for part in entry.partition("="))
        if not _SOURCE_NAME.fullmatch(name) or not reference:
            raise ValueError(
                f"a list of name=<database>, names of a-z, 0-9, _ and -; entry {number} is not"
            )
        if name in RESERVED_SOURCES:
            raise ValueError(
                f"given other names: {', '.join(sorted(RESERVED_SOURCES))} are taken (entry"
                f" {number})"
            )
        try:
            database_id = object_id(reference)
        except ValueError:
            raise ValueError(
                f"a list of name=<database>; {name} is followed by neither a Notion id (32"
                " hexadecimal digits) nor the address of a Notion database"
            ) from None
        if name in sources or database_id in sources.values():
            raise ValueError(
                f"a list without repetitions; entry {number} repeats a name or a database"
            )
        sources[name] = database_id
    if not sources:
        raise ValueError("a list of name=<database>; it is empty")
    return sources


def _check_dividers(entry: str, number: int) -> None:
    """Raise `Unfit` where an entry of NOTION_SOURCES is really two, or has a colon for its equals
    sign: an address takes what follows it for a part of itself, and another database is read."""
    if found := _OTHER_DIVIDER.search(entry):
        divider = _DIVIDERS.get(found["divider"], "a blank")
        raise Unfit(f"divided by commas; after entry {number} stands {divider}", _WRITTEN_SOURCES)
    if _COLON_ENTRY.fullmatch(entry):
        raise Unfit(
            f"of entries such as name=<database>; entry {number} has a colon for the equals sign",
            _WRITTEN_SOURCES,
        )


def _parse_published(text: str) -> tuple[str, tuple[str, ...]]:
    """`<property>: <word>, <word>`."""
    name, colon, words = (part.strip() for part in text.partition(":"))
    found = tuple(_comma_separated(words))
    faults = {
        "no colon": not colon,
        "no property before the colon": not name,
        "no word after the colon": not found,
    }
    if fault := next((fault for fault, is_there in faults.items() if is_there), None):
        raise ValueError(f"a property and words, as in Status: Published, Live; there is {fault}")
    return name, found


def _parse_switch(text: str) -> bool:
    if text.lower() not in ("on", "off"):
        raise ValueError("on or off")
    return text.lower() == "on"


def _time_zone(text: str) -> str:
    """UTC needs no database of time zones, which a machine may lack."""
    if text.upper() == "UTC":
        return "UTC"
    import zoneinfo  # here, because few name a zone, and the trigger counts milliseconds

    try:
        zoneinfo.ZoneInfo(text)
    except (LookupError, ValueError, OSError):  # unknown, no name at all, a folder of the database
        raise ValueError("the name of a time zone, such as Europe/Berlin or UTC") from None
    return text


def _parse_secret(text: str) -> Secret:
    if len(text) < _SHORTEST_SECRET or not (text.isascii() and text.isprintable()):
        raise ValueError(
            f"{_SHORTEST_SECRET} or more printable characters of ASCII, else it counts as missing:"
            " make one up (openssl rand -hex 32)"
        )
    return Secret(text)


def _parse_token(text: str) -> Secret:
    """What goes into a header."""
    if not text.isascii() or _BLANK.search(text):
        raise ValueError("plain ASCII without blanks")
    return Secret(text)


def _blob_token(text: str) -> Secret:
    if not re.fullmatch(r"vercel_blob_rw_[^_\s]+_[!-~]+", text):
        raise ValueError("a token such as vercel_blob_rw_…")
    return Secret(text)


def _parse_prefix(text: str) -> str:
    if _BLANK.search(text):
        raise ValueError("free of blanks")
    if _TAKEN_PREFIX.match(text):
        taken = ", ".join(sorted(RESERVED_SOURCES))
        raise ValueError(
            f"another word, such as mysite: with it keys would be those of {taken} or an index"
        )
    return text


def _is_utf_8(text: str) -> bool:
    """Return whether bytes of the environment were text; what was not stands in it as halves of
    surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and _QUOTES.get(text[0]) == text[-1]


def _parse_address(text: str) -> str:
    """An http address in ASCII, as it goes over the wire: its host in Punycode, the rest
    percent-encoded."""
    problem = ValueError("an address such as https://example.com")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for one that is no number
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        raise problem from None
    if parts.scheme not in ("http", "https") or _BLANK.search(text):
        raise problem
    if text.isascii():
        return text
    user, at, place = parts.netloc.rpartition("@")
    _, colon, port = place.partition(":")
    return quote(
        parts._replace(netloc=f"{user}{at}{host}{colon}{port}").geturl(), safe=_VISIBLE_ASCII
    )


def _ascii_host(host: str) -> str:
    """Raises ValueError for what no name server and no IPv6 address can be asked for by."""
    if not host.isascii():
        # Here, because its tables are large, few need them, and the trigger counts milliseconds.
        import idna

        host = idna.encode(host, uts46=True).decode()
    if ":" not in host and not _DOMAIN.fullmatch(host):
        raise ValueError("no host")
    return host


def _secret_address(text: str) -> Secret:
    """An address that anybody who knows it can post to."""
    return Secret(_parse_address(text))


def _base_address(text: str) -> str:
    if "?" in text or "#" in text:
        raise ValueError("an address without ? and #, such as https://example.com")
    return _parse_address(text).rstrip("/")


def _rest_address(text: str) -> str:
    """The address of a database's REST API."""
    if text.lower().startswith(("redis://", "rediss://")):
        raise Unfit(
            "the address of the REST API, and not that for Redis clients (rediss://)",
            "copy the one that begins with https:// from the same store",
        )
    return _base_address(text)


def _parse_hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(item.rstrip("/") for item in _comma_separated(text))
    if not hosts or not all(map(_HOST.fullmatch, hosts)):
        raise ValueError("host names in lower case divided by commas, without https://")
    return hosts


def _parse_mailbox(text: str) -> str:
    if "@" not in text or not text.isprintable():
        raise ValueError("an e-mail address, or several divided by commas where mail is received")
    return text


def _parse_seconds(text: str) -> float:
    expected = ValueError("a number of seconds above 0")
    try:
        seconds = float(text)
    except ValueError:
        raise expected from None
    if not (math.isfinite(seconds) and seconds > 0):
        raise expected
    return seconds


def _whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    def parse(text: str) -> int:
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        if not re.fullmatch(r"\d{1,15}", text, re.ASCII) or not least <= int(text) <= (
            most or int(text)
        ):
            raise ValueError(f"a whole number {bounds}")
        return int(text)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of: {', '.join(words)}")
        return text

    return parse
