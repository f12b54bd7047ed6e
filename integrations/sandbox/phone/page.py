"""The page: people on the left, the phone in the middle, what goes over the wire on the right."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from nicegui import ui

from integrations.sandbox.people import Person
from integrations.sandbox.phone.browser_screen import BrowserScreen
from integrations.sandbox.phone.group_screen import GroupScreen
from integrations.sandbox.phone.inspector import Inspector
from integrations.sandbox.phone.parcels_screen import ParcelsScreen
from integrations.sandbox.phone.parts import avatar, box, icon_button, mark, words
from integrations.sandbox.phone.payment_sheet import PaymentSheet
from integrations.sandbox.phone.people_panel import PeoplePanel
from integrations.sandbox.phone.sms_screen import SmsScreen, code_in
from integrations.sandbox.phone.telegram_screen import TelegramScreen
from integrations.sandbox.phone.wallet_screen import WalletScreen
from integrations.sandbox.phone.wechat_screen import WeChatScreen
from integrations.sandbox.world import World

STYLE = Path(__file__).with_name("style.css")
TICK = 0.15  # seconds between two looks at the state
APPS = {
    "wechat": ("chat", "微信"), "telegram": ("send", "Telegram"), "sms": ("sms", "短信"),
    "wallet": ("account_balance_wallet", "钱包"), "parcels": ("local_shipping", "快递"),
    "browser": ("public", "浏览器"), "group": ("groups", "工作群"),
}  # fmt: skip
CHATS = ("wechat", "telegram")
NOTIFICATION_SECONDS = 12


Screen = (
    WeChatScreen | TelegramScreen | SmsScreen | WalletScreen | ParcelsScreen | BrowserScreen | GroupScreen
)


class Page:
    """One open browser tab. What it shows comes from the shared world, so that all tabs agree."""

    def __init__(self, world: World, person_key: str, app: str) -> None:
        self._world = world
        self._person = (
            world.people.get(person_key) or next(iter(world.people.newest(1)), None) or world.people.make()
        )
        self._apps = {name: entry for name, entry in APPS.items() if name != "group" or world.bot.group}
        self._app = app if app in self._apps else "wechat"
        self._chat_app = self._app if self._app in CHATS else "wechat"
        self._screen: Screen | None = None
        self._sms_seen = self._last_sms()
        self._minute = ""
        ui.add_css(STYLE.read_text(encoding="utf-8"))
        with box("stage"):
            with box("side left"):
                self._people = PeoplePanel(world, self.choose, self.fill)
            self._phone()
            with box("side right"):
                self._inspector = Inspector(world)
        with ui.dialog() as self._drawer, ui.card().classes("people-card"):
            self._people_small = PeoplePanel(world, self.choose, self.fill, testid="small-")
        self._show()
        self._own_phone()
        ui.timer(TICK, self._tick)

    def _phone(self) -> None:
        with box("phone", "phone"), box("glass"):
            with box("status-bar"):
                self._time = words("", "status-time")
                with box("status-icons"):
                    for icon in ("signal_cellular_alt", "wifi", "battery_full"):
                        ui.icon(icon)
            self._view = box("view")
            with box("dock"):
                self._dock = {
                    app: self._dock_entry(app, icon, title) for app, (icon, title) in self._apps.items()
                }
                with mark(
                    box("dock-entry small-only", tag="button").props("type=button"), "people-button"
                ) as entry:
                    with box("dock-icon people"):
                        ui.icon("group")
                    words("患者")
                entry.on("click", self._drawer_open)
            self._overlay = box("overlay")
            self._sheet = PaymentSheet(self._world, box("sheet-place"))
            self._banner = box("banner-place")

    def _drawer_open(self) -> None:
        self._drawer.open()

    def _dock_entry(self, app: str, icon: str, title: str) -> ui.element:
        entry = mark(box("dock-entry", tag="button").props("type=button"), f"app-{app}")
        with entry:
            with box(f"dock-icon {app}"):
                ui.icon(icon)
            words(title)
        entry.on("click", lambda: self.open_app(app))
        return entry

    # Choosing

    def choose(self, person: Person) -> None:
        self._close_link()
        self._person = person
        self._sms_seen = self._last_sms()
        self._drawer.close()
        self._show()
        self._own_phone()

    def _own_phone(self) -> None:
        where = f"/phone/owner?person={self._person.key}"
        ui.run_javascript(f"fetch('{where}').then(() => fetch('{where}&known=1'))")

    def open_app(self, app: str) -> None:
        self._app = app
        if app in CHATS:
            self._chat_app = app
        self._show()

    def fill(self, text: str) -> None:
        """Puts text into the line of the chat, which comes to the front."""
        self._drawer.close()
        if self._app not in CHATS:
            self.open_app(self._chat_app)
        if isinstance(self._screen, WeChatScreen | TelegramScreen):
            self._screen.fill(text)

    def _show(self) -> None:
        self._view.clear()
        self._close_link()
        self._banner.clear()
        with self._view:
            match self._app:
                case "telegram":
                    self._screen = TelegramScreen(self._world, self._person, self.open_link)
                case "sms":
                    self._screen = SmsScreen(self._world, self._person, self.fill)
                    self._sms_seen = self._last_sms()
                case "wallet":
                    self._screen = WalletScreen(self._world, self._person, self.open_link)
                case "parcels":
                    self._screen = ParcelsScreen(self._world, self._person)
                case "browser":
                    self._screen = BrowserScreen(self.open_link)
                case "group" if self._world.bot.group:
                    self._screen = GroupScreen(self._world, self._world.bot.group, self.open_link)
                case _:
                    self._screen = WeChatScreen(self._world, self._person, self.open_link)
        for app, entry in self._dock.items():
            entry.classes(
                add="active" if app == self._app else "", remove="" if app == self._app else "active"
            )
        ui.navigate.history.replace(f"/?person={self._person.key}&app={self._app}")
        self._tick()

    # Links open inside the phone

    def open_link(self, url: str) -> None:
        self._overlay.clear()
        with self._overlay, box("webview", "webview"):
            with box("webview-head"):
                icon_button("close", "webview-close", "关闭", self._close_link)
                words(urlsplit(url).netloc, "webview-title")
                outside = box("icon-button", tag="a").props(f'href="{url}" target=_blank rel=noopener')
                with mark(outside, "webview-outside"):
                    ui.icon("open_in_new")
            # WeChat's browser knows whose it is; the stand-in for its script reads the frame's name.
            user = self._world.account.user_of(self._person) if self._app == "wechat" else None
            name = f"wechat:{user.openid}" if user else f"person:{self._person.key}"
            mark(box("webview-frame", tag="iframe").props(f'src="{url}" name="{name}"'), "webview-frame")

    def _close_link(self) -> None:
        self._overlay.clear()
        self._sheet.clear(self._person)

    # Keeping in step

    def _tick(self) -> None:
        if self._screen:
            self._screen.refresh()
        self._sheet.refresh(self._person)
        self._people.refresh(self._person)
        self._people_small.refresh(self._person)
        self._inspector.refresh(self._person)
        minute = f"{self._world.clock().astimezone(self._world.settings.zone):%H:%M}"
        if minute != self._minute:
            self._minute = self._time.text = minute
        self._notify()

    def _last_sms(self) -> int:
        inbox = self._world.sms.inbox(self._person.phone)
        return inbox[-1].id if inbox else 0

    def _notify(self) -> None:
        """Shows an SMS that has just arrived at the top of the phone."""
        last = self._last_sms()
        if last <= self._sms_seen:
            return
        self._sms_seen = last
        if self._app == "sms":
            return
        message = self._world.sms.inbox(self._person.phone)[-1]
        self._banner.clear()
        with self._banner, box("banner", "sms-notification") as banner:
            avatar("", 34, icon="sms", color="#34c759")
            with box("banner-lines") as lines:
                words("短信 · 现在", "banner-title")
                words(message.text, "banner-text")
            lines.on("click", lambda: self.open_app("sms"))
            if code := code_in(message):
                button = mark(
                    box("banner-code", tag="button").props("type=button"), "banner-use-code", code=code
                )
                with button:
                    words("填入")
                button.on("click", lambda: self._take_code(code))
            ui.timer(NOTIFICATION_SECONDS, banner.delete, once=True)

    def _take_code(self, code: str) -> None:
        self._banner.clear()
        self.fill(code)
