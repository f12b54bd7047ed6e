"""Takes the README's picture: a booking on the sandbox's phone. Run `python -m tests.browser.screenshot` while
`make run` is up; `--out` names another file, `--sandbox` another address, `--dark` and `--phone` other looks."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page

from integrations.settings import ROOT
from tests.browser.phone import chromium
from tests.patients import WeChatPatient

MOST_BYTES = 300_000


def main() -> None:
    options = _options()
    with httpx.Client(base_url=f"{options.sandbox}/inspect", timeout=60) as sandbox:
        patient = WeChatPatient.arrive(sandbox)
        patient.register()
        patient.say("下周三上午想看心内科")
        with chromium() as browser:
            size = {"width": 390, "height": 844} if options.phone else {"width": 1360, "height": 880}
            context = browser.new_context(
                viewport=size,  # type: ignore[arg-type]
                device_scale_factor=2 if options.phone else 1,
                color_scheme="dark" if options.dark else "light",
                locale="zh-CN",
            )
            page = context.new_page()
            page.goto(f"{options.sandbox}/?person={patient.person}&app=wechat")
            _settled(page, lambda: patient.choose("李静"))
            _save(page.screenshot(), options.out)


def _save(png: bytes, out: Path) -> None:
    """With 256 colours, which nobody misses and which take a third of the room."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT).save(out, optimize=True)
    if out.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{out} is larger than {MOST_BYTES} bytes")


def _settled(page: Page, act: Callable[[], object]) -> None:
    """Acts, and waits until the answer stands on the screen and its fonts are there."""
    act()
    answer = page.locator('[data-testid="message"][data-side="account"]').last
    answer.get_by_text(re.compile("请确认")).wait_for()
    page.evaluate("document.fonts.ready")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", default="http://127.0.0.1:8100")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/booking.png")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--phone", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
