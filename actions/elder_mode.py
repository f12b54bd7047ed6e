"""Elder mode: "说简单点", "关掉长辈模式"; offered to whoever is old enough."""

from __future__ import annotations

import re

from actions.turn import Reply, Turn
from integrations.hospital import accounts, elder_mode, patients

_OFF = re.compile(
    r"关(?!怀|爱)|退出|取消|不要|不用|别用|普通|正常|标准|恢复|换回|切回|回到|不是老人"
    r"|\b(?:off|disable|exit|leave|stop|normal|regular|standard|don'?t need|no (?:senior|elder|simple))\b",
    re.IGNORECASE,
)


async def answer(turn: Turn, reply: Reply) -> None:
    """On, unless the words or the button say off."""
    wanted = turn.facts.purpose != "off" and not _OFF.search(turn.text)
    async with turn.runtime.database.begin() as session:
        await elder_mode.want(session, turn.contact_id, wanted=wanted)
    reply.say("say_elder_on" if wanted else "say_elder_off")


async def offer(turn: Turn, reply: Reply) -> None:
    """To an account whose owner is old enough and does not have it."""
    if turn.elder:
        return
    async with turn.runtime.database.begin() as session:
        contact = await accounts.contact(session, turn.contact_id)
        owner = contact and await patients.self_patient(session, contact.account_id)
    if owner and elder_mode.suits(owner.birth_date, turn.today):
        reply.say("say_elder_offer")
