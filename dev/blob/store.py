"""What a Blob store holds."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True)
class StoredFile:
    """One file. `max_age` is what its readers may keep it for, in seconds."""

    pathname: str
    content: bytes
    media_type: str
    max_age: int
    uploaded_at: datetime

    @property
    def etag(self) -> str:
        return f'"{sha256(self.content).hexdigest()[:32]}"'

    def disposition(self, how: str = "inline") -> str:
        return f'{how}; filename="{self.pathname.rpartition("/")[2]}"'


class Store:
    """Files by their pathnames, in alphabetical order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}

    def put(self, pathname: str, content: bytes, media_type: str, max_age: int) -> StoredFile:
        file = StoredFile(pathname, content, media_type, max_age, datetime.now(UTC))
        with self._lock:
            self._files[pathname] = file
        return file

    def get(self, pathname: str) -> StoredFile | None:
        with self._lock:
            return self._files.get(pathname)

    def delete(self, pathname: str) -> None:
        with self._lock:
            self._files.pop(pathname, None)

    def list(self, prefix: str = "") -> list[StoredFile]:
        with self._lock:
            return [
                file
                for pathname, file in sorted(self._files.items())
                if pathname.startswith(prefix)
            ]

    def clear(self) -> None:
        with self._lock:
            self._files.clear()
