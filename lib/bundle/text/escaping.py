"""What a text has to look like in Markdown, so that every CommonMark parser gives back the same
text.

https://spec.commonmark.org and https://github.github.com/gfm: any ASCII punctuation may be escaped
by a backslash.
"""

import re
import string
import unicodedata

SAFE_SCHEME = re.compile(
    r"(?!(?:javascript|vbscript|data):)(?:[a-z][a-z0-9+.-]*:|[/#?])", re.IGNORECASE
)

_BEFORE_AND_AFTER = r"(?<![^\W_])_|_(?![^\W_])"
"""An underscore means nothing inside a word only."""
_SPECIAL = rf"[\\`*\[\]<$~]|{_BEFORE_AND_AFTER}|&(?=[#A-Za-z]|$)|(?<![^\W_])#|!$"
_IN_TEXT = re.compile(rf"\||{_SPECIAL}")
_IN_CELL = re.compile(_SPECIAL)
_LINE_START = re.compile(r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=[+\-=>#]|:-))", re.MULTILINE)
_BACKTICKS = re.compile("`+")
_UNFIT_IN_ADDRESS = re.compile(r'[\x00-\x20\x7f"<>\\^`{|}]|\s')
_ESCAPED_IN_ADDRESS = re.compile(r"[()]|&(?=#?\w+;)")


def escaped(text: str, *, in_cell: bool = False) -> str:
    """Return a text without line breaks as Markdown spells it. In a cell of a table, `|` is left to
    `cell`."""
    return (_IN_CELL if in_cell else _IN_TEXT).sub(r"\\\g<0>", text)


def lines_escaped(markdown: str) -> str:
    """Return a paragraph in Markdown no line of which begins as another block does: a list, a
    heading, a quote."""
    return _LINE_START.sub(r"\1\\", markdown)


def code_span(text: str) -> str:
    """Return a text without line breaks as code."""
    fence = "`" * (_longest_run(text) + 1)
    is_padded = (
        text.startswith("`")
        or text.endswith("`")
        or (text != text.strip(" ") and text.strip(" ") != "")
    )
    return f"{fence} {text} {fence}" if is_padded else f"{fence}{text}{fence}"


def fenced(text: str, language: str = "") -> str:
    """Return a text as a block of code."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def cell(markdown: str) -> str:
    """Return Markdown of one line as a cell of a table holds it."""
    return markdown.replace("|", "\\|")


def destination(address: str) -> str:
    """Return an address as a link spells it; "" for one that a page may not link to, or that is
    none."""
    spelled = _UNFIT_IN_ADDRESS.sub(_percent_encoded, address.strip())
    return _ESCAPED_IN_ADDRESS.sub(r"\\\g<0>", spelled) if SAFE_SCHEME.match(spelled) else ""


def is_word(character: str) -> bool:
    """Return whether emphasis may not begin or end beside a character, whatever version of Unicode
    a parser knows."""
    category = unicodedata.category(character)
    return (
        category[0] != "P" and category != "Zs" and character not in f"\t\n\f\r{string.punctuation}"
    )


def may_be_punctuation(character: str) -> bool:
    """Return whether a parser may take a character for punctuation; older ones take symbols for
    letters."""
    return character in string.punctuation or unicodedata.category(character)[0] in "PS"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _percent_encoded(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
