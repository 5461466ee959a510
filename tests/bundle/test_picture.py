"""What the first bytes say: the type, and how large a browser shows the picture."""

import struct
import subprocess
import sys

import pytest

from dev.notion.files import content
from lib.bundle.picture import media_type, picture_size

PNG = content("any.png")
GIF = b"GIF89a" + struct.pack("<HH", 12, 34) + b"\0" * 9
WEBP = b"RIFF\0\0\0\0WEBP"
LOSSY = WEBP + b"VP8 " + b"\0" * 7 + b"\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
LOSSLESS = WEBP + b"VP8L" + b"\0" * 4 + b"\x2f" + struct.pack("<I", (640 - 1) | (480 - 1) << 14)
EXTENDED = (
    WEBP + b"VP8X" + b"\0" * 8 + (4000 - 1).to_bytes(3, "little") + (3000 - 1).to_bytes(3, "little")
)


def jpeg(width: int, height: int, *segments: bytes, frame: int = 0xC0) -> bytes:
    sizes = struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\0" * 9
    return b"\xff\xd8" + b"".join(segments) + bytes([0xFF, frame]) + sizes


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def exif(orientation: int, order: str = "<", entries: int = 2) -> bytes:
    """Two entries, the orientation last, of which the directory counts so many; the first one's
    value only looks so."""
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    other = struct.pack(f"{order}HHIHH", 0x0100, 3, 1, 0x0112, 3)
    mark = b"II*\0" if order == "<" else b"MM\0*"
    ifd = struct.pack(f"{order}IH", 8, entries) + other + entry
    return segment(0xE1, b"Exif\0\0" + mark + ifd)


@pytest.mark.parametrize(
    ("head", "kind", "expected"),
    [
        (PNG, "image/png", (320, 200)),
        (GIF, "image/gif", (12, 34)),
        (GIF.replace(b"89", b"87"), "image/gif", (12, 34)),
        (LOSSY, "image/webp", (640, 480)),
        (LOSSLESS, "image/webp", (640, 480)),
        (EXTENDED, "image/webp", (4000, 3000)),
        (jpeg(800, 600), "image/jpeg", (800, 600)),
        (jpeg(800, 600, segment(0xE2, b"profile" * 999), frame=0xC2), "image/jpeg", (800, 600)),
        (jpeg(800, 600, b"\xff", segment(0xC4, b"table")), "image/jpeg", (800, 600)),
        (
            jpeg(800, 600, segment(0xC8, b"reserved"), segment(0xCC, b"coding"), frame=0xCF),
            "image/jpeg",
            (800, 600),
        ),
        *((jpeg(800, 600, exif(seen)), "image/jpeg", (800, 600)) for seen in range(1, 5)),
        *((jpeg(800, 600, exif(seen)), "image/jpeg", (600, 800)) for seen in range(5, 9)),
        (jpeg(800, 600, exif(8, ">")), "image/jpeg", (600, 800)),
        (
            jpeg(800, 600, exif(6), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0")),
            "image/jpeg",
            (600, 800),
        ),
        (jpeg(800, 600, exif(1), segment(0xE2, exif(6)[4:])), "image/jpeg", (800, 600)),
        (jpeg(50_000, 40_000, segment(0xE2, b"\0" * 60_000)), "image/jpeg", (50_000, 40_000)),
        (GIF[:6] + struct.pack("<HH", 50_000, 40_000), "image/gif", (50_000, 40_000)),
        (
            LOSSLESS[:21] + struct.pack("<I", 0x0FFF_FFFF | 0xF000_0000),
            "image/webp",
            (16_384, 16_384),
        ),
    ],
)
def test_a_picture_shows_its_type_and_size(
    head: bytes, kind: str, expected: tuple[int, int]
) -> None:
    assert (media_type(head), picture_size(head)) == (kind, expected)


@pytest.mark.parametrize(
    "whole", [PNG[:40], GIF, LOSSY, LOSSLESS, EXTENDED, jpeg(800, 600, exif(6))]
)
def test_a_picture_that_ends_anywhere_is_no_trouble(whole: bytes) -> None:
    for length in range(len(whole)):
        found = picture_size(whole[:length])
        assert found is None or found == picture_size(whole)


@pytest.mark.parametrize("empty", [(0, 40), (40, 0)])
def test_a_picture_without_width_or_height_has_no_size(empty: tuple[int, int]) -> None:
    assert picture_size(PNG[:16] + struct.pack(">II", *empty)) is None


CUT_OFF = [("é", 1), ("€", 1), ("€", 2), ("🥐", 1), ("🥐", 2), ("🥐", 3)]
"""Characters of several bytes, and how many of them the head may lack."""


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "application/octet-stream"),
        (b"\0\1\2", "application/octet-stream"),
        (content("a.pdf"), "application/pdf"),
        (content("a.wav"), "audio/wav"),
        (content("a.svg"), "image/svg+xml"),
        (b"\xef\xbb\xbf<svg>", "image/svg+xml"),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg>', "image/svg+xml"),
        (b"ID3\x04\0", "audio/mpeg"),
        (b"\0\0\0\x18ftypmif1", "image/heif"),
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="">', "image/svg+xml"),
        (b"RIFF\0\0\0\0ACON", "application/octet-stream"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video/mp4"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "image/avif"),
        (b"PK\x03\x04", "application/zip"),
        ("Été".encode(), "text/plain; charset=utf-8"),
        *(
            (f"Brot {character}".encode()[:-cut], "text/plain; charset=utf-8")
            for character, cut in CUT_OFF
        ),
        (b"\xc3Brot", "application/octet-stream"),
        (b"Brot\xff\xff\xff\xff", "application/octet-stream"),
        (b"<html><script>alert(1)</script>", "text/plain; charset=utf-8"),
        (b"<!doctype html><svg onload=alert(1)>", "text/plain; charset=utf-8"),
    ],
)
def test_the_bytes_say_the_type_and_html_is_only_text(head: bytes, kind: str) -> None:
    assert media_type(head) == kind
    assert picture_size(head) is None


def test_only_the_entries_that_a_note_counts_are_read() -> None:
    assert picture_size(jpeg(800, 600, exif(6, entries=1))) == (800, 600)


def test_a_jpeg_with_a_broken_note_on_its_orientation_has_a_size_all_the_same() -> None:
    broken = segment(0xE1, b"Exif\0\0II*\0\xff\xff")
    assert picture_size(jpeg(800, 600, broken)) == (800, 600)


SVG = "image/svg+xml"
TEXT = "text/plain; charset=utf-8"
SUBSET = (
    b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x>y" [<!ENTITY a "]>"><!-- ]> --><?p ]> ?>]>'
)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"<svg", TEXT),
        (b"<svg/>", SVG),
        (b"<svg\nwidth='1'>", SVG),
        (b"<svgs>", TEXT),
        (b"\n<!-- a --><!-- b -->\n<?xml-stylesheet href='a'?><svg>", SVG),
        (b"<!----><svg>", SVG),
        (b"<!---><svg>", TEXT),
        (b"<?xml?>" + SUBSET + b"<!-- c -->\n<svg>", SVG),
        (b"<!DOCTYPE svg>" * 2 + b"<svg>", TEXT),
        (b"<!DOCTYPE svgs><svg>", TEXT),
        (b"<!DOCTYPE html><svg>", TEXT),
        (b"<!DOCTYPE svg [<!ENTITY a '>'><svg>", TEXT),
        (b"<!DOCTYPE svg '>", TEXT),
        (b"<![CDATA[<svg>]]><svg>", TEXT),
        (b"<!-- <svg> ", TEXT),
        (b"<?xml <svg>", TEXT),
        (b"text <svg>", TEXT),
        (b"<!-- long -->" * 20_000 + b"<svg>", SVG),
    ],
)
def test_an_svg_is_what_has_an_svg_element_after_its_prolog(head: bytes, kind: str) -> None:
    assert media_type(head) == kind


HOSTILE = [
    b"<!---->" * 30,
    b"<!---->" * 100_000,
    b"<!--" * 250_000,
    b"<!---->\n" * 100_000 + b"<!--",
    b"<!--->" * 150_000,
    b"<?xml" * 200_000,
    b"<?x?>" * 200_000,
    b"<![CDATA[" * 100_000,
    b"<!DOCTYPE svg" * 70_000,
    b"<!DOCTYPE svg [" + b"<!ENTITY a '" * 80_000,
    b"<!DOCTYPE svg [" + b"[" * 1_000_000,
    b"<!DOCTYPE svg [" + b"<!--" * 250_000,
    b"<!DOCTYPE svg [" + b"<!---->" * 140_000,
    b"<!DOCTYPE svg [" + b"<?" * 500_000,
    b"<!DOCTYPE svg " + b"\"'" * 500_000,
    b"<" * 1_000_000,
    b" " * 1_000_000,
    b"\n<!-- -->" * 100_000 + b"<sv",
    b"\xef\xbb\xbf" * 300_000,
    b"\xff\xd8" + b"\xff" * 1_000_000,
    b"\xff\xd8" + b"\xff\xe1\0\0" * 250_000,
    b"\xff\xd8" + segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\0" * 65_000) * 15,
    b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 1_000_000,
]
"""Files made to keep a scanner busy, about a megabyte each."""

READ_IT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
from lib.bundle.picture import media_type, picture_size
head = sys.stdin.buffer.read()
media_type(head), picture_size(head)
"""


@pytest.mark.parametrize("head", HOSTILE, ids=lambda head: f"{head[:24]!r}×{len(head)}")
def test_b7_no_file_keeps_it_busy(head: bytes) -> None:
    """In a process of its own: a pattern that runs away can be stopped in no other way. By its
    processor time, for the machine may be busy with others."""
    subprocess.run([sys.executable, "-c", READ_IT], input=head, timeout=100, check=True)
