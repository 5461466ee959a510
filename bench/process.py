"""What a process has used, as Linux tells it below `/proc`; 0 on other systems."""

import os
import re
from pathlib import Path

ON_LINUX = Path("/proc/self/stat").exists()
PEAK_AS_NOW = "5"
"""Written to `clear_refs`: the peak of the resident set begins anew (proc(5))."""


def spent_seconds(pid: int) -> float:
    """CPU time, user and system."""
    if not ON_LINUX:
        return 0.0
    # The name in parentheses may hold spaces; utime and stime are fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(pid: int) -> float:
    """The most memory it held since the start, or since its peak was forgotten."""
    if not ON_LINUX:
        return 0.0
    [kilobytes] = re.findall(
        r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    return int(kilobytes) * 1024 / 1_000_000


def peak_is_forgotten(pid: int) -> None:
    if ON_LINUX:
        Path(f"/proc/{pid}/clear_refs").write_text(PEAK_AS_NOW)
