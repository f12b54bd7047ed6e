"""What a patient does in WeChat, and the message or event that the program hears of it."""

from __future__ import annotations

import asyncio
from typing import Any

from integrations.sandbox.people import Person
from integrations.sandbox.state import Background, Entry
from integrations.sandbox.wechat.account import Account, WeChatUser
from integrations.sandbox.wechat.callback import Callbacks, Delivery, shown
from integrations.sandbox.wechat.quota import Trigger
from integrations.sandbox.wechat.templates import SUBSCRIPTIONS

# What WeChat delivers for a sticker or any other message that an account cannot read.
UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"

Pending = asyncio.Task[Delivery]


class NotFollowing(Exception):
    """WeChat lets only followers write to an account."""


class Patients:
    """Each action returns the running delivery; awaiting it is optional."""

    def __init__(self, account: Account, callbacks: Callbacks, background: Background, own: str) -> None:
        self.account = account
        self._callbacks = callbacks
        self._background = background
        self._own = own

    def user(self, person: Person) -> WeChatUser:
        return self.account.user_of(person) or self.account.add_user(person)

    def follow(self, user: WeChatUser, scene: str = "") -> Pending:
        """Follows, by a QR code with a scene when one is given."""
        user.followed = True
        return self._event(
            user, "follow", "关注了公众号", "subscribe", f"qrscene_{scene}" if scene else "", scene=scene
        )

    def unfollow(self, user: WeChatUser) -> Pending:
        self._must_follow(user)
        user.followed = False
        user.quota.shut()
        user.permissions.clear()
        return self._event(user, None, "取消了关注", "unsubscribe", "")

    def scan(self, user: WeChatUser, scene: str) -> Pending:
        if not user.followed:
            return self.follow(user, scene)
        return self._event(user, "scan", f"扫描了二维码 {scene}", "SCAN", scene, scene=scene)

    def tap_menu(self, user: WeChatUser, button: dict[str, Any]) -> Pending:
        """A tap on an entry of the account's menu: CLICK with its key, or VIEW with its address."""
        self._must_follow(user)
        if button["type"] == "view":
            return self._event(user, None, f"打开 {button['name']}", "VIEW", button["url"])
        return self._event(user, "menu", f"点击菜单 {button['name']}", "CLICK", button.get("key", ""))

    def say(self, user: WeChatUser, text: str) -> Pending:
        return self._message(user, "text", {"text": text}, {"Content": text})

    def choose(self, user: WeChatUser, item: str, content: str) -> Pending:
        """A tap on an item of a msgmenu: a text with the item's id."""
        fields = {"Content": content, "bizmsgmenuid": item}
        return self._message(user, "text", {"text": content, "menu_id": item}, fields, "menu")

    def sticker(self, user: WeChatUser, emoji: str) -> Pending:
        return self._message(user, "text", {"sticker": emoji, "text": UNSUPPORTED}, {"Content": UNSUPPORTED})

    def picture(self, user: WeChatUser, content: bytes, mime: str = "image/jpeg") -> Pending:
        media = self.account.media.put(content, mime, "picture.jpg")
        fields = {"PicUrl": f"{self._own}/wechat/pictures/{media.id}", "MediaId": media.id}
        return self._message(user, "image", {"media_id": media.id}, fields)

    def voice(self, user: WeChatUser, content: bytes, seconds: int, recognition: str | None) -> Pending:
        """A recording; `recognition` is WeChat's own text of it, None when the account has none."""
        media = self.account.media.put(content, "audio/amr", "voice.amr")
        fields: dict[str, Any] = {"MediaId": media.id, "Format": "amr"}
        if recognition is not None:
            fields["Recognition"] = recognition
        body = {"media_id": media.id, "seconds": seconds, "recognition": recognition}
        return self._message(user, "voice", body, fields)

    def video(self, user: WeChatUser, content: bytes, short: bool = False) -> Pending:
        media = self.account.media.put(content, "video/mp4", "video.mp4")
        kind = "shortvideo" if short else "video"
        return self._message(
            user, kind, {"media_id": media.id}, {"MediaId": media.id, "ThumbMediaId": media.id}
        )

    def location(self, user: WeChatUser, latitude: float, longitude: float, label: str) -> Pending:
        fields = {"Location_X": latitude, "Location_Y": longitude, "Scale": 16, "Label": label}
        body = {"latitude": latitude, "longitude": longitude, "text": label}
        return self._message(user, "location", body, fields)

    def link(self, user: WeChatUser, title: str, url: str) -> Pending:
        fields = {"Title": title, "Description": "", "Url": url}
        return self._message(user, "link", {"text": title, "url": url}, fields)

    def answer_permission(self, user: WeChatUser, template: str, *, accept: bool) -> Pending:
        """The patient pressed the page's button and answered WeChat's question; an acceptance is good for one."""
        self._must_follow(user)
        template = template or next(iter(SUBSCRIPTIONS))
        if accept:
            user.permissions[template] = user.permissions.get(template, 0) + 1
        answer = "accept" if accept else "reject"
        entry = {"TemplateId": template, "SubscribeStatusString": answer, "PopupScene": 2}
        title = "允许了一次订阅通知" if accept else "拒绝了订阅通知"
        fields = {"SubscribeMsgPopupEvent": {"List": [entry]}}
        return self._event(user, None, title, "subscribe_msg_popup_event", "", extra=fields)

    def revoke_permission(self, user: WeChatUser, template: str) -> Pending:
        """The patient switched the notices off in the settings of the account."""
        self._must_follow(user)
        template = template or next(iter(SUBSCRIPTIONS))
        user.permissions.pop(template, None)
        entry = {"TemplateId": template, "SubscribeStatusString": "reject"}
        fields = {"SubscribeMsgChangeEvent": {"List": [entry]}}
        return self._event(user, None, "关闭了订阅通知", "subscribe_msg_change_event", "", extra=fields)

    def tell(self, user: WeChatUser, name: str, fields: dict[str, Any]) -> Pending:
        """An event that comes by itself and that the patient sees nothing of."""
        entry = Entry(0, self.account.clock(), "patient", "event", {"event": name})
        head = self._head(user, "event", entry) | {"Event": name}
        return self._start(user, head | fields, entry)

    def event(self, user: WeChatUser, name: str, fields: dict[str, Any]) -> Pending:
        """Any other event, with the fields given (LOCATION, subscribe_msg_popup_event, kf_create_session, …)."""
        key = str(fields.pop("EventKey", ""))
        return self._event(user, None, f"事件 {name}", name, key, extra=fields)

    def _must_follow(self, user: WeChatUser) -> None:
        if not user.followed:
            raise NotFollowing

    def _message(
        self, user: WeChatUser, kind: str, body: dict[str, Any], fields: dict[str, Any], trigger: Trigger = "message"
    ) -> Pending:  # fmt: skip
        self._must_follow(user)
        entry = user.thread.add("patient", kind, body, ref=self.account.next_message_id(), state="sending")
        user.quota.grant(trigger, self.account.clock())
        if user.native.has(self.account.clock()):
            return self._background.start(self._forward(user, fields | {"MsgType": kind}, entry))
        head = self._head(user, kind, entry)
        return self._start(user, head | fields | {"MsgId": int(entry.ref)}, entry)

    def _event(
        self, user: WeChatUser, trigger: Trigger | None, title: str, name: str, key: str, *, scene: str = "",
        extra: dict[str, Any] | None = None,
    ) -> Pending:  # fmt: skip
        entry = user.thread.add(
            "patient", "event", {"text": title, "event": name, "key": key}, state="sending"
        )
        if trigger:
            user.quota.grant(trigger, self.account.clock())
        fields = self._head(user, "event", entry) | {"Event": name, "EventKey": key} | (extra or {})
        if scene:
            fields["Ticket"] = f"gQ{scene}"
        return self._start(user, fields, entry)

    def _head(self, user: WeChatUser, kind: str, entry: Entry) -> dict[str, Any]:
        return {
            "ToUserName": self.account.original_id,
            "FromUserName": user.openid,
            "CreateTime": int(entry.at.timestamp()),
            "MsgType": kind,
        }

    async def _forward(self, user: WeChatUser, fields: dict[str, Any], entry: Entry) -> Delivery:
        """To WeChat's own agent, and to nobody else."""
        user.native.seen.append(shown(fields))
        entry.state = ""
        user.thread.touch(entry)
        return Delivery(entry.ref, outcome="forwarded")

    def _start(self, user: WeChatUser, fields: dict[str, Any], entry: Entry) -> Pending:
        return self._background.start(self._callbacks.deliver(user, fields, entry))
