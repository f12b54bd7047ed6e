"""Pictures are made anew: what else is in a file does not travel."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from integrations.pictures import LONGEST_SIDE, MOST_PIXELS, NotAPicture, redrawn

SCRIPT = b"<script>alert(1)</script>"


def _file(kind: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", **more: object) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, 1 if mode == "1" else "teal").save(made, kind, **more)  # type: ignore[arg-type]
    return made.getvalue()


def _claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be so large."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/png")]
)
def test_pixels_stay_and_all_else_goes(kind: str, mime: str) -> None:
    made = redrawn(_file(kind) + SCRIPT)
    assert made.mime == mime
    assert SCRIPT not in made.content
    with Image.open(io.BytesIO(made.content)) as shown:
        assert (shown.size, shown.convert("RGB").getpixel((9, 9))[2] > 100) == ((60, 40), True)


def test_of_a_phone_that_keeps_two_pictures_in_one_file_the_first_is_a_photograph() -> None:
    both = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(
        both, "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40), "red")]
    )
    assert redrawn(both.getvalue()).mime == "image/jpeg"


def test_where_it_was_taken_stays_behind_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "ward 3, bed 12"
    made = redrawn(_file("JPEG", exif=exif))
    with Image.open(io.BytesIO(made.content)) as shown:
        assert shown.size == (40, 60)
        assert not dict(shown.getexif())
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "ward 3, bed 12")
    assert b"ward 3" not in redrawn(_file("PNG", pnginfo=notes)).content
    assert b"ward 3" not in redrawn(_file("JPEG", comment="ward 3, bed 12")).content


def test_what_is_seen_through_stays_so_and_what_is_large_becomes_smaller() -> None:
    with Image.open(io.BytesIO(redrawn(_file("PNG", mode="RGBA")).content)) as shown:
        assert shown.mode == "RGBA"
    with Image.open(io.BytesIO(redrawn(_file("PNG", (LONGEST_SIDE * 2, 100))).content)) as shown:
        assert shown.size == (LONGEST_SIDE, 50)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SCRIPT,
        b"\x89PNG\r\n\x1a\n" + SCRIPT,  # by its first bytes it is one
        b"GIF89a=1;alert(1)",
        _file("PNG")[:70],
        _file("BMP"),
        _file("WEBP"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        _claiming(100_000, 100_000),
    ],
    ids=["nothing", "html", "html in png", "script in gif", "half", "bmp", "webp", "svg", "bomb"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        redrawn(content)


def test_a_picture_of_too_many_pixels_is_refused_though_it_could_be_drawn() -> None:
    large = _file("PNG", (8000, MOST_PIXELS // 8000 + 1), "1")
    assert len(large) < 200_000
    with pytest.raises(NotAPicture, match="too many pixels"):
        redrawn(large)
