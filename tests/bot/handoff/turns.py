"""Whole turns: what a patient writes, and what the dialog is taken to answer."""

from bot.understanding import Reading

HANDOFF = {"custom": {"handoff": {"skill": "service", "reason": "asked"}}}
BY_PHONE = "找人请打 010-1"
BROUGHT = {
    "text": f"没听懂。\n{BY_PHONE}\n哪个科？",
    "buttons": [
        {"title": "骨科", "payload": '/inform{"department": "1"}'},
        {"title": "找人工", "payload": '/talk_to_human{"purpose": "failed"}'},
    ],
    "expects": "own_words",
    "custom": {"handoff": {"skill": "service", "reason": "failed", "instead_of": BY_PHONE}},
}


class PlainReader:
    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])
