"""TeX between dollar signs, such that a parser that knows no mathematics loses no word of it."""

import re

from lib.bundle.text.escaping import code_span, fenced

_EATEN = re.compile(
    r"\\(?:begin|end)\{[^}]*\}|\\[A-Za-z]+\*|\\.|&(?=[#A-Za-z])|\](?=\()|<(?=\S)|\s?\*\s?|~(?=~)"
)
"""What may begin an entity, the address of a link, HTML or emphasis, and commands of TeX that look
like it."""
_BAR = re.compile(r"\\?\|")
_ENDS = re.compile(r"`|(?<!\\)\$|\\$")
"""What ends an equation between dollar signs before its end, or hides its end."""
_COMMENT = re.compile(r"(?<!\\)%.*\n")
_BLOCK_START = re.compile(r"[+\-=>#:*~_|]|\d+[.)]|\[")
"""What may begin another block, were it to stand at the beginning of a line."""


def inline_equation(tex: str, *, in_cell: bool = False, in_link: bool = False) -> str:
    """Return `$tex$`; "$`tex`$", as GitHub has it, where dollar signs alone would not hold it
    together."""
    tex = " ".join(tex.split())
    if in_cell:
        tex = _BAR.sub(lambda bar: r"\Vert " if bar[0].startswith("\\") else r"\vert ", tex)
    if _ENDS.search(tex) or (in_link and ("[" in tex or "]" in tex)):
        return f"${code_span(tex)}$"
    return f"${_tex_for_markdown(tex)}$"


def block_equation(tex: str) -> str:
    """Return `$$`, the TeX and `$$`, each on a line of its own; a block of code `math` where they
    can't hold it."""
    tex = tex.strip()
    if _ENDS.search(tex) or _COMMENT.search(tex):
        return fenced(tex, "math")
    line = _tex_for_markdown(" ".join(tex.split()))
    return f"$${line}$$" if _BLOCK_START.match(line) else f"$$\n{line}\n$$"


def _tex_for_markdown(tex: str) -> str:
    """TeX with blanks where Markdown would see something in it. They mean nothing in TeX."""
    kept = _EATEN.sub(_parted_by_blanks, tex).strip()
    return f"{kept} {{}}" if kept.endswith("*") else kept


def _parted_by_blanks(found: re.Match[str]) -> str:
    text = found[0]
    if text.startswith("\\"):
        return text
    return " * " if text.strip() == "*" else f"{text} "
