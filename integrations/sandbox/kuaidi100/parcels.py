"""Parcels on their way. Nothing is known of the road but what couriers scan: the tracks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.sandbox.posting import Delivery

MOST = 10_000
MOST_TRACKS = 60
COMPANIES = {
    "shunfeng": "顺丰速运",
    "zhongtong": "中通快递",
    "yuantong": "圆通速递",
    "yunda": "韵达快递",
    "shentong": "申通快递",
    "jd": "京东物流",
    "ems": "EMS",
    "youzhengguonei": "邮政快递包裹",
    "jtexpress": "极兔速递",
    "debangkuaidi": "德邦快递",
}
NEED_PHONE = {"shunfeng", "zhongtong"}
STATES = {
    "0": "在途",
    "1": "揽收",
    "2": "疑难",
    "3": "签收",
    "4": "退签",
    "5": "派件",
    "6": "退回",
    "7": "转投",
    "10": "待清关",
    "11": "清关中",
    "12": "已清关",
    "13": "清关异常",
    "14": "拒签",
}
FINISHED = {"3", "4"}
# The usual way: state, finer state (resultv2 4), what the courier writes, and where.
ROAD = [
    ("1", "103", "【北京市】北京朝阳康宁路营业部 已揽收", "北京,北京市,朝阳区"),
    ("0", "1002", "【北京市】快件已发往 下一站【转运中心】", "北京,北京市,顺义区"),
    ("0", "1001", "【转运中心】快件已到达派件城市", ""),
    ("5", "5", "快递员 正在派件，电话 95338，请保持电话畅通", ""),
    ("3", "301", "已签收，签收人：本人，感谢使用", ""),
]
WORDS = {
    "2": ("206", "派件不成功：联系不上收件人"),
    "4": ("4", "退件已由寄件人签收"),
    "6": ("6", "快件正在退回寄件人"),
    "7": ("7", "快件转至其他快递公司派送"),
    "14": ("14", "收件人拒收，快件将退回"),
}


@dataclass(frozen=True, slots=True)
class Track:
    at: datetime
    state: str
    code: str
    context: str
    area: str


@dataclass(frozen=True, slots=True)
class Subscription:
    url: str
    salt: str
    detail: str  # resultv2


@dataclass(slots=True)
class Parcel:
    company: str
    number: str
    phone: str
    tracks: list[Track] = field(default_factory=list)
    subscription: Subscription | None = None
    asked_at: datetime | None = None
    pushes: list[Delivery] = field(default_factory=list)

    @property
    def state(self) -> str:
        return self.tracks[-1].state if self.tracks else ""

    @property
    def company_name(self) -> str:
        return COMPANIES.get(self.company, self.company)

    def fits(self, phone: str) -> bool:
        """Whether a whole number or its last four digits are the parcel's."""
        return bool(phone) and (not self.phone or self.phone[-4:] == phone[-4:])

    def expected(self, zone: ZoneInfo) -> str:
        """The estimate, to the hour: in the evening two days after it was collected."""
        day = self.tracks[0].at.astimezone(zone).date() + timedelta(days=2)
        return f"{day} 18"

    def step(self, now: datetime, state: str = "", context: str = "", area: str = "") -> Track:
        """One scan: the given state, or the next of the usual way. Raises LookupError at its end."""
        usual = next_on_road(self) if not state else None
        if usual is not None:
            state, code, words, place = usual
        else:
            known = next((one for one in ROAD if one[0] == state), None)
            code, words = (known[1], known[2]) if known else WORDS.get(state, (state, STATES[state]))
            place = ""
        track = Track(now, state, code, context or words, area or place)
        self.tracks = [*self.tracks, track][-MOST_TRACKS:]
        return track


def next_on_road(parcel: Parcel) -> tuple[str, str, str, str]:
    if parcel.state in FINISHED:
        raise LookupError
    reached = sum(1 for track in parcel.tracks if any(track.context == one[2] for one in ROAD))
    return ROAD[min(reached, len(ROAD) - 1)]


class Parcels:
    """By company and number, the oldest forgotten."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.version = 0
        self._parcels: OrderedDict[tuple[str, str], Parcel] = OrderedDict()

    def find(self, company: str, number: str) -> Parcel | None:
        return self._parcels.get((company, number))

    def by_number(self, number: str) -> Parcel | None:
        return next((one for one in self._parcels.values() if one.number == number), None)

    def add(self, parcel: Parcel) -> Parcel:
        self._parcels[parcel.company, parcel.number] = parcel
        while len(self._parcels) > MOST:
            self._parcels.popitem(last=False)
        self.version += 1
        return parcel

    def all(self) -> Iterable[Parcel]:
        return self._parcels.values()

    def said(self, parcel: Parcel, detail: str, *, newest_first: bool = True) -> dict[str, Any]:
        """The state and its tracks, in as much detail as `resultv2` asks for."""
        fine = detail in ("4", "8")
        tracks = [self._track(track, detail) for track in parcel.tracks]
        last = parcel.tracks[-1]
        estimate = (
            {"arrivalTime": parcel.expected(self.zone)} if fine and parcel.state not in FINISHED else {}
        )
        return estimate | {
            "message": "ok", "nu": parcel.number, "ischeck": "1" if parcel.state == "3" else "0",
            "com": parcel.company, "status": "200", "condition": "F00",
            "state": last.code if fine else last.state, "isLoop": False,
            "data": tracks[::-1] if newest_first else tracks,
        }  # fmt: skip

    def _track(self, track: Track, detail: str) -> dict[str, Any]:
        stamp = track.at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
        said: dict[str, Any] = {"time": stamp, "ftime": stamp, "context": track.context}
        if detail not in ("", "0"):
            said |= {"status": STATES[track.state], "areaName": track.area or None}
            said["areaCode"] = "CN110105000000" if track.area else None
        if detail in ("4", "8"):
            said["statusCode"] = track.code
        return said
