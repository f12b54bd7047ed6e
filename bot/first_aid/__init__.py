"""What is said to somebody in danger: whom to call where they are, and where to go. It needs no database."""

from bot.first_aid.places import Department, nearest
from bot.first_aid.regions import Region, region_of
from bot.first_aid.words import Danger, department_line, get_ready, way_to_help, words_for

__all__ = [
    "Danger",
    "Department",
    "Region",
    "department_line",
    "get_ready",
    "nearest",
    "region_of",
    "way_to_help",
    "words_for",
]
