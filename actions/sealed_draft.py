"""Drafts that hold what a patient tells of an illness: sealed, with a token in Rasa's slot in their place.

A token is minted anew when the draft changes, so that a turn that runs twice starts from the same draft both times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actions.revealing import reveal
from actions.turn import Turn
from integrations.hospital import tokens
from integrations.hospital.tokens import DRAFT, UnknownToken

_KEPT = "kept"


async def seal(turn: Turn, draft: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the slot."""
    async with turn.runtime.database.begin() as session:
        token = await tokens.mint(
            session,
            turn.runtime.crypto,
            conversation_id=turn.contact_id,
            kind=DRAFT,
            value=json.dumps(draft, ensure_ascii=False),
            now=turn.now,
        )
    return {_KEPT: token}


async def unseal(turn: Turn, slot: Any) -> dict[str, Any]:
    """The draft behind a slot; empty when there is none, or it was forgotten since."""
    if not isinstance(slot, Mapping) or _KEPT not in slot:
        return {}
    try:
        found: dict[str, Any] = json.loads(await reveal(turn, str(slot[_KEPT]), "draft"))
    except UnknownToken:
        return {}
    return found
