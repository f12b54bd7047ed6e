"""What is plausible, usual and alarming, and what is then said."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator

from integrations.hospital.models import Level

_LONGEST = 200  # characters of one text: a message of WeChat holds a few


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(Strict):
    """One text in both languages."""

    zh: str = Field(min_length=1, max_length=_LONGEST)
    en: str = Field(min_length=1, max_length=2 * _LONGEST)

    @field_validator("zh", "en")
    @classmethod
    def _as_the_assistant_speaks(cls, text: str) -> str:
        if "！" in text or "!" in text:
            raise ValueError("no exclamation marks")
        if "你" in text:
            raise ValueError("patients are 您")
        return text.strip()

    def text(self, language: str) -> str:
        return self.en if language == "en" else self.zh


class Range(Strict):
    """From the first to the last number, both included; null: no end. Outside `plausible` it is asked once more,
    outside `alarm` it is an alarm, outside `usual` it is watched. Outside `likely` a bare number is asked about: it
    may be meant in another unit."""

    plausible: tuple[float, float]
    likely: tuple[float | None, float | None] = (None, None)
    usual: tuple[float | None, float | None] = (None, None)
    alarm: tuple[float | None, float | None] = (None, None)

    @model_validator(mode="after")
    def _one_in_another(self) -> Self:
        low, high = self.plausible
        if low >= high:
            raise ValueError("plausible: the first number is the lower one")
        for outer, inner, words in (
            (self.plausible, self.likely, "likely does not lie within plausible"),
            (self.plausible, self.alarm, "alarm does not lie within plausible"),
            (self.alarm, self.usual, "usual does not lie within alarm"),
        ):
            if not _within(outer, inner):
                raise ValueError(words)
        return self

    def holds(self, value: float) -> bool:
        return self.plausible[0] <= value <= self.plausible[1]

    def expects(self, value: float) -> bool:
        """Whether a number without a unit is taken as it stands."""
        low, high = self.likely
        return (low is None or value >= low) and (high is None or value <= high)

    def level(self, value: float) -> tuple[Level, bool]:
        """How it is to be taken, and whether it lies below rather than above."""
        for level, (low, high) in ((Level.ALARM, self.alarm), (Level.WATCH, self.usual)):
            if low is not None and value < low:
                return level, True
            if high is not None and value > high:
                return level, False
        return Level.USUAL, False


def _within(outer: tuple[float | None, float | None], inner: tuple[float | None, float | None]) -> bool:
    low = outer[0] is None or inner[0] is None or inner[0] >= outer[0]
    high = outer[1] is None or inner[1] is None or inner[1] <= outer[1]
    return low and high


class Ranges(RootModel[dict[str, Range]]):
    """A range for each part of a value: systolic and diastolic; fasting and after_meal (else value); value."""

    def implausible(self, value: dict[str, float | str]) -> bool:
        known = [(range_, value[part]) for part, range_ in self._of(value)]
        return any(not range_.holds(float(told)) for range_, told in known)

    def unlikely(self, value: dict[str, float | str]) -> bool:
        return any(not range_.expects(float(value[part])) for part, range_ in self._of(value))

    def grade(self, value: dict[str, float | str]) -> tuple[Level, bool]:
        """The gravest of its parts."""
        order = [Level.USUAL, Level.WATCH, Level.ALARM]
        grades = [range_.level(float(value[part])) for part, range_ in self._of(value)]
        return max(grades, key=lambda one: order.index(one[0]), default=(Level.USUAL, False))

    def _of(self, value: dict[str, float | str]) -> list[tuple[str, Range]]:
        when = str(value.get("when", ""))
        if when in self.root and "value" in value:
            return [("value", self.root[when])]
        return [(part, range_) for part, range_ in self.root.items() if part in value]


class OtherUnit(Strict):
    """What a number may be meant in instead: `factor` makes it the measurement's own unit. `unit` is "" where nothing
    but the decimal point is missing."""

    unit: str = Field(default="", max_length=16)
    factor: float = Field(gt=0)


class OtherUnits(Strict):
    """By the language in which the number was written."""

    zh: OtherUnit
    en: OtherUnit

    def of(self, language: str) -> OtherUnit:
        return self.en if language == "en" else self.zh


class Advice(Strict):
    """What is said at once. Neutral: what was told, what to do, when to call 120. The `_low` ones where a value
    below is another matter than one above."""

    watch: Said | None = None
    watch_low: Said | None = None
    alarm: Said | None = None
    alarm_low: Said | None = None

    @model_validator(mode="after")
    def _says_when_to_call(self) -> Self:
        for one in (self.alarm, self.alarm_low):
            if one and not ("120" in one.zh and "120" in one.en):
                raise ValueError("the words for an alarm say when to call 120")
        return self

    def words(self, level: Level, *, low: bool = False) -> Said | None:
        match level:
            case Level.ALARM:
                return (self.alarm_low if low else None) or self.alarm
            case Level.WATCH:
                return (self.watch_low if low else None) or self.watch
        return None
