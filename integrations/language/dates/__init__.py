"""Days and times in what patients write (下周三上午, 11月25号9点, 尽快)."""

from integrations.language.dates.calendar import Lean
from integrations.language.dates.finding import find_dates
from integrations.language.dates.reading import Resolution, parse

__all__ = ["Lean", "Resolution", "find_dates", "parse"]
