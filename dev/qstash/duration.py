"""Durations as QStash reads them: Go's (`6m5s`, `300ms`) and days (`1d`)."""

import re

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)", re.ASCII)


def parse(text: str) -> float:
    """Seconds. Raises `ValueError` for anything that is not a duration."""
    if not re.fullmatch(f"(?:{_PART.pattern})+", text, re.ASCII):
        raise ValueError(f"not a duration: {text}")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
