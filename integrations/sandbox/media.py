"""Small made-up files for what a patient sends when no file of their own is chosen."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 320, 240


def sample_picture(hue: int = 0) -> bytes:
    """A PNG of soft stripes, another one for each `hue`."""
    rows = b"".join(b"\0" + _row(y, hue) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _row(y: int, hue: int) -> bytes:
    shades = ((90 + hue * 37) % 160, (140 + hue * 53) % 160, (200 + hue * 71) % 160)
    light = [60 + y * 80 // HEIGHT + (24 if (x // 20 + y // 20) % 2 else 0) for x in range(WIDTH)]
    return bytes(min(255, shade + value) for value in light for shade in shades)


def sample_amr(seconds: int) -> bytes:
    """Silence in AMR narrow band, 50 frames a second."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * (50 * seconds)


def sample_ogg() -> bytes:
    """An Ogg Opus file with its two header pages and no sound."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 7) + b"sandbox" + struct.pack("<I", 0)
    return _ogg_page(head, 0, 2) + _ogg_page(tags, 1, 4)


def _ogg_page(packet: bytes, number: int, flags: int) -> bytes:
    header = b"OggS" + struct.pack("<BBqII", 0, flags, 0, 1, number)
    body = bytes([1, len(packet)]) + packet
    checksum = _ogg_checksum(header + bytes(4) + body)
    return header + struct.pack("<I", checksum) + body


def _ogg_checksum(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
    return crc & 0xFFFFFFFF


def sample_webp() -> bytes:
    """The smallest lossless WebP: one transparent pixel."""
    data = bytes.fromhex("2f00000010071011118888fe0700")
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def sample_mp4() -> bytes:
    """An MP4 header without a picture."""
    return struct.pack(">I", 24) + b"ftypisom" + struct.pack(">I", 512) + b"isommp41"
