"""English words for numbers, days, months and parts of the day, as texts and as pieces of patterns."""

from __future__ import annotations

from integrations.language.dates import words

NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "a couple of": 2, "couple of": 2, "a few": 3,
}  # fmt: skip
COUNT = rf"(?:\d{{1,3}}|{words.alternatives(NUMBERS)})"
HOUR_WORDS = words.alternatives(
    [word for word, value in NUMBERS.items() if len(word) > 2 and " " not in word]
)
HOUR = rf"(?:\d{{1,2}}|{HOUR_WORDS})"
MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
MONTH = (
    r"(?:jan(?:uary)?|feb(?:r?uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
WEEKDAYS = {name: number for number, name in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))}
WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday|nsday|esday)?|thu(?:rs?|rsday|rday)?|fri(?:day)?"
    r"|sat(?:urday|erday)?|sun(?:day)?)"
)
TH = r"(?:st|nd|rd|th)"
DAYS = {
    "day after tomorrow": 2, "overmorrow": 2, "tomorrow": 1, "tomorow": 1, "tommorow": 1, "tommorrow": 1,
    "tomorrw": 1, "tmr": 1, "tmrw": 1, "tmw": 1, "2moro": 1, "2morrow": 1, "today": 0, "tdy": 0, "2day": 0,
    "day before yesterday": -2, "yesterday": -1,
}  # fmt: skip
HALVES = {
    "morning": words.MORNING, "mornin": words.MORNING, "forenoon": words.MORNING, "before noon": words.MORNING,
    "before lunch": words.MORNING, "afternoon": words.AFTERNOON, "after noon": words.AFTERNOON,
    "after lunch": words.AFTERNOON, "evening": words.EVENING, "night": words.EVENING, "after work": words.EVENING,
    "noon": words.NOON, "midday": words.NOON, "noontime": words.NOON,
}  # fmt: skip


def number(text: str) -> int:
    """Of digits, or of a word in NUMBERS."""
    return int(text) if text.isdecimal() else NUMBERS[text.lower()]
