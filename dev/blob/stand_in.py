"""The stand-in as an object: a test fixture, and what the local stack starts."""

from dev.blob.api import Api
from dev.blob.store import StoredFile
from dev.closing import Closing
from dev.serve import Server

TOKEN = "vercel_blob_rw_localstore_anything"  # noqa: S105 - opens nothing but this stand-in


class BlobStandIn(Closing):
    """A running Blob store with public access: `url` (of its API), `token`, `reset()`, `close()`; a
    context manager."""

    def __init__(self, port: int = 0, *, token: str = TOKEN) -> None:
        self.token = token
        self._api = Api(token)
        self._server = Server(self._api.app, port)
        self.url = self._api.home = self._server.url

    @property
    def files(self) -> list[StoredFile]:
        return self._api.store.list()

    @property
    def puts(self) -> list[str]:
        """The pathname of every file that was put, as often as it was."""
        return self._api.puts

    def fail(self, times: int) -> None:
        """So many answers of the API are 503."""
        self._api.failing = times

    def hold_back(self, seconds: float) -> None:
        """Every answer of the API takes so much longer."""
        self._api.latency_seconds = seconds

    def reset(self) -> None:
        """Empty, quick and in good health."""
        self._api.reset()

    def close(self) -> None:
        self._server.close()
