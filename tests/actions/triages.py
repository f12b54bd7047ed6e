"""What the engine is taken to make of words while the dialog around it is played, and what is kept of them."""

from __future__ import annotations

import json

from integrations.hospital import tokens
from integrations.hospital.triage.assess import Assessment, Person, Question, Ranked

from .conftest import NOW, Chat, Clinic

HEART, BONES, CHILD = "心血管内科", "骨科", "儿科"


def play(text: str, person: Person = Person(), answers: object = None) -> Assessment:  # noqa: B008
    """胸 → heart, 脖 or 膝 → bones; 累 is asked about; a child goes to paediatrics."""
    given = dict(answers or {})  # type: ignore[call-overload]
    if person.age is not None and person.age < 14:
        return Assessment((Ranked(CHILD, 0.9, ("发烧",)), Ranked(HEART, 0.1)))
    if "累" in text and len(given) < 3 and "fever" not in given:
        return Assessment((Ranked(HEART, 0.5, ("累",)), Ranked(BONES, 0.4)), Question("fever", ("yes", "no")))
    if "头" in text or given.get("fever") == "yes" or "胸" in text:
        word = "头" if "头" in text else "胸"
        return Assessment((Ranked(HEART, 0.8, (word,)), Ranked(BONES, 0.2)))
    if any(one in text for one in ("脖", "膝", "neck")) or given:
        return Assessment((Ranked(BONES, 0.8, ("疼",)), Ranked(HEART, 0.2)))
    return Assessment((Ranked(HEART, 0.1), Ranked(BONES, 0.1)))


async def words_kept(clinic: Clinic, chat: Chat) -> list[str]:
    """The patient's words behind the seal."""
    async with clinic.runtime.database.begin() as session:
        draft = await tokens.reveal(
            session,
            clinic.runtime.crypto,
            conversation_id=chat.contact.id,
            token=chat.slots["symptoms"]["kept"],
            purpose="test",
            now=NOW,
        )
    words: list[str] = json.loads(draft)["words"]
    return words
