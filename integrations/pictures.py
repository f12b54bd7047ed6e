"""Pictures made anew from their pixels: where one was taken, and what else hides in a file, stays behind."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from integrations.messages import Picture

MOST_PIXELS = 40_000_000  # a phone's camera has 12 to 50 million; a file of few bytes may claim billions
LONGEST_SIDE = 2560
_TAKEN = ("PNG", "JPEG", "GIF")
_PHOTOGRAPHS = ("JPEG", "MPO")  # some phones put several pictures into one JPEG
_HEAVY = 2**20  # bytes: a photograph; as PNG it would be many times what it is as JPEG
_QUALITY = 88


class NotAPicture(ValueError):
    """It is not what its bytes promise, or none of the kinds that every platform takes."""


def redrawn(content: bytes) -> Picture:
    """The picture that these bytes show (of a moving one the first), upright, at most LONGEST_SIDE wide or high.
    Raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(content), formats=_TAKEN) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture("too many pixels")
            upright = ImageOps.exif_transpose(opened)
            clear = upright.convert("RGBA" if _see_through(upright) else "RGB")
    except NotAPicture:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise NotAPicture(type(error).__name__) from error
    clear.info.clear()
    clear.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    photograph = opened.format in _PHOTOGRAPHS
    drawn = _written(clear, "JPEG" if photograph else "PNG")
    if len(drawn.content) > _HEAVY and clear.mode == "RGB" and not photograph:
        drawn = min(drawn, _written(clear, "JPEG"), key=lambda one: len(one.content))
    return drawn


def _see_through(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _written(picture: Image.Image, kind: str) -> Picture:
    file = io.BytesIO()
    if kind == "JPEG":
        picture.save(file, kind, quality=_QUALITY, optimize=True)
    else:
        picture.save(file, kind, optimize=True)
    return Picture(file.getvalue(), f"image/{kind.lower()}")
