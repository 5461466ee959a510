"""What the documents name is there: files, headings, tests, commands, settings, and the words of
our messages."""

import ast
import json
import re
from functools import cache
from itertools import chain
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from dotenv import dotenv_values

from dev.doctor import variables

ROOT = Path(__file__).parent.parent
FOLDERS = "api|bench|dev|docs|examples|lib|public|schema|tests"
DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(file for folder in ("bench", "dev", "docs") for file in (ROOT / folder).rglob("*.md")),
    ROOT / "examples/nextjs/README.md",
]
IDS = [file.relative_to(ROOT).as_posix() for file in DOCUMENTS]
BROUGHT = {
    "upstash-kv": {"KV_REST_API_URL", "KV_REST_API_TOKEN"},
    "upstash-qstash": {"QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"},
}
"""What a store of Vercel's Marketplace sets:
https://upstash.com/docs/redis/howto/vercelintegration."""
OTHER_NAMES = {"UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_links_lead_somewhere(document: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        path, _, heading = link.partition("#")
        if urlsplit(link).scheme:
            continue
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (heading and heading not in anchors(target)):
            lost.append(link)

    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_files_that_are_named_are_there(document: Path) -> None:
    named = re.findall(rf"`((?:{FOLDERS})/[\w./\[\]-]+)`", prose(document))

    assert [
        name
        for name in named
        if not (ROOT / name).exists() and not (document.parent / name).exists()
    ] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_tests_that_are_named_are_there(document: Path) -> None:
    named = set(re.findall(r"\btest_\w+(?=`|\))", prose(document)))

    assert named <= all_tests()


def test_commands_that_the_readme_names_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE))

    assert {"demo", "test", "doctor"} <= named <= targets


def test_the_settings_are_all_told() -> None:
    told = set(
        re.findall(
            r"`([A-Z][A-Z_]+)`", first_columns((ROOT / "docs/settings.md").read_text("utf-8"))
        )
    )

    assert told - OTHER_NAMES == set(dotenv_values(ROOT / ".env.example"))


def test_the_deploy_button_asks_for_what_the_stores_do_not_bring() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    asked = asked_by_the_button()
    stores = [product["productSlug"] for product in json.loads(asked["products"])]
    needed = variables.examine({}).unusable - {
        "SYNC_BASE_URL"
    }  # Vercel knows the deployment's address

    assert set(asked["env"].split(",")) == needed - set().union(
        *(BROUGHT[store] for store in stores)
    )
    assert set(stores) == set(BROUGHT)
    section = readme.partition("## Deploy\n")[2].partition("\n## ")[0]
    assert needed <= set(re.findall(r"`([A-Z_]{5,})`", first_columns(section)))


def test_the_deploy_button_has_one_blank_which_the_readme_names_and_which_is_not_encoded() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    asked = asked_by_the_button()

    assert asked["repository-url"] == "https://github.com/OWNER/notion-kv-sync"
    assert "repository-url=https://github.com/OWNER/notion-kv-sync&" in readme
    assert [name for name, value in asked.items() if "OWNER" in value] == ["repository-url"]
    assert "for `OWNER`" in readme
    assert asked["envLink"] in readme.replace(button(), "")


def test_the_first_sync_is_a_button_of_the_dashboard() -> None:
    steps = (ROOT / "README.md").read_text("utf-8").partition("**First sync.**")[2]
    [pressed] = re.findall(r"press \*\*([^*]+)\*\*", steps)
    [seen] = re.findall(r"then \*([^*]+)\*", steps)

    assert f">{pressed}</button>" in (ROOT / "public/index.html").read_text("utf-8")
    assert f'"{" ".join(seen.split())}"' in "".join(
        file.read_text("utf-8") for file in (ROOT / "public/dashboard").glob("*.js")
    )


def test_the_readme_can_be_read_in_ten_minutes() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= 2_600


def test_each_guarantee_names_tests_that_are_there() -> None:
    text = (ROOT / "docs/guarantees.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!Guarantee |---)(.+) \| (.+) \|$", text, re.MULTILINE)
    claims = {guarantee: re.findall(r"`(\S+?)::(test_\w+)`", tests) for guarantee, tests in rows}

    assert len(claims) == len(rows) > 30
    assert [guarantee for guarantee, tests in claims.items() if not tests] == []
    assert [
        f"{file}::{name}"
        for file, name in chain.from_iterable(claims.values())
        if not re.search(rf"^ *(?:async )?def {name}\(", source(file), re.MULTILINE)
    ] == []


def test_messages_are_quoted_as_the_code_gives_them() -> None:
    columns = first_columns((ROOT / "docs/troubleshooting.md").read_text("utf-8"))
    quoted = [span for span in re.findall(r"`([^`]+)`", columns) if " " in span]

    assert len(quoted) > 20
    assert [
        message for message in quoted if not any(fits(message, text) for text in messages())
    ] == []


def test_each_word_of_the_glossary_lives_where_it_says_and_stands_there_once() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z -]+) \| (.+) \| `(\S+)`: `(\w+)` \|$", glossary, re.MULTILINE)
    words = [word for word, *_ in rows]

    assert len(rows) == len(re.findall(r"^\|", glossary, re.MULTILINE)) - 2 > 40
    assert words == sorted(set(words))
    assert [word for word, meaning, *_ in rows if not re.fullmatch(r"[A-Z][^.]*\.", meaning)] == []
    assert [
        word
        for word, _, file, name in rows
        if not re.search(rf"^(class|def|async def) {name}\b", source(file), re.MULTILINE)
    ] == []


def button() -> str:
    """Return the address of the button that deploys."""
    readme = (ROOT / "README.md").read_text("utf-8")
    [address] = re.findall(r"\((https://vercel\.com/new/clone\?[^)\s]+)\)", readme)
    return str(address)


def asked_by_the_button() -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(button()).query).items()}


def source(file: str) -> str:
    return (ROOT / file).read_text("utf-8") if (ROOT / file).is_file() else ""


def prose(document: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The headings, as GitHub spells them in an address."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def first_columns(text: str) -> str:
    """The first column of each table."""
    return "\n".join(re.findall(r"^\| (.*?) \|", text, re.MULTILINE))


def fits(message: str, text: str) -> bool:
    """Whether a text of the code is what is quoted, where "…" stands for anything."""
    pieces = [re.escape(piece.strip()) for piece in message.split("…")]
    return re.search(".*".join(pieces), text, re.DOTALL) is not None


@cache
def all_tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return set(
        chain.from_iterable(
            re.findall(r"def (test_\w+)", file.read_text("utf-8")) for file in files
        )
    )


@cache
def messages() -> list[str]:
    """Every text in the code; what is put in when it runs is "…" in it."""
    files = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "api").rglob("*.py")]
    nodes = chain.from_iterable(ast.walk(ast.parse(file.read_text("utf-8"))) for file in files)
    return [text for node in nodes if (text := _text(node))]


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) or "…" for part in parts)
    return ""
