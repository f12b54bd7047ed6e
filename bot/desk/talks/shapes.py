"""Rows and items as the browser gets them: plain values, in the words of whoever looks. Moments are milliseconds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from bot.desk.talks.elements import Shape, milliseconds
from bot.desk.talks.rows import Row
from bot.desk.talks.seeing import DOCTOR, urgency
from bot.desk.talks.transcript import Item
from bot.desk.words import Words
from bot.outbox import CHANGED_HANDS
from integrations.language.languages import ENGLISH

_ICONS = {
    "alarm": "warning",
    "asked": "support_agent",
    "accepted": "how_to_reg",
    "closed": "logout",
    "left": "logout",
    "not_shown": "visibility_off",
}
_FACES = {"voice": "mic"}
_PLAIN = frozenset({"text", "image", "choice", "menu"})  # their words or pictures say it


def row_shape(row: Row, viewer_id: UUID, words: Words, *, rank: Any = None) -> Shape:
    name = name_of(row, words)
    return {
        "id": str(row.id),
        "name": name,
        "face": name[-1:] if row.name else "?",
        "channel": row.channel,
        "last": row.last,
        "lastKind": row.last_kind,
        "lastBy": row.last_by,
        "lastState": row.last_state,
        "lastAt": milliseconds(row.last_at),
        "unread": row.unread,
        "status": row.status if row.open else None,
        "since": milliseconds(
            row.unanswered_since or (row.requested_at if row.status == "waiting" else None)
        ),
        "where": where(row, words),
        "elderly": row.elderly,
        "dead": row.dead,
        "tongue": words("talks.tongue_en") if row.language == ENGLISH and words.language == "zh" else "",
        "closesAt": milliseconds(row.closes_at) if row.open else None,
        "agent": row.agent if row.open else None,
        "mine": row.open and row.staff_id == viewer_id,
        "alarm": row.alarm,
        "late": row.late,
        "rank": list(rank if rank is not None else urgency(row)),
    }


def name_of(row: Row, words: Words) -> str:
    return row.name or words("talks.guest", code=row.id.hex[-4:].upper())


def where(row: Row, words: Words) -> str:
    """Whose queue it is: a department's doctors, the service, the pharmacist."""
    if not row.open or not row.skill:
        return ""
    if row.skill == DOCTOR and row.department:
        return (row.department_en if words.language == "en" else row.department) or ""
    return words(f"talks.skill_{row.skill}")


def facts(row: Row, words: Words) -> Shape:
    """What stands above the transcript, with what its clocks count from."""
    chips = [words(f"talks.late_{row.late}")] if row.late else []
    chips += [words("talks.dead")] if row.dead else []
    chips += [words("talks.elderly")] if row.elderly else []
    if row.language == ENGLISH and words.language == "zh":
        chips.append(words("talks.tongue_en"))
    if row.open and row.reason:
        chips.append(words(f"talks.reason_{row.reason}"))
        chips += [words("talks.left_message")] if row.message else []
        chips += [words(f"talks.in_{row.answered_in}")] if row.answered_in != "desk" else []
        chips += [words("talks.topic_failed")] if row.topic_error else []
    if row.turns_left is not None:
        chips.append(words("talks.turns_left", count=max(row.turns_left, 0)))
    return {
        "since": milliseconds(row.unanswered_since),
        "left": row.left,
        "closesAt": milliseconds(row.closes_at),
        "endsAt": milliseconds(row.ends_at),
        "chips": chips,
    }


def item_shape(item: Item, name: str, words: Words) -> Shape:
    return {
        "key": item.key,
        "by": item.by,
        "at": milliseconds(item.at),
        "who": _who(item, name, words),
        "text": _event(item, words) if item.by == "event" else item.text,
        "label": _label(item, words),
        "icon": _ICONS.get(item.event) or _FACES.get(item.kind, "info"),
        "event": item.event,
        "state": item.state,
        "error": _error(item, words),
        "options": list(item.options),
        "medium": str(item.medium) if item.medium else None,
        "mediumState": item.medium_state,
        "mime": item.mime,
        "alarm": bool(item.alarm),
    }


def _error(item: Item, words: Words) -> str:
    if item.error == CHANGED_HANDS:
        return words("talks.changed_hands")
    return item.error if item.state in ("failed", "unknown") else ""


def _who(item: Item, name: str, words: Words) -> str:
    if item.by == "note":
        return words("talks.note_of", name=item.agent)
    return {"patient": name, "staff": item.agent}.get(item.by) or words("talks.the_bot")


def _label(item: Item, words: Words) -> str:
    """What has to be said besides the words themselves."""
    if item.kind == "transfer":
        return words("talks.kind_transfer")
    if item.alarm == "answer":
        return words("talks.alarm_answer")
    if item.detail == "notice":
        return words("talks.as_notice")
    if item.detail == "page":
        return words("talks.from_page")
    if item.kind == "voice":
        return words("talks.voice_text" if item.text else "talks.kind_voice")
    if (
        item.by == "patient"
        and item.kind != "text"
        and (item.kind not in _PLAIN or not (item.text or item.medium))
    ):
        return words(f"talks.kind_{item.kind}") + _place(item)
    return ""


def _place(item: Item) -> str:
    """As whoever sends help can read it out: latitude and longitude."""
    return " · {:.5f}, {:.5f}".format(*item.place) if item.place else ""


def _event(item: Item, words: Words) -> str:
    if item.event == "alarm":
        outcome = words(f"talks.alarm_{item.alarm}")
        key = "talks.event_alarm_seen" if item.agent else "talks.event_alarm"
        return words(key, number=item.detail, outcome=outcome, name=_actor(item.agent))
    if item.event == "asked":
        return words("talks.event_asked", reason=words(f"talks.reason_{item.detail}"))
    if item.event == "not_shown":
        return words(f"talks.not_shown_{item.detail}")
    return words(f"talks.event_{item.event}", name=_actor(item.agent))


def _actor(name: str) -> str:
    return name.removeprefix("staff:")
