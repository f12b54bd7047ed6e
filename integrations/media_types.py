"""What a file is, by its first bytes: names and headers that come with it are not believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.messages import Kind

_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"#!AMR", "audio/amr"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\x02#!SILK_V3", "audio/silk"),
    (b"#!SILK_V3", "audio/silk"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
# Containers that name themselves further in: RIFF….WAVE, ….ftypheic
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_HEIF: Final = {b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis"}
_SOUND: Final = {b"M4A ", b"M4B "}

_PICTURES: Final = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/bmp", "image/webp", "image/heic"}
)
_SOUNDS: Final = frozenset({"audio/amr", "audio/ogg", "audio/mpeg", "audio/silk", "audio/wav", "audio/mp4"})
_FILMS: Final = frozenset({"video/mp4", "video/quicktime", "video/webm"})

# What is kept of each kind of message. Office documents and archives are not: they may carry programs.
KEPT: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.IMAGE: _PICTURES,
    Kind.VOICE: _SOUNDS,
    Kind.VIDEO: _FILMS | {"image/gif"},  # Telegram's animations
    Kind.FILE: _PICTURES | _SOUNDS | _FILMS | {"application/pdf"},
}


def media_type(content: bytes) -> str | None:
    """The MIME type, or None for what is none of those that patients send."""
    for start, mime in _STARTS:
        if content.startswith(start):
            return mime
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12])
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        if brand in _HEIF:
            return "image/heic"
        if brand in _SOUND:
            return "audio/mp4"
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    return None
