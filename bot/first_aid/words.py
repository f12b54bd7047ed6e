"""The words for each danger: the text of the outcome, or of the rule, with the numbers and the place in it."""

from __future__ import annotations

from dataclasses import dataclass

from bot import texts
from bot.first_aid.places import FARTHEST, departments, nearest, search_link
from bot.first_aid.regions import Region, region_of
from bot.red_flags import Outcome, rules
from integrations.language.languages import ENGLISH, SIMPLIFIED
from integrations.messages import Location
from integrations.settings import Settings


@dataclass(frozen=True, slots=True)
class Danger:
    """What was seen; `words` names a text of the rule's own; `place` is where the patient is, if they said so lately;
    `said` are their words."""

    outcome: Outcome
    words: str = ""
    place: Location | None = None
    said: str = ""


def words_for(settings: Settings, danger: Danger, language: str) -> str:
    """What a patient in danger reads. Raises KeyError for a text that is missing."""
    region = region_of(danger.place, danger.said)
    tongue = "en" if language == ENGLISH else "zh"
    blanks = {
        "ambulance": region.ambulance,
        "police": region.police,
        "crisis": region.crisis[tongue],
        "hours": region.hours[tongue],
        "department": department_line(settings, danger.place, region, language),
    }
    name = f"bot_{danger.outcome}_{danger.words}" if danger.words else f"bot_{danger.outcome}"
    return texts.say(name, language=language, **blanks)


def department_line(settings: Settings, place: Location | None, region: Region, language: str) -> str:
    """The emergency department to go to: the nearest one where we know where the patient is."""
    tongue = "en" if language == ENGLISH else "zh"
    if place is None:
        if region.id != "mainland":
            return texts.say("bot_department_elsewhere", language=language)
        ours = settings.emergency_department_in(language)
        if not settings.maps_departments:
            return texts.say("bot_department", language=language, emergency_department=ours)
        link = departments(settings.emergency_departments)[0].map_link
        return texts.say("bot_department_mapped", language=language, emergency_department=ours, link=link)
    found, distance = nearest(settings, place)
    if distance > FARTHEST:
        return texts.say("bot_department_around", language=language, link=search_link(place))
    return texts.say(
        "bot_department_nearest",
        language=language,
        name=found.name[tongue],
        address=found.address[tongue],
        phone=found.phone,
        km=max(1, round(distance)),
        link=found.map_link,
    )


def way_to_help(settings: Settings, place: Location, language: str) -> str:
    """Whom to call and where to go from a place that was sent while nothing alarms."""
    region = region_of(place)
    department = department_line(settings, place, region, language)
    return texts.say("bot_place", language=language, ambulance=region.ambulance, department=department)


def get_ready(settings: Settings) -> None:
    """Says everything once, so that a fault stops the start and not an alarm. Raises OSError, KeyError, YAMLError."""
    own = {(rule.outcome, rule.words) for rule in rules()} - {(Outcome.CHECK, "")}
    asked = {(Outcome.CHECK, rule.asks) for rule in rules()}  # a danger that has lasted becomes a question
    grave = {(outcome, "") for outcome in (Outcome.EMERGENCY, Outcome.CRISIS, Outcome.URGENT)}
    for outcome, words in own | asked | grave:
        for language in (SIMPLIFIED, ENGLISH):
            words_for(settings, Danger(outcome, words), language)
    nearest(settings, Location(0.0, 0.0))
