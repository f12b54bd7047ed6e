"""A code by SMS inside a form: sent to one phone for one purpose, and compared with what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from actions.turn import Reply, Turn
from integrations.hospital import codes
from integrations.sms.interface import SmsError, SmsUnknown

_DIGITS = 6


class Answer(StrEnum):
    """What a message did to an open question for a code."""

    RIGHT = "right"
    WRONG = "wrong"  # said so already
    NONE = "none"  # there was no code in it


@dataclass(slots=True)
class SmsCode:
    """`phone` is plain (E.164): it goes to the SMS only."""

    turn: Turn
    reply: Reply
    phone: str
    purpose: str

    async def send(self) -> bool:
        """True when a code is on its way and may be asked for; otherwise it was said what hinders."""
        turn, hospital_phone = self.turn, self.turn.runtime.settings.hospital_phone
        try:
            async with turn.runtime.database.begin() as session:
                code = await codes.issue_code(
                    session,
                    turn.runtime.crypto,
                    phone=self.phone,
                    purpose=self.purpose,
                    contact_id=turn.contact_id,
                    now=turn.now,
                    key=turn.key(f"issue code {self.purpose}"),
                )
        except codes.TooSoon as wait:
            self.reply.say("say_account_code_too_soon", seconds=wait.seconds)
            return False
        except codes.TooMany as wait:
            self.reply.say("say_account_code_too_many", hours=wait.hours, phone=hospital_phone)
            return False
        if code is None:  # sent before, when this message was handled first
            return True
        try:
            await turn.runtime.sms.send_code(self.phone, code)
        except SmsUnknown:
            return True  # it may come all the same
        except SmsError:
            self.reply.say("say_account_code_not_sent", phone=hospital_phone)
            return False
        return True

    async def check(self) -> Answer:
        """Compares; a wrong code is answered."""
        turn = self.turn
        typed = turn.facts.sms_code
        if (typed and len(typed) != _DIGITS) or (not typed and turn.facts.ordinal):
            self.reply.say("say_account_code_length")  # costs no try
            return Answer.WRONG
        if not typed:
            return Answer.NONE
        async with turn.runtime.database.begin() as session:
            check = await codes.check_code(
                session,
                turn.runtime.crypto,
                phone=self.phone,
                purpose=self.purpose,
                code=typed,
                contact_id=turn.contact_id,
                now=turn.now,
                key=turn.key(f"check code {self.purpose}"),
            )
        if check.right:
            return Answer.RIGHT
        self.reply.say(f"say_code_{check.verdict}", left=check.left)
        return Answer.WRONG
