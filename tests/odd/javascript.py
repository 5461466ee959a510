"""`JSON.parse` of a real JavaScript engine, for what sites read with it."""

import json
import shutil
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "clients/parse.mjs"
BATCH_BYTES = 8_000_000

NODE = shutil.which("node")


class JavaScript:
    """Collects JSON texts and has them read by Node, many in one process. `misunderstood`: what it
    read otherwise."""

    def __init__(self) -> None:
        self.misunderstood: list[str] = []
        self.read = 0
        self._texts: list[str] = []
        self._bytes = 0

    def take(self, text: str) -> None:
        self._texts.append(text)
        self._bytes += len(text)
        if self._bytes > BATCH_BYTES:
            self.read_all()

    def read_all(self) -> None:
        """Read the texts taken since the last time."""
        assert NODE, "Node is not installed"
        given = "".join(f"{text}\n" for text in self._texts)
        done = subprocess.run(
            [NODE, SCRIPT], input=given.encode(), capture_output=True, timeout=100, check=True
        )
        answers = done.stdout.decode().split("\n")[:-1]
        assert len(answers) == len(self._texts)
        for text, answer in zip(self._texts, answers, strict=True):
            if answer.startswith("!") or json.loads(answer) != json.loads(text):
                self.misunderstood.append(f"{answer[:300]}\n{text[:3000]}")
        self.read += len(self._texts)
        self._texts, self._bytes = [], 0
