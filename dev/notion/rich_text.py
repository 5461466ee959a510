"""Rich text: how samples and edits write it, how the workspace keeps it, and the plain text in it.

A text is written as a string, or as a list of runs: strings and objects

    {"text": "…", "bold": true, "italic": …, "strikethrough": …, "underline": …, "code": …, "color":
    "red", "link": "…"} {"equation": "…"}  {"user": "@ada"}  {"page": id}  {"database": id}
    {"date": "2026-05-01"}  {"emoji": name} {"link_preview": url}  {"link_mention": {"href": url,
    …}}  {"template": "today"} {"repeat": 40, "text": "row {n}\\n"}                       one long
    run      {"repeat": 30, "runs": […]}  many
"""

from typing import Any

from dev.notion.ids import named_id, resolved
from dev.notion.nodes import JSON

Text = str | list[Any] | JSON

PLAIN: JSON = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}


def rich_text(text: Text | None) -> list[JSON]:
    """The runs as the workspace keeps them: Notion's, but mentions lack what is looked up when they
    are read."""
    runs = text if isinstance(text, list) else [text] if text else []
    return [item for run in runs for item in _items(run)]


def filled(value: Any, n: int) -> Any:
    """A repeated part of a sample, its `{n}` replaced by the number."""
    if isinstance(value, str):
        return value.replace("{n}", str(n))
    if isinstance(value, list):
        return [filled(item, n) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, n) for name, item in value.items()}
    return value


def _items(run: str | JSON) -> list[JSON]:
    if isinstance(run, str):
        return [_text(run, None, PLAIN)]
    if "runs" in run:
        return [
            item for n in range(1, run["repeat"] + 1) for item in rich_text(filled(run["runs"], n))
        ]
    annotations = {name: run.get(name, plain) for name, plain in PLAIN.items()}
    if "text" in run:
        text = "".join(filled(run["text"], n) for n in range(1, run.get("repeat", 1) + 1))
        return [_text(text, run.get("link"), annotations)]
    if "equation" in run:
        equation = run["equation"]
        return [_item("equation", {"expression": equation}, annotations, equation)]
    mention, plain = _mention(run)
    return [_item("mention", mention, annotations, plain)]


def _text(content: str, link: str | None, annotations: JSON) -> JSON:
    value = {"content": content, "link": {"url": link} if link else None}
    return {**_item("text", value, annotations, content), "href": link}


def _item(kind: str, value: JSON, annotations: JSON, plain_text: str) -> JSON:
    return {
        "type": kind,
        kind: value,
        "annotations": dict(annotations),
        "plain_text": plain_text,
        "href": None,
    }


def _mention(run: JSON) -> tuple[JSON, str]:
    """A mention and its plain text; those of users, pages and databases are looked up when they are
    read."""
    match run:
        case {"user": id}:
            return {"type": "user", "user": {"object": "user", "id": resolved(id)}}, ""
        case {"page": id}:
            return {"type": "page", "page": {"id": resolved(id)}}, ""
        case {"database": id}:
            return {"type": "database", "database": {"id": resolved(id)}}, ""
        case {"date": date}:
            value = {
                "start": None,
                "end": None,
                "time_zone": None,
                **(date if isinstance(date, dict) else {"start": date}),
            }
            return {"type": "date", "date": value}, " → ".join(
                filter(None, (value["start"], value["end"]))
            )
        case {"emoji": name}:
            return {"type": "custom_emoji", "custom_emoji": custom_emoji(name)}, f":{name}:"
        case {"link_preview": url}:
            return {"type": "link_preview", "link_preview": {"url": url}}, url
        case {"link_mention": link}:
            return {"type": "link_mention", "link_mention": link}, link.get("title", link["href"])
        case {"template": word}:
            kind = "template_mention_user" if word == "me" else "template_mention_date"
            return {
                "type": "template_mention",
                "template_mention": {"type": kind, kind: word},
            }, f"@{word}"
    raise ValueError(f"a run of text is not to be understood: {run}")


def custom_emoji(name: str) -> JSON:
    """A custom emoji; its address is public and never expires."""
    return {"id": named_id(f"emoji {name}"), "name": name, "url": f"/external/{name}.png"}


def plain_text(text: list[JSON]) -> str:
    return "".join(item["plain_text"] for item in text)
