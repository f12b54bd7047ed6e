"""What goes over the wire, for those who want to know; and faults at the touch of a button."""

from __future__ import annotations

import json
from typing import Any

from nicegui import ui

from integrations.sandbox.faults import FaultRule
from integrations.sandbox.people import Person
from integrations.sandbox.phone.parts import box, icon_button, mark, words
from integrations.sandbox.state import Record
from integrations.sandbox.world import World

SHOWN = 60
NAMES = {
    "wechat": "微信", "telegram": "Telegram", "sms": "短信", "identity": "核验", "wechatpay": "微信支付",
    "alipay": "支付宝", "kuaidi100": "快递100",
}  # fmt: skip
LIES = {"amount": "金额", "order": "订单号", "appid": "应用", "mchid": "商户"}
LOST: dict[str, Any] = {"drop_after_accept": True, "count": 1}
TOO_MANY: dict[str, Any] = {"code": 429, "retry_after": 3, "count": 2}
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("微信：系统繁忙 -1（3 次）", {"platform": "wechat", "operation": "custom/send", "code": -1, "count": 3}),
    (
        "微信：凭证失效 40001（1 次）",
        {"platform": "wechat", "operation": "custom/send", "code": 40001, "count": 1},
    ),
    ("微信：收下但不答（1 次）", {"platform": "wechat", "operation": "custom/send", **LOST}),
    ("微信：推送的应答丢失（1 次）", {"platform": "wechat", "operation": "callback", **LOST}),
    ("微信：一切变慢 2 秒（20 次）", {"platform": "wechat", "delay_s": 2, "count": 20}),
    ("Telegram：429 稍候 3 秒（2 次）", {"platform": "telegram", "operation": "sendMessage", **TOO_MANY}),
    ("Telegram：502（3 次）", {"platform": "telegram", "operation": "sendMessage", "code": 502, "count": 3}),
    ("Telegram：更新的应答丢失（1 次）", {"platform": "telegram", "operation": "webhook", **LOST}),
    ("短信：服务超时（1 次）", {"platform": "sms", "code": "InternalError.Timeout", "count": 1}),
    ("核验：服务异常 -4（3 次）", {"platform": "identity", "code": "-4", "count": 3}),
    ("微信支付：系统异常（3 次）", {"platform": "wechatpay", "code": "SYSTEM_ERROR", "count": 3}),
    ("微信支付：通知的应答丢失（1 次）", {"platform": "wechatpay", "operation": "notify", **LOST}),
    (
        "微信支付：通知里金额不对（1 次）",
        {"platform": "wechatpay", "operation": "notify", "lie": "amount", "count": 1},
    ),
    (
        "微信支付：退款余额不足（1 次）",
        {"platform": "wechatpay", "operation": "refund", "code": "NOT_ENOUGH", "count": 1},
    ),
    ("支付宝：系统繁忙（3 次）", {"platform": "alipay", "code": "ACQ.SYSTEM_ERROR", "count": 3}),
    (
        "支付宝：通知里金额不对（1 次）",
        {"platform": "alipay", "operation": "notify", "lie": "amount", "count": 1},
    ),
    ("快递100：查不到（3 次）", {"platform": "kuaidi100", "operation": "query", "code": "500", "count": 3}),
    ("快递100：接口 502（3 次）", {"platform": "kuaidi100", "code": 502, "count": 3}),
]
RULES = [
    (
        "微信被动回复",
        "5 秒内应答，否则断开并重发，共投递 3 次；答得不对，用户看到“该公众号提供的服务出现故障”。",
    ),
    ("微信客服消息", "用户发消息：48 小时内 5 条；点菜单、关注、扫码：1 分钟内 3 条。文字最长 2048 字节。"),
    (
        "Telegram",
        "全局约每秒 30 条，每个对话每秒 1 条（允许短暂突发）；文字 4096，按钮数据 64 字节；未应答的按钮一直转圈。",
    ),
    (
        "微信支付",
        "同一订单号换了参数即拒绝；通知 5 秒内要答 200 或 204，否则 15 秒后再发，越来越慢；退款先处理中，后到账。",
    ),
    ("支付宝", "通知必须回答 success，否则 25 小时内共发 8 次；微信里打不开，请复制网址到浏览器。"),
    ("快递100", "同一运单半小时查一次；顺丰、中通要收件人手机号；推送要回答 result:true、returnCode:200。"),
    ("短信", "同一号码 30 秒 1 条、1 小时 5 条、1 天 10 条；验证码模板的变量最多 6 位数字。"),
    (
        "身份核验",
        "号码有效且姓名为中文即一致；本页患者按本人资料核验。姓名首字：错→不一致，无→查无此人，忙→服务异常，停→升级中，限→超过次数。",
    ),
]


class Inspector:
    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = -1
        self._faults_seen = -1
        self._sms_seen = -1
        self._quota_text = ""
        with box("panel grow inspector", "inspector"):
            with ui.tabs().props("dense no-caps align=justify active-color=teal").classes("tabs") as tabs:
                protocol = mark(ui.tab("协议"), "tab-protocol")
                sms = mark(ui.tab("短信"), "tab-sms")
                faults = mark(ui.tab("故障"), "tab-faults")
                rules = mark(ui.tab("规则"), "tab-rules")
            with ui.tab_panels(tabs, value=protocol).classes("tab-panels"):
                with ui.tab_panel(protocol).classes("tab-panel"):
                    self._quota = words("", "quota", "quota")
                    self._log = box("log", "protocol-log")
                with ui.tab_panel(sms).classes("tab-panel"):
                    self._sms = box("log", "all-sms")
                with ui.tab_panel(faults).classes("tab-panel"):
                    self._faults_panel()
                with ui.tab_panel(rules).classes("tab-panel"):
                    self._rules_panel()

    def refresh(self, person: Person) -> None:
        self._refresh_log()
        self._refresh_sms()
        self._refresh_faults()
        self._refresh_quota(person)

    # The protocol

    def _refresh_log(self) -> None:
        if self._seen == self._world.log.version:
            return
        new = [record for record in list(self._world.log.records)[-SHOWN:] if record.id > self._seen]
        self._seen = self._world.log.version
        for record in new:
            with self._log:
                self._line(record).move(target_index=0)
        while len(self._log.default_slot.children) > SHOWN:
            self._log.default_slot.children[-1].delete()

    def _line(self, record: Record) -> ui.element:
        line = box(f"record {'bad' if record.error else ''}", "record")
        mark(line, "record", platform=record.platform, operation=record.operation)
        at = record.at.astimezone(self._world.settings.zone)
        with line:
            with box("record-head") as head:
                ui.icon("south_west" if record.inbound else "north_east").classes("arrow")
                words(NAMES[record.platform], f"tag {record.platform}")
                words(record.operation, "record-name")
                words(f"{record.ms} ms", "record-ms")
                words(f"{at:%H:%M:%S}", "record-time")
            if about := _about(record.request):
                words(about, "record-about")
            if record.error:
                words(record.error, "record-error")
            detail = box("record-detail")
            detail.set_visibility(False)
        head.on("click", lambda: self._toggle(record, detail))
        return line

    def _toggle(self, record: Record, detail: ui.element) -> None:
        """The contents are drawn when someone looks, not before."""
        detail.set_visibility(not detail.visible)
        if detail.default_slot.children:
            return
        with detail:
            sides = ("程序 → 平台", "平台 → 程序") if record.inbound else ("平台 → 程序", "程序 → 平台")
            for title, content in zip(sides, (record.request, record.response), strict=True):
                words(title, "detail-title")
                words(_pretty(content), "detail")

    def _refresh_quota(self, person: Person) -> None:
        user = self._world.account.user_of(person)
        text = "微信客服消息：未关注"
        if user and user.followed:
            left = user.quota.left(self._world.clock())
            text = f"微信客服消息：还可主动发 {left} 条"
        if text != self._quota_text:
            self._quota_text = self._quota.text = text

    def _refresh_sms(self) -> None:
        if self._sms_seen == self._world.sms.version:
            return
        self._sms_seen = self._world.sms.version
        self._sms.clear()
        with self._sms:
            if not self._world.sms.recent:
                words("所有号码收到的短信都在这里", "fine")
            for message in list(self._world.sms.recent)[-SHOWN:][::-1]:
                with box("record"):
                    with box("record-head"):
                        words(message.phone, "record-name")
                        words(f"{message.at.astimezone(self._world.settings.zone):%H:%M:%S}", "record-time")
                    words(message.text, "sms-text")

    # Faults and rules

    def _faults_panel(self) -> None:
        words("让平台出错，看看患者会遇到什么", "fine")
        with box("fault-list"):
            for number, (title, rule) in enumerate(FAULTS):
                button = mark(box("fault", tag="button").props("type=button"), f"fault-{number}")
                with button:
                    ui.icon("bolt")
                    words(title)
                button.on("click", lambda rule=rule: self._world.faults.add(FaultRule(**rule)))
        with box("panel-bar"):
            words("生效中", "panel-name")
            icon_button("delete_sweep", "clear-faults", "全部清除", self._world.faults.clear)
        self._active = box("log", "active-faults")

    def _refresh_faults(self) -> None:
        if self._faults_seen == self._world.faults.version:
            return
        self._faults_seen = self._world.faults.version
        self._active.clear()
        with self._active:
            rules = self._world.faults.as_json()
            if not rules:
                words("没有故障", "fine")
            for rule in rules:
                with box("record"):
                    words(_describe(rule), "record-name")
                    left = "不限次数" if rule["left"] is None else f"还剩 {rule['left']} 次"
                    words(f"已触发 {rule['hits']} 次，{left}", "record-ms")

    def _rules_panel(self) -> None:
        for title, text in RULES:
            with box("rule"):
                words(title, "rule-title")
                words(text, "rule-text")


def _describe(rule: dict[str, Any]) -> str:
    parts = [NAMES[rule["platform"]], rule.get("operation") or "全部接口"]
    if "code" in rule:
        parts.append(f"返回 {rule['code']}")
    if rule["delay_s"]:
        parts.append(f"慢 {rule['delay_s']:g} 秒")
    if rule["drop_after_accept"]:
        parts.append("应答丢失")
    if "lie" in rule:
        parts.append(f"说错 {LIES[rule['lie']]}")
    if rule["rate"] < 1:
        parts.append(f"概率 {rule['rate']:.0%}")
    return " · ".join(parts)


MONEY = ("description", "subject", "summary", "out_trade_no")


def _about(request: Any) -> str:
    """A few words about a request, from whichever platform."""
    if not isinstance(request, dict):
        return ""
    inner = (
        request.get("message") or request.get("edited_message") or request.get("callback_query") or request
    )
    for name in (
        "Content",
        "text",
        "data",
        "EventKey",
        "caption",
        "TemplateParamSet",
        "Name",
        "Recognition",
        *MONEY,
    ):
        if value := inner.get(name):
            if isinstance(value, list):
                return "、".join(map(str, value))
            return str(value.get("content", "") if isinstance(value, dict) else value).replace("\n", " ")
    kind = request.get("Event") or request.get("MsgType") or request.get("msgtype") or request.get("action")
    return str(kind or "")


def _pretty(content: Any) -> str:
    if content in (None, "", {}):
        return "（空）"
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
