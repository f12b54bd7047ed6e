"""What a message stands for without being understood: a pressed button, a chosen number, an entry of the menu. Only we
speak to Rasa in intents; what a patient types never reaches it as one."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot import choices
from integrations import menu
from integrations.language.script import normalise
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime

# What an entry of the account's menu may ask for; the keys are intents of the domain.
MENU_INTENTS = frozenset(intent for intent, _ in menu.ENTRIES)
_SHARED = frozenset({Kind.LINK, Kind.FILE})
_NEWS_CHOICES = text("SELECT options FROM news_choices WHERE id = :id AND conversation_id = :conversation")


_STARS = re.compile(r"[1-5一二两三四五]\W*")
# The message itself is the patient's last; the question was sent after the one before it.
_ASKED_SINCE = text("""
    SELECT EXISTS (
        SELECT FROM outbound WHERE conversation_id = :conversation AND notice = 'rating_asked'
          AND status IN ('sent', 'unknown')
          AND created_at > (SELECT received_at FROM inbound WHERE conversation_id = :conversation
                              AND kind NOT IN ('event', 'unfollow', 'system')
                            ORDER BY seq DESC OFFSET 1 LIMIT 1))
""")


def command(message: MessageIn, kept: dict[str, Any] | None) -> str | None:
    """The intent a message stands for without being understood, in Rasa's own form; None: it has to be read.

    Raises choices.Stale.
    """
    if message.kind in (Kind.FOLLOW, Kind.SCAN):  # whoever scans the hospital's code has come to us
        return "/greet"
    if message.kind is Kind.SYSTEM:
        return message.choice
    if message.kind is Kind.MENU:
        return f"/{message.choice}" if message.choice in MENU_INTENTS else "/help"
    if message.kind is Kind.CHOICE:
        return choices.pressed(message.choice, kept)
    if message.text.strip() and not _is_titled(message):
        return choices.typed(message.text, kept)
    return "/non_text"


def _is_titled(message: MessageIn) -> bool:
    """Whether the text is the title of what was shared, and nothing that the patient says: a page, or a file that
    the platform keeps to itself. Beside a file that we have it is the patient's own line."""
    return message.kind in _SHARED and message.media is None


async def below_news(rt: Runtime, conversation_id: UUID, choice: str) -> str | None:
    """What a button below news stands for; it may be pressed while another question is open."""
    question = {"id": choice.rpartition(":")[0], "conversation": conversation_id}
    async with rt.database.transaction() as session:
        options = await session.scalar(_NEWS_CHOICES, question)
    if options is None:
        return None
    try:
        return choices.pressed(choice, {"id": question["id"], "options": options})
    except choices.Stale:
        return None


async def answers_news(rt: Runtime, conversation_id: UUID, words: str) -> bool:
    """Whether a bare number is meant for the question for stars, put since the patient wrote last: no choice of an
    earlier question is."""
    if not _STARS.fullmatch(normalise(words).strip()):
        return False
    async with rt.database.transaction() as session:
        return bool(await session.scalar(_ASKED_SINCE, {"conversation": conversation_id}))


def no_command(words: str) -> str:
    """Words as they may go to Rasa. It looks for the slash behind any white space; places of entities stay."""
    at = len(words) - len(words.lstrip())
    return f"{words[:at]}／{words[at + 1 :]}" if words[at : at + 1] == "/" else words
