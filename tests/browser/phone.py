"""The sandbox's phone in a real browser, used as a hand would use it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ANSWERS = '[data-testid="message"][data-side="account"]'
PATIENCE = 90_000  # milliseconds until an answer must be there: the machine may stand still


class NoBrowser(Exception):
    """Neither Debian's Chromium nor Playwright's own is installed."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises NoBrowser."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        if program is None and not Path(playwright.chromium.executable_path).exists():
            raise NoBrowser
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Phone:
    """One patient's phone in one tab: a new one's, or that of a person whom the sandbox knows."""

    def __init__(self, page: Page, address: str, app: str, name: str = "", *, person: str = "") -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.goto(f"{address}/?person={person}" if person else address)
        if not person:
            self._new_patient(name)
        page.get_by_test_id(f"app-{app}").click()

    def _new_patient(self, name: str) -> None:
        self.page.get_by_test_id("new-person").click()
        if name:
            self.page.get_by_test_id("new-name").fill(name)
        before = self.page.get_by_test_id("person-phone").first.inner_text()
        self.page.get_by_test_id("create-person").click()
        expect(self.page.get_by_test_id("person-phone").first).not_to_have_text(before)

    def fact(self, name: str) -> str:
        """name, phone or id-number of this phone's owner."""
        return self.page.get_by_test_id(f"person-{name}").first.inner_text()

    @property
    def answers(self) -> Locator:
        return self.page.locator(ANSWERS)

    def says(self, words: str | re.Pattern[str]) -> None:
        """Waits until the account's last message holds the words."""
        expect(self.answers.last).to_contain_text(words)

    def write(self, text: str, *, expecting: str = "") -> None:
        """Types a message; then waits until a new message of the account holds `expecting`."""
        before = self.answers.count()
        self._keyboard()
        self.page.get_by_test_id("message-input").fill(text)
        self.page.get_by_test_id("send").click()
        self._answered(before, expecting)

    def hears(self, words: str) -> None:
        """Waits until one of the account's messages holds the words."""
        expect(self.answers.filter(has_text=words).last).to_be_visible()

    def send_picture(self) -> None:
        self._keyboard()
        self.page.get_by_test_id("plus").click()
        self.page.get_by_test_id("send-picture").click()

    def sees_picture(self) -> None:
        """Waits until the account has sent one."""
        expect(self.answers.get_by_test_id("picture").last).to_be_visible()

    def _keyboard(self) -> None:
        """WeChat shows the menu in its place at first."""
        keyboard = self.page.get_by_test_id("toggle-keyboard")
        if not self.page.get_by_test_id("message-input").is_visible() and keyboard.is_visible():
            keyboard.click()

    def press(self, title: str, *, expecting: str = "") -> None:
        """Presses the last message's first inline button whose title holds the words (Telegram)."""
        before = self.answers.count()
        self.answers.last.get_by_test_id("inline-button").filter(has_text=title).first.click()
        self._answered(before, expecting)

    def _answered(self, before: int, expecting: str) -> None:
        """Waits until one of the messages after the first `before` holds the words: an older one may hold them as
        well, and a picture may follow the one that does."""
        if expecting:
            self.page.wait_for_function(
                "([answers, before, words]) => [...document.querySelectorAll(answers)]"
                ".slice(before).some(answer => answer.innerText.includes(words))",
                arg=[ANSWERS, before, expecting],
            )

    def sms_code(self, sandbox: Any) -> str:
        """The code in the last SMS to this phone."""
        messages = sandbox.get("/sms", params={"phone": self.fact("phone")}).json()["messages"]
        return re.findall(r"(?<!\d)\d{6}(?!\d)", messages[-1]["text"])[-1]
