"""Replies that staff use often: found by what they say or sound like, kept by supervisors."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import UUID

import yaml
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.handoff.models import CannedReply, Skill
from integrations.hospital import audit

LONGEST_TITLE, LONGEST = 30, 2000  # characters
_SHORTCUT = re.compile(r"[a-z0-9]{1,12}")
_DEMO = Path(__file__).with_name("canned_replies.yml")


class BadReply(ValueError):
    """A shortcut of letters and digits, a title and words are needed, none too long."""


class ShortcutTaken(ValueError):
    """Another reply has this shortcut."""


class UnknownReply(LookupError):
    """No reply has this id (any more)."""


@dataclass(frozen=True, slots=True)
class Written:
    """`words_en`: for patients who write English; "": they get the others. `skill`: whose it is; None: all's."""

    shortcut: str
    title: str
    words: str = field(repr=False)
    words_en: str = field(default="", repr=False)
    skill: str | None = None

    def checked(self) -> Written:
        """With nothing around its parts. Raises BadReply."""
        tidy = Written(
            self.shortcut.strip().removeprefix("/").lower(),
            self.title.strip(),
            self.words.strip(),
            self.words_en.strip(),
            Skill(self.skill).value if self.skill else None,
        )
        fits = len(tidy.title) <= LONGEST_TITLE and max(len(tidy.words), len(tidy.words_en)) <= LONGEST
        if not (_SHORTCUT.fullmatch(tidy.shortcut) and tidy.title and tidy.words and fits):
            raise BadReply
        return tidy


async def listed(session: AsyncSession, skills: Collection[str] | None = None) -> Sequence[CannedReply]:
    """The most used first; with skills only theirs and everybody's."""
    wanted = select(CannedReply).order_by(CannedReply.used.desc(), CannedReply.shortcut)
    if skills is not None:
        wanted = wanted.where(or_(CannedReply.skill.is_(None), CannedReply.skill.in_(skills)))
    return (await session.scalars(wanted)).all()


async def add(session: AsyncSession, written: Written, *, actor: str) -> None:
    """Raises BadReply, ShortcutTaken."""
    tidy = written.checked()
    await _free(session, tidy.shortcut)
    session.add(CannedReply(**asdict(tidy)))
    await session.flush()
    await _record(session, actor, "reply_added", tidy.shortcut)


async def change(session: AsyncSession, reply_id: UUID, written: Written, *, actor: str) -> None:
    """Raises BadReply, ShortcutTaken, UnknownReply."""
    tidy, found = written.checked(), await _one(session, reply_id)
    if tidy.shortcut != found.shortcut:
        await _free(session, tidy.shortcut)
    for name, value in asdict(tidy).items():
        setattr(found, name, value)
    await session.flush()
    await _record(session, actor, "reply_changed", tidy.shortcut)


async def remove(session: AsyncSession, reply_id: UUID, *, actor: str) -> None:
    """Raises UnknownReply."""
    found = await _one(session, reply_id)
    await session.delete(found)
    await session.flush()
    await _record(session, actor, "reply_removed", found.shortcut)


async def count_use(session: AsyncSession, shortcut: str) -> None:
    counted = update(CannedReply).where(CannedReply.shortcut == shortcut)
    await session.execute(counted.values(used=CannedReply.used + 1))


async def add_demo(session: AsyncSession) -> int:
    """Those of the demo hospital, where none stands yet: what a supervisor removed stays removed. Gives how many."""
    if await session.scalar(select(CannedReply.id).limit(1)):
        return 0
    said = [Written(**one).checked() for one in yaml.safe_load(_DEMO.read_text("utf-8"))]
    session.add_all(CannedReply(**asdict(one)) for one in said)
    await session.flush()
    return len(said)


async def _one(session: AsyncSession, reply_id: UUID) -> CannedReply:
    found = await session.get(CannedReply, reply_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise UnknownReply
    return found


async def _free(session: AsyncSession, shortcut: str) -> None:
    if await session.scalar(select(CannedReply.id).where(CannedReply.shortcut == shortcut)):
        raise ShortcutTaken


async def _record(session: AsyncSession, actor: str, action: str, shortcut: str) -> None:
    await audit.record(session, actor=actor, action=action, subject=f"reply:{shortcut}")
