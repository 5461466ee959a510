"""The run that a button needs for its trouble: the one under way, or one of its own."""

import time

import httpx

from lib.model import JSON

READS_WITHIN_SECONDS = 20.0
LOOK_SECONDS = 0.05


class OwnRun:
    """Asks the functions at `url` as their owner, whose secret is `secret`."""

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {secret}"}

    def begin(self) -> str:
        """Ask for a forced run where none is under way; return a sentence that says so."""
        if self._active_run() is not None:
            return ""
        self._get("/api/sync/trigger?force=1")
        return "A run was started. "

    def begin_reading(self) -> str:
        """Do the same, and wait until the run reads pages: trouble before that shows little."""
        begun = self.begin()
        give_up = time.monotonic() + READS_WITHIN_SECONDS
        while time.monotonic() < give_up:
            run = self._active_run()
            if run is None or run["synced"]:
                break
            time.sleep(LOOK_SECONDS)
        return begun

    def _active_run(self) -> JSON | None:
        run: JSON | None = self._get("/api/sync/status")["active"]
        return run

    def _get(self, path: str) -> JSON:
        answer = httpx.get(f"{self._url}{path}", headers=self._headers, trust_env=False, timeout=60)
        answer.raise_for_status()
        told: JSON = answer.json()
        return told
