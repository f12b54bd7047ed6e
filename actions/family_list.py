"""Whom an account acts for."""

from __future__ import annotations

from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import patients


async def answer_family(turn: Turn, reply: Reply) -> None:
    """Everybody whom the account acts for."""
    async with turn.runtime.database.begin() as session:
        everybody = await patients.acting_for(session, await account_of(session, turn))
    if not everybody:
        reply.say("say_profile_none")
        return
    left = turn.runtime.settings.patients_per_account - len(everybody)
    reply.say("say_family", count=turn.words.count(len(everybody)))
    for one in everybody:
        status = turn.words.texts.text(f"word_status_{one.status}")
        relation = turn.words.kin(one.relation, one.sex)
        reply.say("say_family_line", name=one.name, relation=relation, status=status)
    if left > 0:
        reply.say("say_family_more", left=left)
        reply.offer(turn.words.texts.text("intent_add_family"), "/add_family")
    if len(everybody) > 1:
        reply.offer(turn.words.texts.text("word_unbind"), "/unbind")
