"""The staff's Telegram group, where there is one: all its topics in one list, as Telegram shows them "as messages",
and a line to write in the one that is chosen. Whoever holds the phone is a member with the user id STAFF."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from integrations.sandbox import media
from integrations.sandbox.phone.composer import Composer
from integrations.sandbox.phone.conversation import Conversation
from integrations.sandbox.phone.parts import Open, avatar, box, mark, rich_text, tile, words
from integrations.sandbox.state import Entry
from integrations.sandbox.telegram.group import Group, Topic
from integrations.sandbox.telegram.members import Members
from integrations.sandbox.world import World

STAFF = 4711
COMMANDS = ("/take", "/note ", "/back", "/close")


class GroupScreen:
    def __init__(self, world: World, group: Group, open_link: Open) -> None:
        self._world, self._group, self._open = world, group, open_link
        self._members = Members(world.bot, world.updates)
        self._user = {"id": STAFF, "is_bot": False, "first_name": "staff"}
        self._chosen = 0
        self._shape: object = None
        self.root = box("screen telegram group", "group-screen")
        with self.root:
            with box("head"):
                avatar("", 38, icon="groups", color="#6b7f91", round_=True)
                with box("head-lines"):
                    words(group.title, "head-title", "chat-title")
                    words(f"您的 user id：{STAFF}", "head-subtitle")
            self._topics = box("topics", "topics")
            self._conversation = Conversation(group.thread, world.settings.zone, self._draw)
            with box("foot"):
                self.composer = Composer(self._say, self._send_picture, "在话题里写", lambda: None)
                with self.composer.panel:
                    for line in COMMANDS:
                        tile(
                            "terminal", line.strip(), f"command-{line.strip('/ ')}", partial(self.fill, line)
                        )
                    tile("photo_camera", "示例照片", "send-picture", lambda: self._send_picture(
                        media.sample_picture(len(group.thread.entries)), "image/png"))  # fmt: skip

    def refresh(self) -> None:
        shape = [(one.id, one.name, one.closed) for one in self._group.topics.values()]
        if shape != self._shape:
            self._shape = shape
            if self._chosen not in self._group.topics:
                self._choose(max(self._group.topics, default=0))
            self._show_topics()
        self._conversation.refresh()

    def fill(self, text: str) -> None:
        self.composer.close_panel()
        self.composer.fill(text)

    def _choose(self, topic: int) -> None:
        self._chosen = topic
        self._show_topics()

    def _show_topics(self) -> None:
        self._topics.clear()
        with self._topics:
            for one in reversed(self._group.topics.values()):
                self._chip(one)

    def _chip(self, topic: Topic) -> None:
        chosen = "chosen" if topic.id == self._chosen else ""
        chip = mark(box(f"topic {chosen}", tag="button").props("type=button"), "topic", topic=topic.id)
        with chip:
            words(topic.name)
            if topic.closed:
                ui.icon("lock")
        chip.on("click", lambda: self._choose(topic.id))

    def _say(self, text: str) -> None:
        self._write("text", {"text": text})

    def _send_picture(self, content: bytes, _: str) -> None:
        self.composer.close_panel()
        self._write("photo", {"text": ""} | self._members.picture(content))

    def _write(self, kind: str, body: dict[str, object]) -> None:
        try:
            self._members.write(self._group, self._chosen, self._user, kind, body, anonymous=False)
        except KeyError:
            ui.notify("这个话题关着，或已不在", type="warning")

    def _draw(self, entry: Entry) -> None:
        if entry.side == "notice":
            words(f"新话题：{entry.body['text']}", "notice", "notice")
            return
        with box("message-column"), box("bubble", "bubble"):
            words(self._name(entry.body.get("topic", 0)), "topic-name")
            if entry.kind == "photo":
                box("picture", "picture", "img").props(f'src="/phone/files/{entry.body["media_id"]}"')
            if entry.body.get("text"):
                rich_text(entry.body["text"], self._open)
            with box("stamp"):
                words(f"{entry.at.astimezone(self._world.settings.zone):%H:%M}")

    def _name(self, number: int) -> str:
        topic = self._group.topics.get(number)
        return topic.name if topic else "（话题已删除）" if number else "General"
