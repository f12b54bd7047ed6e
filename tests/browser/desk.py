"""The desk in a real browser, worked by a member of staff: by keyboard where the desk has a key for it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pyotp
from playwright.sync_api import Browser, Locator, expect

from bot.launching import demo_logins
from tests.stack import Stack, eventually

PATIENCE = 90_000  # milliseconds: a busy machine is no fault of the desk


# Notices go after seconds, for which a machine may stand still.
_REMEMBER_NOTICES = """
window.told = [];
new MutationObserver(() => document.querySelectorAll(".q-notification").forEach(
    one => window.told.includes(one.innerText) || window.told.push(one.innerText)
)).observe(document, {childList: true, subtree: true, characterData: true});
"""


class Agent:
    """Somebody of the demo hospital's staff, logged in and at work. `size`: of the screen."""

    def __init__(
        self, browser: Browser, stack: Stack, login: str, size: tuple[int, int] = (1280, 800)
    ) -> None:
        self._url = stack.desk_url
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        self.context.add_init_script(_REMEMBER_NOTICES)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        self._log_in(next(one for one in demo_logins.known(stack.options.var) if one.login == login))

    def _log_in(self, known: demo_logins.Login) -> None:
        self.page.goto(f"{self._url}/login")
        self.page.locator("#name").fill(known.login)
        self.page.locator("#password").fill(known.password)
        self.page.locator("form button").click()
        self.page.locator("#code").fill(pyotp.TOTP(known.totp_secret).now())
        self.page.locator("form button").click()
        expect(self.page.get_by_test_id("who")).to_be_visible()

    def goes_online(self) -> None:
        # A page that has just come may draw its button once more, and the menu goes with it: one presses again.
        online = self.page.get_by_test_id("state-online")
        while not online.is_visible():
            self.page.get_by_test_id("presence").click()
            self.page.wait_for_timeout(1000)
        online.click()
        expect(self.page.get_by_test_id("presence")).to_contain_text("在线")

    def open(self, path: str) -> None:
        self.page.goto(f"{self._url}{path}")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    # Talks

    def accepts(self, conversation: object) -> None:
        """Out of the list of those who wait, without a mouse."""
        self.open("/talks")
        self.page.locator(".dz-filters [data-filter=waiting]").press("Enter")
        self.page.locator(f'.dz-row[data-id="{conversation}"]').press("Enter")
        expect(self._act("接待")).to_be_visible()
        self.press("a")
        self.speaks()
        expect(self.page.locator(".dz-modes .on")).to_contain_text("回复")  # and no longer a note

    def speaks(self) -> None:
        """Waits until this talk is theirs."""
        expect(self.page.locator(".dz-head-sub")).to_contain_text("您接待中")
        expect(self._field).to_be_enabled()

    def comes_back(self, conversation: object) -> None:
        """To their talk, as soon as the desk answers again: still theirs, or, where that took longer than a minute,
        waiting for whoever takes it."""
        eventually(self._answers)
        self.open("/talks")
        self.page.locator(".dz-filters [data-filter=all]").press("Enter")
        self.page.locator(f'.dz-row[data-id="{conversation}"]').press("Enter")
        mine = self.page.locator(".dz-head-sub", has_text="您接待中")
        expect(mine.or_(self._act("接待")).first).to_be_visible()
        if not mine.is_visible():
            self.press("a")
        self.speaks()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self._url}/login").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def says(self, words: str) -> None:
        self._writes("r", words)
        expect(self.page.locator(".dz-line.staff .dz-words", has_text=words).first).to_be_visible()

    def says_canned(self, asked: str, words: str) -> None:
        """The canned reply that is found so."""
        self._writes("/", asked)  # chosen by the same key that sends it then
        expect(self._field).to_have_value(re.compile(words))
        self.press("Enter")
        expect(self.page.locator(".dz-line.staff .dz-words", has_text=words).first).to_be_visible()

    def notes(self, words: str) -> None:
        self._writes("n", words)
        expect(self.page.locator(".dz-line.note .dz-words", has_text=words).first).to_be_visible()

    def _writes(self, key: str, words: str) -> None:
        self.page.locator(".dz-head-title").click()  # out of any field: keys are commands there
        self.press(key)
        expect(self._field).to_be_focused()
        self.page.keyboard.type(words)
        self.press("Enter")

    def sends_picture(self, file: Path) -> None:
        self.page.locator(".dz-upload input[type=file]").set_input_files(file)

    def hears(self, words: str) -> None:
        expect(self.page.locator(".dz-line.patient .dz-words", has_text=words).first).to_be_visible()

    def sees_picture(self) -> None:
        """The patient's, loaded and drawn."""
        expect(self.page.locator(".dz-line.patient img").last).to_be_visible()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.dz-line.patient img')].some(one => one.naturalWidth > 0)"
        )

    def sees_alarm(self) -> None:
        expect(self.page.locator(".dz-event.red").first).to_be_visible()

    def hands_over_to(self, name: str, note: str) -> None:
        self.page.locator(".dz-head-title").click()
        self.press("t")
        dialog = self.page.locator(".desk-dialog")
        dialog.locator("input").first.fill(name)
        self.page.get_by_role("option", name=name).first.click()
        dialog.locator("textarea").fill(note)
        dialog.get_by_role("button", name="转接").click()
        self.told("已转接")

    def hands_back(self) -> None:
        self.page.locator(".dz-head-title").click()
        self.press("b")
        self.told("已交还机器人")

    # Queues

    def opens_consultation(self, consultation: object) -> None:
        self.open(f"/consultations?open={consultation}")
        expect(self.page.locator(".queue-drawer")).to_be_visible()

    def does(self, title: str, told: str = "") -> None:
        """A button of the open row, and what the desk says then."""
        self._button(title).click()
        if told:
            self.told(told)

    def has_done(self, title: str, told: str) -> None:
        """What can be done once: the details are drawn anew then, and what is pressed before goes with the old ones."""
        self.does(title, told)
        expect(self._button(title)).to_be_hidden()

    def _button(self, title: str) -> Locator:
        """Of the open row."""
        return self.page.locator(".drawer-actions").get_by_role("button", name=title)

    def told(self, words: str) -> None:
        """A notice, also one that has gone again."""
        self.page.wait_for_function("words => window.told.some(one => one.includes(words))", arg=words)

    def prescribes(self, *lines: tuple[str, str, str, int, int], why: str = "") -> None:
        """Medicine, dose, how often, days, packs; `why` in spite of each warning."""
        self.does("开处方")
        for number, line in enumerate(lines, 1):
            if number > 1:
                self.page.get_by_test_id("rx-add").click()
            self._fills(number, *line)
        self.page.get_by_test_id("rx-sign").click()
        if why:
            expect(self._rx("why", 1)).to_be_visible()
            for number in range(1, len(lines) + 1):
                if self._rx("why", number).is_visible():
                    self._rx("why", number).fill(why)
            self.page.get_by_test_id("rx-sign").click()
        self.told("送药师审核")

    def _fills(self, number: int, medicine: str, dose: str, often: str, days: int, packs: int) -> None:
        self._rx("code", number).fill(medicine)
        self.page.get_by_role("option", name=medicine).first.click()
        for name, value in (("dose", dose), ("frequency", often), ("days", days), ("packs", packs)):
            self._rx(name, number).fill(str(value))

    def _rx(self, name: str, number: int) -> Locator:
        return self.page.get_by_test_id(f"rx-{name}-{number}")

    def confirms(self, told: str, **fields: str) -> None:
        """Fills in what an action asks, by the titles of its fields, and goes on."""
        asking = self.page.locator(".queue-asking")
        for title, words in fields.items():
            asking.get_by_label(title).fill(words)
        asking.get_by_role("button").last.click()
        self.told(told)

    def _act(self, title: str) -> Locator:
        return self.page.locator(".dz-acts").get_by_role("button", name=title)

    @property
    def _field(self) -> Locator:
        return self.page.locator(".dz-box textarea")
