"""What the first bytes of a file say about it: its media type, and a picture's width and height."""

import re
import struct

Size = tuple[int, int]

HEAD_BYTES = 262_144
"""The beginning of a file that is read: what comes before a JPEG's size (a profile, a thumbnail) is
hardly ever longer."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"mif1": "image/heif",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_AFTER_NAME = (b" ", b"\t", b"\r", b"\n", b">", b"/")
_CLOSERS = {b"<!--": b"-->", b"<?": b"?>", b'"': b'"', b"'": b"'"}
"""What in an XML prolog goes on to its own end, whatever stands in it."""
_DOCTYPE = re.compile(rb"<!DOCTYPE[ \t\r\n]+svg(?=[ \t\r\n>\[])")
_IN_DOCTYPE = re.compile(rb"""["'\[\]>]|<!--|<\?""")
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TURNED = range(5, 9)
"""EXIF orientations in which width and height change places."""


def media_type(head: bytes) -> str:
    """The type that the bytes themselves show, whatever name and server say; HTML too is only
    text."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "application/octet-stream")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if _is_svg(head[:HEAD_BYTES]):
        return "image/svg+xml"
    return "text/plain; charset=utf-8" if _is_text(head) else "application/octet-stream"


def picture_size(head: bytes) -> Size | None:
    """Width and height in pixels, as a browser shows the picture; None for what is none of PNG,
    GIF, JPEG and WebP."""
    try:
        match media_type(head):
            case "image/png":
                return _visible_size(struct.unpack(">II", head[16:24]))
            case "image/gif":
                return _visible_size(struct.unpack("<HH", head[6:10]))
            case "image/jpeg":
                return _jpeg_size(head)
            case "image/webp":
                return _webp_size(head)
    except (struct.error, IndexError):  # it ends too soon
        pass
    return None


def _is_svg(head: bytes) -> bool:
    """Return whether the first element is `svg`: https://www.w3.org/TR/xml/#sec-prolog-dtd.

    Every step goes forward and never back. One pattern for all of it could try a hostile file in
    exponentially many ways.
    """
    at = _skip_space(head, len(_BOM) if head.startswith(_BOM) else 0)
    has_doctype = False
    while not head.startswith(b"<svg", at):
        if head.startswith((b"<!--", b"<?"), at):
            end = _skip_to_closer(head, at, b"<!--" if head.startswith(b"<!--", at) else b"<?")
        elif not has_doctype:
            end, has_doctype = _skip_doctype(head, at), True
        else:
            return False
        if end is None:
            return False
        at = _skip_space(head, end)
    return head[at + 4 : at + 5] in _AFTER_NAME


def _skip_space(head: bytes, at: int) -> int:
    while at < len(head) and head[at] in _SPACE:
        at += 1
    return at


def _skip_to_closer(head: bytes, at: int, opener: bytes) -> int | None:
    """Return where what begins here with `opener` ends; None: it never ends."""
    closer = _CLOSERS[opener]
    found = head.find(closer, at + len(opener))
    return None if found < 0 else found + len(closer)


def _skip_doctype(head: bytes, at: int) -> int | None:
    """Return where the declaration of an SVG that begins here ends; None: there is no such
    declaration."""
    declared = _DOCTYPE.match(head, at)
    if declared is None:
        return None
    end: int | None = declared.end()
    is_in_subset = False
    while end is not None and (mark := _IN_DOCTYPE.search(head, end)):
        end = mark.end()
        if mark[0] in _CLOSERS:
            end = _skip_to_closer(head, mark.start(), mark[0])
        elif mark[0] != b">":
            is_in_subset = mark[0] == b"["
        elif not is_in_subset:
            return end
    return None


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character is cut off where the head ends
            return False
        text = head[: error.start].decode()
    return bool(text) and "\0" not in text


def _jpeg_size(head: bytes) -> Size | None:
    """https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B: segments, each a marker and its own
    length."""
    at, turned = 2, False
    while at + 9 < len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _FRAME_MARKERS:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return _visible_size((height, width) if turned else (width, height))
        length = struct.unpack(">H", head[at + 2 : at + 4])[0]
        if marker == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            turned = _jpeg_orientation(head[at + 10 : at + 2 + length]) in _TURNED
        at += 2 + length
    return None


def _jpeg_orientation(tiff: bytes) -> int:
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        begin = struct.unpack(f"{order}I", tiff[4:8])[0]
        count = struct.unpack(f"{order}H", tiff[begin : begin + 2])[0]
        for entry in range(begin + 2, begin + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack(f"{order}HHIH", tiff[entry : entry + 10])
            if tag == 0x0112:
                return int(value)
    except struct.error:  # a broken note says nothing
        pass
    return 1


def _webp_size(head: bytes) -> Size | None:
    """https://developers.google.com/speed/webp/docs/riff_container: lossy, lossless, extended."""
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return _visible_size((width & 0x3FFF, height & 0x3FFF))
        case b"VP8L":
            bits = struct.unpack("<I", head[21:25])[0]
            return _visible_size(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        case b"VP8X":
            width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
            return (width, height) if len(head) >= 30 else None
    return None


def _visible_size(size: tuple[int, ...]) -> Size | None:
    width, height = size
    return (width, height) if width and height else None
