"""WeChat on the phone: the account's profile until it is followed, then the chat with its menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from integrations.sandbox import media
from integrations.sandbox.people import Person
from integrations.sandbox.phone.composer import Composer
from integrations.sandbox.phone.conversation import Conversation
from integrations.sandbox.phone.parts import Open, avatar, box, icon_button, mark, rich_text, tile, words
from integrations.sandbox.state import Entry
from integrations.sandbox.wechat.patient import NotFollowing
from integrations.sandbox.world import World

ACCOUNT_COLOR = "#1f8f6b"


class WeChatScreen:
    def __init__(self, world: World, person: Person, open_link: Open) -> None:
        self._world = world
        self._patients = world.wechat
        self.user = world.wechat.user(person)
        self._open = open_link
        self._shape: tuple[bool, int] | None = None
        self._keyboard = not world.account.menu
        self._conversation: Conversation | None = None
        self.composer: Composer | None = None
        self._title: ui.label | None = None
        self.root = box("screen wechat", "wechat-screen")

    def refresh(self) -> None:
        """Called several times a second: draws what changed."""
        shape = (self.user.followed, self._world.account.menu_version)
        if shape != self._shape:
            self._shape = shape
            self._build()
        if self._conversation and self._title:
            self._conversation.refresh()
            until = self.user.typing_until
            typing = until is not None and until > self._world.clock()
            self._title.text = "对方正在输入…" if typing else self._world.account.name

    def fill(self, text: str) -> None:
        self._keyboard = True
        self._build()
        if self.composer:
            self.composer.fill(text)

    def _build(self) -> None:
        self.root.clear()
        self._conversation = self.composer = None
        with self.root:
            if self.user.followed:
                self._chat()
            else:
                self._profile()
        self.refresh_conversation()

    def refresh_conversation(self) -> None:
        if self._conversation:
            self._conversation.refresh()

    def _try(self, action: Callable[[], Any]) -> None:
        if not self._world.account.configured:
            ui.notify("公众号尚未配置：缺少 WECHAT_APPID、WECHAT_TOKEN 或 WECHAT_AES_KEY", type="warning")
            return
        try:
            action()
        except NotFollowing:
            ui.notify("请先关注公众号", type="warning")
        if self.composer:
            self.composer.close_panel()

    # The profile

    def _profile(self) -> None:
        with box("head"):
            words("公众号", "head-title")
        with box("profile"):
            avatar("", 76, icon="local_hospital", color=ACCOUNT_COLOR)
            words(self._world.account.name, "profile-name")
            words("服务号 · 预约挂号、在线咨询、健康管理", "profile-text")
            button = mark(box("follow-button", tag="button").props("type=button"), "follow")
            with button:
                words("关注公众号")
            button.on("click", lambda: self._try(lambda: self._patients.follow(self.user)))
            scan = mark(box("scan-button", tag="button").props("type=button"), "follow-by-scan")
            with scan:
                ui.icon("qr_code_scanner")
                words("扫门诊二维码关注")
            scan.on("click", lambda: self._try(lambda: self._patients.follow(self.user, "clinic")))

    # The chat

    def _chat(self) -> None:
        with box("head"):
            ui.icon("arrow_back_ios_new").classes("head-back")
            self._title = words(self._world.account.name, "head-title", "chat-title")
            with icon_button("more_horiz", "chat-more", "更多", lambda: None), ui.menu().props("auto-close"):
                more = ui.menu_item(
                    "扫一扫", lambda: self._try(lambda: self._patients.scan(self.user, "clinic"))
                )
                mark(more, "scan")
                blocks = self.user.blocks_notices
                notices = ui.menu_item("接收模板消息" if blocks else "拒收模板消息", self._toggle_notices)
                mark(notices, "block-notices")
                revoke = ui.menu_item(
                    "关闭订阅通知", lambda: self._try(lambda: self._patients.revoke_permission(self.user, ""))
                )
                mark(revoke, "revoke-notices")
                less = ui.menu_item("取消关注", lambda: self._try(lambda: self._patients.unfollow(self.user)))
                mark(less, "unfollow")
        self._conversation = Conversation(self.user.thread, self._world.settings.zone, self._draw)
        with box("foot"):
            if self._world.account.menu and not self._keyboard:
                self._menu()
            else:
                self._writing()

    def _toggle_notices(self) -> None:
        self.user.blocks_notices = not self.user.blocks_notices
        self._build()

    def _switch(self) -> None:
        self._keyboard = not self._keyboard
        self._build()

    def _menu(self) -> None:
        with box("account-menu", "account-menu"):
            icon_button("keyboard", "toggle-keyboard", "切换到键盘", self._switch)
            for place, entry in enumerate(self._world.account.menu):
                self._menu_entry(entry, place)

    def _menu_entry(self, entry: dict[str, Any], place: int) -> None:
        made = mark(box("menu-entry", tag="button").props("type=button"), f"menu-{place}")
        children = entry.get("sub_button") or []
        with made:
            if children:
                ui.icon("menu")
            words(entry["name"])
            if children:
                with (
                    ui.menu().props('auto-close anchor="top middle" self="bottom middle"').classes("submenu")
                ):
                    for number, child in enumerate(children):
                        item = ui.menu_item(child["name"], lambda child=child: self._tap(child))
                        mark(item, f"menu-{place}-{number}")
            else:
                made.on("click", lambda: self._tap(entry))

    def _tap(self, entry: dict[str, Any]) -> None:
        self._try(lambda: self._patients.tap_menu(self.user, entry))
        if entry["type"] == "view":
            self._open(entry["url"])

    def _writing(self) -> None:
        def before() -> None:
            if self._world.account.menu:
                icon_button("menu_open", "toggle-keyboard", "切换到菜单", self._switch)

        self.composer = Composer(self._say, self._send_picture, "", before)
        user, patients = self.user, self._patients
        with self.composer.panel:
            tile("image", "相册", "send-upload", self.composer.pick)
            tile("photo_camera", "示例照片", "send-picture", lambda: self._send_picture(
                media.sample_picture(len(user.thread.entries)), "image/png"))  # fmt: skip
            tile("mic", "语音", "send-voice", lambda: self._try(
                lambda: patients.voice(user, media.sample_amr(3), 3, None)))  # fmt: skip
            tile("record_voice_over", "语音转文字", "send-voice-text", self._ask_recognition)
            tile("location_on", "位置", "send-location", lambda: self._try(
                lambda: patients.location(user, 39.9087, 116.3975, "北京市东城区东长安街")))  # fmt: skip
            tile("sentiment_satisfied", "表情", "send-sticker", lambda: self._try(
                lambda: patients.sticker(user, "👍")))  # fmt: skip
            tile("videocam", "视频", "send-video", lambda: self._try(
                lambda: patients.video(user, media.sample_mp4())))  # fmt: skip
            tile("link", "链接", "send-link", lambda: self._try(
                lambda: patients.link(user, "健康科普：春季养生", "https://example.org/health")))  # fmt: skip

    def _ask_recognition(self) -> None:
        """The text in the line is what WeChat recognises of the recording."""
        text = (self.composer.input.value if self.composer else "") or "我想预约挂号"
        if self.composer:
            self.composer.input.value = ""
        self._try(lambda: self._patients.voice(self.user, media.sample_amr(3), 3, text))

    def _say(self, text: str) -> None:
        self._try(lambda: self._patients.say(self.user, text))

    def _send_picture(self, content: bytes, mime: str) -> None:
        self._try(lambda: self._patients.picture(self.user, content, mime))

    # Messages

    def _draw(self, entry: Entry) -> None:
        if entry.side == "notice" or entry.kind == "event":
            words(entry.body.get("text", ""), "notice", "notice")
            return
        patient = entry.side == "patient"
        if not patient:
            avatar("", 38, icon="local_hospital", color=ACCOUNT_COLOR)
        if patient and entry.state == "sending":
            ui.spinner(size="16px", color="grey").classes("state")
        if patient and entry.state == "failed":
            ui.icon("error").classes("state failed")
        self._content(entry)
        if patient:
            avatar(self.user.person.name, 38)

    def _content(self, entry: Entry) -> None:
        body, kind = entry.body, entry.kind
        if "sticker" in body:
            words(body["sticker"], "sticker")
        elif kind == "image":
            box("picture", "picture", "img").props(f'src="/wechat/pictures/{body["media_id"]}"')
        elif kind == "voice":
            self._voice(body)
        elif kind == "news":
            self._news(body["articles"])
        elif kind == "service_notice":
            self._service_notice(body)
        elif kind == "location":
            location_card(body["text"])
        elif kind in ("video", "shortvideo"):
            with box("picture video"):
                ui.icon("play_circle")
        elif kind == "transfer_customer_service":
            words("已转接人工客服", "bubble")
        else:
            self._text(body)

    def _text(self, body: dict[str, Any]) -> None:
        with box("bubble", "bubble"):
            rich_text(body.get("text", ""), self._open)
            if body.get("url"):
                rich_text("\n" + body["url"], self._open)
            for item in body.get("items", []):
                line = mark(words(item["content"], "menu-item"), "msgmenu-item", item=item["id"])
                line.on("click", lambda item=item: self._try(
                    lambda: self._patients.choose(self.user, item["id"], item["content"])))  # fmt: skip
            if body.get("tail"):
                rich_text(body["tail"], self._open)

    def _voice(self, body: dict[str, Any]) -> None:
        with box("voice-box"):
            with box("bubble voice", "bubble"):
                words(f"{body.get('seconds', 1)}″")
                ui.icon("graphic_eq")
            if body.get("recognition"):
                words(body["recognition"], "recognition")

    def _service_notice(self, body: dict[str, Any]) -> None:
        with mark(box("card service-notice"), "service-notice"):
            words(body["title"], "notice-title")
            for label, value in body["lines"]:
                with box("notice-line"):
                    words(label, "notice-label")
                    words(value, "notice-value")
            if body["url"]:
                with mark(box("notice-more", tag="button").props("type=button"), "notice-open") as more:
                    words("查看详情")
                    ui.icon("chevron_right")
                more.on("click", lambda: self._open(body["url"]))

    def _news(self, articles: list[dict[str, str]]) -> None:
        with box("card"):
            for article in articles:
                row = box("article", "article")
                with row:
                    words(article["title"], "article-title")
                    words(article["description"], "article-text")
                row.on("click", lambda url=article["url"]: self._open(url))


def location_card(label: str) -> None:
    with box("card location"):
        words(label, "article-title")
        with box("map"):
            ui.icon("location_on")
