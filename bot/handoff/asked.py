"""Who asks for somebody in particular (a pharmacist, a department's doctors, the one from just now), in the words of a
button: so it is the same within every question."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bot.handoff.models import Skill
from integrations.language.asked_for import Whom, whom
from integrations.runtime import Runtime

_HELPED_LAST = text("""
    SELECT skill FROM talks WHERE conversation_id = :conversation AND first_answered_at IS NOT NULL
    ORDER BY coalesce(ended_at, first_answered_at) DESC LIMIT 1
""")
_BEFORE = {Skill.PHARMACY: Whom.PHARMACIST, Skill.DOCTOR: Whom.DOCTOR_BEFORE}


async def command(
    rt: Runtime, conversation_id: UUID, words: str, entities: Iterable[Mapping[str, Any]]
) -> str | None:
    """What the message stands for; None for every other. The same person as before is asked first in any case
    (bot.handoff.assigning): what counts is whose queue it is."""
    asked = whom(words)
    if asked is None:
        return None
    if asked is Whom.BEFORE:
        async with rt.database.transaction() as session:
            skill = await session.scalar(_HELPED_LAST, {"conversation": conversation_id})
        asked = _BEFORE.get(Skill(skill)) if skill else None
    named = {"purpose": asked.value if asked else "asked"}
    for kind in ("department", "practitioner"):
        ids = {str(one["value"]) for one in entities if one["entity"] == kind}
        named |= {kind: ids.pop()} if len(ids) == 1 else {}
    return f"/talk_to_human{json.dumps(named)}"
