"""The rules that name a part of the day, a time of day, or a moment counted from now."""

from __future__ import annotations

import re
from datetime import timedelta

from integrations.language.dates import words
from integrations.language.dates.calendar import Clock, Moment, NoSuchHour, Reference
from integrations.language.dates.rules import Piece, rule
from integrations.language.numerals import read_number

_QUARTERS = {"半": 30, "一刻": 15, "1刻": 15, "二刻": 30, "两刻": 30, "2刻": 30, "三刻": 45, "3刻": 45}
_SECONDS = {"小时": 3600, "钟头": 3600, "刻钟": 900, "分钟": 60, "分": 60, "秒": 1, "秒钟": 1}

_MINUTES = 60
_LAST_SAID = 34  # as an hour; above, 38点 is told of something else
# 一点 is mostly "a little": it is one o'clock after a day or a half day, before minutes, or alone.
_BEFORE_ONE = re.compile(
    rf"(?:{words.alternatives(words.HALVES)}|[天日号]|{words.WEEK_WORD}.|[到至~-])[ 的]?$|^[ 就那要]*$"
)
_AFTER_ONE = re.compile(r"[ 的吧行可好,，。.!?？左整钟半到至~-]|$")


@rule(rf"(?P<half>{words.alternatives(words.HALVES)})(?!饭)")
def half(match: re.Match[str], reference: Reference) -> Piece:
    return words.HALVES[match["half"]]


# One character only beside a day (周三早) or a time (早8点): so 早期, 晚期 and 夜尿 stay words.
@rule(
    r"(?:(?<=[今明昨当])|(?:(?<=[天日号])|(?<=[周期拜][一二三四五六日天]))"
    r"(?=.(?:$|[ ,。的有去看挂来约能可行吧]|<small>[点时:])))"
    r"(?P<half>[早晚晨夜])(?!期)"
    r"|(?<![起最太很越更])(?P<before>[早晚夜])(?= ?<small>[点时:])(?! ?一点(?![半钟\d一二三四五]))"
)
def short_half(match: re.Match[str], reference: Reference) -> Piece:
    return words.SHORT_HALVES[match["half"] or match["before"]]


@rule(r"(?<=\d) ?(?P<half>[ap])\.?m\.?(?![a-z])|(?<![a-z])(?P<before>[ap])m(?= ?\d)")
def english_half(match: re.Match[str], reference: Reference) -> Piece:
    return words.SHORT_HALVES[(match["half"] or match["before"]).lower() + "m"]


@rule(
    r"(?:(?<![\d:.])|(?<=[-/.]\d\d))(?P<hour>\d{1,2}) ?: ?(?P<minute>[0-5]\d)"
    r"(?: ?: ?(?P<second>[0-5]\d))?(?![\d:])(?:分|时)?"
)
def digital(match: re.Match[str], reference: Reference) -> Piece | None:
    return _clock(int(match["hour"]), int(match["minute"]), int(match["second"] or 0))


@rule(
    r"(?:(?<![第.一二三四五六七八九十百])|(?<=[周期拜][一二三四五六日天]))"
    r"(?P<hour><small>) ?(?P<unit>点(?!<small>(?:度|℃|公斤|厘米))|时(?![间候常不而代差段]))(?:钟|整)?"
    r"(?:(?P<minute>半|[一二两三123]刻|(?:过|零)?<small>(?![号日个元块天名位人月点]|<W>)分?)(?:(?P<second><small>)秒)?)?"
    r"(?:差(?P<to><small>)(?P<to_unit>分|刻))?(?:多|左右|钟|整)*"
    r"(?!度|℃|建议|要求|意见|原因|问题|疑问|公斤|厘米)"
)
def spoken(match: re.Match[str], reference: Reference) -> Piece | None:
    """9点, 十点半, 3点一刻, 九点零五分, 九点差五分."""
    bare = match["minute"] is None and match["to"] is None
    if bare and match["hour"] == "一" and not _is_one_o_clock(match):
        return None
    minute = _minute(match["minute"] or "")
    if match["to"]:
        return _before(read_number(match["hour"]), match["to"], match["to_unit"])
    hour = read_number(match["hour"])
    if _is_no_hour(hour, match["minute"] or "") or (hour <= 24 and _MINUTES <= minute < 100):
        return NoSuchHour()
    return _clock(hour, minute, read_number(match["second"] or "0"))


@rule(r"差(?P<to><small>)(?P<unit>分|刻)钟?(?:到)?(?P<hour><small>)[点时]")
def spoken_before(match: re.Match[str], reference: Reference) -> Piece | None:
    """差五分九点, 差一刻九点."""
    return _before(read_number(match["hour"]), match["to"], match["unit"])


@rule(
    r"(?P<n><number>|半)个?(?P<half>半)?(?P<unit>小时|钟头|刻钟|分钟|分|秒钟?)(?P<more>半)?钟?"
    r"(?:零|又|加)?(?:(?P<minutes><small>)(?:分钟?|(?P<quarters>刻)钟?))?(?:以|之)?(?P<side>后|前)"
)
def counted_time(match: re.Match[str], reference: Reference) -> Piece | None:
    if re.search(words.COURSE + "|饭后|餐后", match.string[max(0, match.start() - 4) : match.start()]):
        return None
    count = (
        0.5
        if match["n"] == "半"
        else read_number(match["n"]) + (0.5 if match["half"] or match["more"] else 0)
    )
    if count > 999:
        return None
    minutes = read_number(match["minutes"] or "0") * (15 if match["quarters"] else 1)
    seconds = count * _SECONDS[match["unit"]] + 60 * minutes
    return Moment(reference.now + timedelta(seconds=-seconds if match["side"] == "前" else seconds))


@rule("现在|此刻|这会儿?")
def right_now(match: re.Match[str], reference: Reference) -> Piece:
    return Moment(reference.now)


def _is_one_o_clock(match: re.Match[str]) -> bool:
    before, after = match.string[: match.start()], match.string[match.end() :]
    return bool(_BEFORE_ONE.search(before) and (before.strip() or _AFTER_ONE.match(after)))


def _is_no_hour(hour: int, minute: str) -> bool:
    """25点, 26点半; 36点5 is a temperature, 25点3 a blood sugar."""
    return 24 < hour <= _LAST_SAID and (not minute or minute in _QUARTERS or minute.endswith("分"))


def _minute(text: str) -> int:
    if text in _QUARTERS:
        return _QUARTERS[text]
    text = text.removesuffix("分").removeprefix("过")
    return read_number(text) if text else 0


def _before(hour: int, to: str, unit: str) -> Clock | None:
    minutes = read_number(to) * (15 if unit == "刻" else 1)
    return _clock((hour - 1) % 24, 60 - minutes, 0) if 0 < minutes < 60 else None


def _clock(hour: int, minute: int, second: int) -> Clock | None:
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and minute):
        return None
    return Clock(hour, minute, second)


RULES = (half, short_half, english_half, digital, spoken, spoken_before, counted_time, right_now)
