"""One list for all that waits for staff: rows with their age and timer, a filter, details beside it, actions that ask
what they must. Pages say what stands in it; this package says how it looks and behaves, so that all feel alike."""

from bot.desk.queue.kinds import Action, Answers, Ask, Column, Detail, Fact, Row, Shown, View, whole
from bot.desk.queue.listing import Queue
from integrations.part import Part

__all__ = [
    "Action",
    "Answers",
    "Ask",
    "Column",
    "Detail",
    "Fact",
    "Part",
    "Queue",
    "Row",
    "Shown",
    "View",
    "whole",
]
