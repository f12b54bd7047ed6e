"""What patients say of days, said back to them; the rest of the words is integrations.wording's."""

from __future__ import annotations

from actions.facts import Days
from integrations import wording

_NAMED_DAYS = 3


class Wording(wording.Wording):
    __slots__ = ()

    def _all_days(self, days: Days) -> str:
        """Up to three separate days by name, more by their number."""
        if len(days.only) > _NAMED_DAYS:
            span = self.days(days.first, days.last)
            return self.texts.text("word_days_among", days=span, count=self.count(len(days.only)))
        return self.all_of(map(self.day, days.only)) or self.days(days.first, days.last)

    def when(self, days: Days | None, period: str) -> str:
        """Days with a half day, as far as they are known."""
        words = self._all_days(days) if days else ""
        return self.texts.text("word_when", days=words, period=self.period(period)).strip()
