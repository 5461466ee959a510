"""Settings come from `.env`, then `.env.local`, then the environment; a blank one in the
environment unsets."""

from pathlib import Path

from dev import demo
from dev.settings import settings


def test_the_nearer_wins_and_a_dollar_is_a_dollar(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\nC=file\nD='$B-${B}'\nNOTHING\n")
    (tmp_path / ".env.local").write_text('B="local"\nC=local\n')

    assert settings(tmp_path, {"C": "", "E": "5"}) == {
        "A": "file",
        "B": "local",
        "C": "",
        "D": "$B-${B}",
        "E": "5",
    }


def test_without_files_there_is_the_environment(tmp_path: Path) -> None:
    assert settings(tmp_path, {"A": "1"}) == {"A": "1"}


def test_the_local_stack_takes_from_the_files_only_where_to_read(tmp_path: Path) -> None:
    """A run on this machine must never write to the real KV, revalidate the real site or tell real
    people."""
    (tmp_path / ".env.local").write_text(
        "NOTION_TOKEN=ntn_1\nNOTION_SOURCES=pages=x\nKV_REST_API_URL=https://kv.example\n"
        "SLACK_WEBHOOK_URL=https://slack.example\nREVALIDATE_URL=https://site.example\nBLOB_READ_WRITE_TOKEN=b\n"
    )

    assert demo.environ(tmp_path, {"HOME": "/home"}) == {
        "NOTION_TOKEN": "ntn_1",
        "NOTION_SOURCES": "pages=x",
        "HOME": "/home",
    }
    assert demo.environ(tmp_path, {"NOTION_TOKEN": ""})["NOTION_TOKEN"] == ""
