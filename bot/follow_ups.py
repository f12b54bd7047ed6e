"""A follow-up that is due: asked in the chat while the platform takes our messages, and otherwise announced by a
notice. Never into a talk with a person, nor after an alarm."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox, notices, quota, texts
from bot.claims import sends_actively
from bot.models import ControlState
from bot.outbox import ALARMED
from integrations.hospital import page_subjects, patients
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import asking
from integrations.hospital.follow_up.asking import Asking
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import HospitalEvent
from integrations.runtime import Runtime

_CHAT = text(f"""
    SELECT contacts.channel, conversations.language, controls.state,
           EXISTS (SELECT FROM quotas WHERE quotas.conversation_id = :id
                     AND remaining > 0 AND expires_at > :now) AS window_open,
           {ALARMED.format(conversation=":id")} AS alarmed
    FROM contacts JOIN conversations USING (id) JOIN controls ON controls.conversation_id = contacts.id
    WHERE contacts.id = :id
""")  # noqa: S608 - pieces of our own


async def ask(session: AsyncSession, rt: Runtime, event: HospitalEvent) -> UUID | None:
    """Brings a due task to whoever acts for its patient. Gives the conversation whose dialog is to ask."""
    now, task_id = rt.now(), UUID(event.payload["task_id"])
    unanswered = event.kind == EventKind.FOLLOW_UP_UNANSWERED
    due = await asking.due(session, rt.settings, plans(rt.settings), task_id, now, unanswered=unanswered)
    if due is None:
        return None
    contact_id = due.hearer.contact_id
    chat = (await session.execute(_CHAT, {"id": contact_id, "now": now})).one()
    if chat.state != ControlState.BOT or chat.alarmed:
        await asking.put_off(session, task_id, due.hearer, now, again=due.again)
        return None
    channel = rt.channels[chat.channel]
    if sends_actively(rt, channel) and (chat.window_open or not quota.quotas(channel)):
        said = {"task": str(task_id)} | ({"again": True} if due.again else {})
        await inbox.accept_system(
            session,
            rt.crypto,
            contact_id,
            external_id=f"event:{event.id}",
            payload=f"/follow_up_due{json.dumps(said)}",
            now=now,
        )
        return contact_id
    await _announce(session, rt, due, event.kind, chat.language)
    return None


async def _announce(session: AsyncSession, rt: Runtime, due: Asking, kind: str, language: str) -> None:
    """The window is shut: words that wait for it, and meanwhile the platform's notice, with the page on which the
    questions can be answered."""
    name = await patients.masked_name(session, due.patient_id)
    path = await page_subjects.follow_up_link(session, due.hearer.contact_id, due.task_id, rt.now())
    words = texts.say(f"bot_{kind}", language=language, name=name)
    await notices.queue(session, rt, due.hearer.contact_id, kind, words, page=path)
    await asking.asked(session, due.task_id, rt.now(), again=due.again)
