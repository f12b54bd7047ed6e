"""Telegram on the phone: the bot's chat with inline buttons that spin until they are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from integrations.sandbox import media
from integrations.sandbox.people import Person
from integrations.sandbox.phone.composer import Composer
from integrations.sandbox.phone.conversation import Conversation
from integrations.sandbox.phone.parts import Open, avatar, box, icon_button, mark, rich_text, tile, words
from integrations.sandbox.phone.wechat_screen import location_card
from integrations.sandbox.state import Entry
from integrations.sandbox.telegram.patient import NotStarted
from integrations.sandbox.world import World

BOT_COLOR = "linear-gradient(160deg,#6fc3f7,#2f8ee0)"


class TelegramScreen:
    def __init__(self, world: World, person: Person, open_link: Open) -> None:
        self._world = world
        self._patients = world.telegram
        self.chat = world.telegram.chat(person)
        self._open = open_link
        self._shape: object = None
        self._toast_seen = self.chat.toast["id"] if self.chat.toast else ""
        self._editing: int | None = None
        self._conversation: Conversation | None = None
        self.composer: Composer | None = None
        self._subtitle: ui.label | None = None
        self.root = box("screen telegram", "telegram-screen")

    def refresh(self) -> None:
        shape = (self.chat.started, self.chat.blocked, str(self.chat.keyboard), len(self._world.bot.commands))
        if shape != self._shape:
            self._shape = shape
            self._build()
        if self._conversation and self._subtitle:
            self._conversation.refresh()
            until = self.chat.typing_until
            typing = until is not None and until > self._world.clock()
            self._subtitle.text = "正在输入…" if typing else "机器人"
        toast = self.chat.toast
        if toast and toast["id"] != self._toast_seen:
            self._toast_seen = toast["id"]
            self._show_toast(toast)

    def fill(self, text: str) -> None:
        if self.composer:
            self.composer.fill(text)

    def _show_toast(self, toast: dict[str, Any]) -> None:
        if toast["alert"]:
            with self.root, ui.dialog(value=True), ui.card():
                words(toast["text"], testid="alert")
        else:
            with self.root:
                made = words(toast["text"], "toast", "toast")
                ui.timer(4, made.delete, once=True)

    def _try(self, action: Callable[[], Any]) -> None:
        try:
            action()
        except NotStarted:
            ui.notify("请先开始对话", type="warning")
        except KeyError:
            ui.notify("这条消息已经变了", type="warning")
        if self.composer:
            self.composer.close_panel()

    def _build(self) -> None:
        self.root.clear()
        self._conversation = self.composer = None
        with self.root:
            self._head()
            self._conversation = Conversation(self.chat.thread, self._world.settings.zone, self._draw)
            if not self.chat.started:
                self._welcome()
            with box("foot"):
                if self.chat.blocked:
                    self._big_button("解除屏蔽并重新开始", "start")
                elif not self.chat.started:
                    self._big_button("开始", "start")
                else:
                    self._writing()
            self._conversation.refresh()

    def _head(self) -> None:
        with box("head"):
            ui.icon("arrow_back").classes("head-back")
            avatar("", 38, icon="local_hospital", color=BOT_COLOR, round_=True)
            with box("head-lines"):
                words(self._world.bot.name, "head-title", "chat-title")
                self._subtitle = words("机器人", "head-subtitle", "chat-subtitle")
            with icon_button("more_vert", "chat-more", "更多", lambda: None), ui.menu().props("auto-close"):
                item = ui.menu_item("屏蔽机器人", lambda: self._try(lambda: self._patients.block(self.chat)))
                mark(item, "block")
                item = ui.menu_item(
                    "分享手机号", lambda: self._try(lambda: self._patients.contact(self.chat))
                )
                mark(item, "send-contact")

    def _welcome(self) -> None:
        with self._conversation.body if self._conversation else box(), box("welcome"):
            words("这个机器人能做什么？", "welcome-title")
            words(f"{self._world.bot.name}：预约挂号、在线咨询、健康管理。点“开始”和我说话。")

    def _big_button(self, title: str, testid: str) -> None:
        button = mark(box("start-button", tag="button").props("type=button"), testid)
        with button:
            words(title)
        button.on("click", lambda: self._try(lambda: self._patients.start(self.chat)))

    def _writing(self) -> None:
        self.composer = Composer(self._say, self._send_picture, "消息", self._commands)
        chat, patients = self.chat, self._patients
        with self.composer.panel:
            tile("image", "相册", "send-upload", self.composer.pick)
            tile("photo_camera", "示例照片", "send-picture", lambda: self._send_picture(
                media.sample_picture(len(chat.thread.entries)), "image/png"))  # fmt: skip
            tile("mic", "语音", "send-voice", lambda: self._try(
                lambda: patients.voice(chat, media.sample_ogg(), 3)))  # fmt: skip
            tile("location_on", "位置", "send-location", lambda: self._try(
                lambda: patients.location(chat, 39.9087, 116.3975, "北京市东城区东长安街")))  # fmt: skip
            tile("sentiment_satisfied", "贴纸", "send-sticker", lambda: self._try(
                lambda: patients.sticker(chat, media.sample_webp(), "👍")))  # fmt: skip
            tile("videocam", "视频", "send-video", lambda: self._try(
                lambda: patients.video(chat, media.sample_mp4())))  # fmt: skip
            tile("description", "文件", "send-document", lambda: self._try(
                lambda: patients.document(chat, b"%PDF-1.4\n", "检查报告.pdf", "application/pdf")))  # fmt: skip
            tile("contact_phone", "手机号", "send-phone", lambda: self._try(
                lambda: patients.contact(chat)))  # fmt: skip
        self._reply_keyboard()

    def _commands(self) -> None:
        commands = self._world.bot.commands_for(self.chat)
        if not commands:
            return
        pill = mark(box("command-pill", tag="button").props("type=button"), "commands")
        with pill:
            ui.icon("menu")
            words("菜单")
            with ui.menu().props("auto-close"):
                for command in commands:
                    line = f"/{command['command']}"
                    item = ui.menu_item(
                        f"{line}  {command['description']}", lambda line=line: self._say(line)
                    )
                    mark(item, f"command-{command['command']}")

    def _reply_keyboard(self) -> None:
        if not self.chat.keyboard:
            return
        with box("reply-keyboard", "reply-keyboard"):
            for row in self.chat.keyboard:
                with box("button-row"):
                    for button in row:
                        self._reply_button(button)

    def _reply_button(self, button: dict[str, Any]) -> None:
        made = mark(box("reply-button", tag="button").props("type=button"), "reply-button")
        with made:
            words(button["text"])
        if button.get("request_contact"):
            made.on("click", lambda: self._try(lambda: self._patients.contact(self.chat)))
        else:
            made.on("click", lambda: self._say(button["text"]))

    def _say(self, text: str) -> None:
        if self._editing is None:
            self._try(lambda: self._patients.say(self.chat, text))
            return
        message_id, self._editing = self._editing, None
        self._try(lambda: self._patients.edit(self.chat, message_id, text))

    def _edit(self, entry: Entry) -> None:
        self._editing = int(entry.ref)
        self.fill(entry.body["text"])

    def _send_picture(self, content: bytes, mime: str) -> None:
        self._try(lambda: self._patients.picture(self.chat, content, "", mime))

    # Messages

    def _draw(self, entry: Entry) -> None:
        if entry.state == "deleted":
            return
        if entry.side == "notice":
            words(entry.body.get("text", ""), "notice", "notice")
            return
        with box("message-column"):
            with box("bubble", "bubble") as bubble:
                self._content(entry)
                self._stamp(entry)
                if entry.side == "patient" and entry.kind == "text":
                    with ui.context_menu().props("auto-close"):
                        mark(ui.menu_item("编辑", lambda: self._edit(entry)), "edit")
            if entry.kind == "sticker":
                bubble.classes("bare")
            for row in entry.body.get("inline_keyboard", []):
                with box("button-row"):
                    for button in row:
                        self._inline_button(entry, button)

    def _inline_button(self, entry: Entry, button: dict[str, str]) -> None:
        made = mark(box("inline-button", tag="button").props("type=button"), "inline-button")
        with made:
            words(button["text"])
            if button.get("url"):
                ui.icon("north_east").classes("corner")
            elif button["callback_data"] in entry.body.get("spinning", {}):
                ui.spinner(size="14px", color="white").classes("corner")
                mark(made, "inline-button", spinning="true")
        if button.get("url"):
            made.on("click", lambda: self._open(button["url"]))
            return
        data = button["callback_data"]
        mark(made, "inline-button", callback=data)
        made.on("click", lambda: self._try(lambda: self._patients.press(self.chat, int(entry.ref), data)))

    def _content(self, entry: Entry) -> None:
        body, kind = entry.body, entry.kind
        match kind:
            case "photo":
                box("picture", "picture", "img").props(f'src="/phone/files/{body["media_id"]}"')
                if body.get("text"):
                    rich_text(body["text"], self._open)
            case "voice":
                with box("voice-line"):
                    ui.icon("play_circle").classes("big")
                    words("▂▃▅▂▆▃▂▅▃▂▁", "wave")
                    words(f"0:0{body['seconds']}")
            case "sticker":
                words(body["sticker"], "sticker")
            case "location":
                location_card(body["text"])
            case "video":
                with box("picture video"):
                    ui.icon("play_circle")
            case "document":
                with box("voice-line"):
                    ui.icon("description").classes("big")
                    words(body["name"])
            case "contact":
                with box("voice-line"):
                    ui.icon("contact_phone").classes("big")
                    words(f"{self.chat.person.name}\n+86 {body['text']}")
            case _:
                rich_text(body.get("text", ""), self._open)

    def _stamp(self, entry: Entry) -> None:
        edited = "已编辑 " if entry.body.get("edited_at") else ""
        with box("stamp"):
            words(f"{edited}{entry.at.astimezone(self._world.settings.zone):%H:%M}")
            if entry.side == "patient":
                ui.icon("schedule" if entry.state == "sending" else "done_all")
