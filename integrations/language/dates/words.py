"""The vocabulary of days and parts of days, with the slips of typing and hearing that are common."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.language.dates.calendar import Half

# Days from today.
DAYS = {
    "大大后天": 4, "大后天": 3, "大后日": 3, "后天": 2, "后日": 2, "后儿": 2,
    "听日": 1, "寻日": -1, "琴日": -1, "明天": 1, "明日": 1, "明儿": 1, "名天": 1, "明田": 1, "次日": 1,
    "今天": 0, "今日": 0, "今儿": 0, "今个": 0, "当天": 0, "当日": 0, "本日": 0, "金天": 0,
    "昨天": -1, "昨日": -1, "昨儿": -1, "大前天": -3, "前天": -2, "前日": -2,
}  # fmt: skip

# Said of the day after another one as well: in a booking they are left to the words beside them.
NEXT_DAYS = {"翌日": 1, "第二天": 1, "隔天": 1, "隔日": 1, "转天": 1}

# Years from this one, months from this one, weeks from this one.
YEARS = {
    "今年": 0,
    "本年": 0,
    "明年": 1,
    "来年": 1,
    "后年": 2,
    "大前年": -3,
    "前年": -2,
    "去年": -1,
    "上年": -1,
}
MONTHS = {
    "这个月": 0, "这月": 0, "本月": 0, "当月": 0, "同月": 0, "下下个月": 2, "下下月": 2, "下个月": 1, "下月": 1,
    "上上个月": -2, "上个月": -1, "上一个月": -1, "下一个月": 1, "上月": -1,
}  # fmt: skip
WEEKS = {
    "下下": 2,
    "下": 1,
    "下一": 1,
    "这": 0,
    "这一": 0,
    "本": 0,
    "当": 0,
    "上": -1,
    "上一": -1,
    "上上": -2,
}

WEEK_WORD = "(?:周|星期|礼拜|理拜|里拜|礼败|新期|星其|星起|州(?=[一二三四五六日末]))"
WEEKDAYS = (
    {c: n for n, c in enumerate("一二三四五六日")} | {"天": 6, "七": 6} | {str(n + 1): n for n in range(7)}
)

# Holidays by (month, day) of the solar and of the lunar calendar.
SOLAR_HOLIDAYS = {
    "元旦": (1, 1), "情人节": (2, 14), "妇女节": (3, 8), "三八节": (3, 8), "愚人节": (4, 1),
    "五一": (5, 1), "劳动节": (5, 1), "青年节": (5, 4), "护士节": (5, 12), "儿童节": (6, 1), "六一": (6, 1),
    "建军节": (8, 1), "医师节": (8, 19), "教师节": (9, 10), "国庆": (10, 1), "十一假期": (10, 1),
    "植树节": (3, 12), "消费者权益日": (3, 15), "建党节": (7, 1), "光棍节": (11, 11), "万圣节": (11, 1),
    "十一长假": (10, 1), "双十一": (11, 11), "平安夜": (12, 24), "圣诞": (12, 25),
}  # fmt: skip
# (month, which one, weekday; Monday is 0)
MOVABLE_HOLIDAYS = {"母亲节": (5, 2, 6), "父亲节": (6, 3, 6), "感恩节": (11, 4, 3)}
# Solar terms, and those that are other words too (雨水, 大雪).
TERMS = (
    "清明",
    "冬至",
    "立春",
    "春分",
    "立夏",
    "夏至",
    "立秋",
    "秋分",
    "立冬",
    "惊蛰",
    "谷雨",
    "芒种",
    "处暑",
    "霜降",
)
WORDS_AND_TERMS = ("雨水", "小满", "小暑", "大暑", "白露", "寒露", "小雪", "大雪", "小寒", "大寒")
LUNAR_HOLIDAYS = {
    "春节": (1, 1), "过年": (1, 1), "大年初一": (1, 1), "元宵": (1, 15), "端午": (5, 5), "七夕": (7, 7),
    "中元": (7, 15), "中秋": (8, 15), "重阳": (9, 9), "腊八": (12, 8), "除夕": (12, 30), "大年三十": (12, 30),
    "年三十": (12, 30), "八月十五": (8, 15), "8月十五": (8, 15), "五月初五": (5, 5), "正月十五": (1, 15),
}  # fmt: skip
LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12}

# The days of a month's parts.
MONTH_PARTS = {
    "初": (1, 5), "上旬": (1, 10), "中旬": (11, 20), "中": (11, 20), "下旬": (21, 31), "底": (25, 31), "末": (25, 31),
}  # fmt: skip

# Words before a number of days that make it the course of an illness, not an appointment.
COURSE = "手术|术后|术前|吃药|服药|用药|吃了|感冒|发烧|发热|咳嗽|疼|痛|拉肚子|怀孕|产后|出院|住院|停经"

MORNING, NOON, AFTERNOON, EVENING, SMALL_HOURS = (
    Half("morning", "morning"),
    Half("noon", None),
    Half("afternoon", "afternoon"),
    Half("evening", "evening"),
    Half("small hours", None),
)

# Said alone, each of the first names a half of the day; the second only beside a day or a time,
# because they open many other words (早期, 晚期, 夜尿).
HALVES = {
    "凌晨": SMALL_HOURS, "半夜": SMALL_HOURS, "早上": MORNING, "早晨": MORNING, "清晨": MORNING, "清早": MORNING,
    "一早": MORNING, "一大早": MORNING, "早间": MORNING, "上午": MORNING, "尚午": MORNING, "午前": MORNING,
    "中午": NOON, "正午": NOON,
    "下午": AFTERNOON, "夏午": AFTERNOON, "午后": AFTERNOON, "傍晚": EVENING, "晚上": EVENING, "晚间": EVENING,
    "夜间": EVENING, "夜里": EVENING, "夜晚": EVENING,
}  # fmt: skip
SHORT_HALVES = {"早": MORNING, "晨": MORNING, "晚": EVENING, "夜": EVENING, "am": MORNING, "pm": AFTERNOON}
# Halves of which patients also speak in complaints (晚上睡不着).
COMPLAINT_HALVES = frozenset("凌晨 半夜 早上 早晨 清晨 清早 一早 中午 傍晚 晚上 夜间 夜里 夜晚".split())  # noqa: SIM905

# Days soon, any of them: from today, so many days.
SOON = {
    "每天都行": 6, "每天都可以": 6, "每天都有空": 6, "每天都有时间": 6, "天天都行": 6, "天天都可以": 6,
    "天天有空": 6, "任何一天": 6, "任意一天": 6, "随便哪一天": 6, "哪一天都": 6, "几号都行": 6, "几号都可以": 6,
    "周几都行": 6, "周几都可以": 6, "星期几都行": 6, "星期几都可以": 6, "礼拜几都行": 6,
    "越快越好": 6, "越早越好": 6, "尽快": 6, "尽早": 6, "尽量早": 6, "最早": 6, "最快": 6, "随便哪天": 6, "哪天都": 6,
    "什么时候都": 6, "什么时候有号": 6, "哪天有": 6, "几号有": 6, "周几有": 6, "近期": 6, "最近": 6, "近日": 6,
    "近几天": 6, "这几天": 4, "这几日": 4, "这两天": 2, "这两日": 2, "近两天": 2,
}  # fmt: skip
# Words of this kind, and others, that complaints hold as well (最近头疼).
COMPLAINT_DAYS = frozenset(
    "近期 最近 近日 近几天 这几天 这几日 这两天 这两日 近两天 当天 当日 工作日 双休日".split()  # noqa: SIM905
)


def alternatives(words: Iterable[str]) -> str:
    """A pattern for any of the words, longer ones first."""
    return "|".join(sorted(words, key=len, reverse=True))
