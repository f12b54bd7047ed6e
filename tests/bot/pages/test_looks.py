"""The pages can be read in light and dark, and in large letters: contrast and sizes are those of WCAG 2.2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import pages

TEMPLATES = Path(pages.__file__).with_name("templates")
BASE = (TEMPLATES / "base.html").read_text("utf-8")
LEAST = 4.5  # 1.4.3, for text of a usual size
# What is written on what.
PAIRS = [
    ("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("main-ink", "main"), ("main", "card"),
    ("bad", "card"), ("bad", "bad-paper"), ("ink", "good"), ("ink", "bad-paper"),
]  # fmt: skip


def colours(mode: str) -> dict[str, str]:
    [found] = re.findall({"light": r"(?m)^:root {(.*?)}", "dark": r"dark\) { :root {(.*?)}"}[mode], BASE)
    return dict(re.findall(r"--([\w-]+): (#\w{6})", found))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_is_written_stands_out(mode: str) -> None:
    known = colours(mode)
    for written, on in PAIRS:
        bright, dim = sorted((luminance(known[written]), luminance(known[on])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= LEAST, f"{written} on {on}"


def rest_of(page: Path, *more: str) -> str:
    """Without WeChat's own button, and what `more` names."""
    left = "|".join((r"<wx-open-subscribe.*?</wx-open-subscribe>", *more))
    return re.sub(left, "", page.read_text("utf-8"), flags=re.DOTALL)


def test_no_colour_is_left_to_one_mode() -> None:
    """But white behind a code: a scanner wants it."""
    assert colours("light").keys() == colours("dark").keys()
    for page in TEMPLATES.glob("*.html"):
        rest = rest_of(page, r":root {.*?}", r"\.qr {.*?}")
        assert not re.findall(r"(?:color|background):[^;]*#[0-9a-fA-F]{3,6}\b", rest), page.name


def test_letters_grow_with_the_readers_setting() -> None:
    for page in TEMPLATES.glob("*.html"):
        rest = rest_of(page)
        assert not re.findall(r"(?:font(?:-size)?|height|width): [^;]*\b\d+px", rest), page.name
        assert "user-scalable" not in rest, page.name
        assert "maximum-scale" not in rest, page.name
