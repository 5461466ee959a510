"""Files: addresses that are signed for an hour as Notion's are, and what is behind them.

Host and path of a hosted file stay, the query is new at every read:
https://developers.notion.com/reference/file-object.
"""

import hmac
import io
import secrets
import struct
import wave
import zlib
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode

from dev.notion.clock import Clock
from dev.notion.nodes import JSON
from dev.notion.workspace import Workspace

LIFETIME_SECONDS = 3600
IMAGE_SIZE = (320, 200)

TYPES = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


class SignedFiles:
    """Makes addresses of hosted files, and says whether one may be read (still)."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self._workspace = workspace
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def address(self, path: str) -> JSON:
        """What Notion says of a file: `url`, which differs at every call, and `expiry_time`."""
        now = self._clock.now()
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-Expires": str(LIFETIME_SECONDS),
            "X-Amz-Security-Token": secrets.token_urlsafe(12),
        }
        query["X-Amz-Signature"] = self._signature(path, query)
        expiry = now + timedelta(seconds=LIFETIME_SECONDS)
        return {
            "url": f"{self._workspace.home}{path}?{urlencode(query)}",
            "expiry_time": f"{expiry:%Y-%m-%dT%H:%M:%S}.{expiry.microsecond // 1000:03}Z",
        }

    def refusal(self, path: str, query: dict[str, str]) -> str | None:
        """Why an address isn't served, in the words of S3; None: it is."""
        signature = query.get("X-Amz-Signature", "")
        if not hmac.compare_digest(signature, self._signature(path, query)):
            return "SignatureDoesNotMatch"
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if self._clock.now() > signed + timedelta(seconds=int(query["X-Amz-Expires"])):
            return "Request has expired"
        return None

    def _signature(self, path: str, query: dict[str, str]) -> str:
        signed = [
            path,
            *(query.get(f"X-Amz-{name}", "") for name in ("Date", "Expires", "Security-Token")),
        ]
        return hmac.new(self._key, "\n".join(signed).encode(), sha256).hexdigest()


def media_type(name: str) -> str:
    return TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def content(name: str) -> bytes:
    """The bytes of a file, made from its name: a picture, a sound, a document, else a line of
    text."""
    match name.rpartition(".")[2]:
        case "png":
            return _png(*IMAGE_SIZE, sha256(name.encode()).digest()[:3])
        case "wav":
            return _wav()
        case "svg":
            return (
                '<svg xmlns="http://www.w3.org/2000/svg" width="24"'
                f' height="24"><title>{name}</title></svg>'.encode()
            )
        case "pdf":
            return _pdf(name)
    return f"{name}\n".encode()


def _png(width: int, height: int, color: bytes) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = (b"\0" + color * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


def _wav() -> bytes:
    """A tenth of a second of silence."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return sound.getvalue()


def _pdf(name: str) -> bytes:
    """One page with the file's name on it."""
    text = f"BT /F1 24 Tf 72 700 Td ({name}) Tj ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <<"
            " /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
    ]
    body, offsets = "%PDF-1.4\n", []
    for number, written in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{written}\nendobj\n"
    places = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    table = (
        f"xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    )
    return f"{body}{table}startxref\n{len(body)}\n%%EOF\n".encode("latin-1", "replace")
