"""Talks with a person, as the database keeps them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.sealed import sealed


class Skill(StrEnum):
    """Who can help. Doctors are those of a department."""

    SERVICE = "service"
    DOCTOR = "doctor"
    PHARMACY = "pharmacy"


class Reason(StrEnum):
    """What led to a person."""

    ASKED = "asked"
    FAILED = "failed"  # not understood again and again
    ANGER = "anger"
    ALARM = "alarm"  # a red flag was seen
    COMPLAINT = "complaint"
    CONSULTATION = "consultation"
    STAFF = "staff"  # somebody of the staff began it


class TalkStatus(StrEnum):
    WAITING = "waiting"  # the patient waits, and the bot is silent
    ACTIVE = "active"
    UNANSWERED = "unanswered"  # in the queue, while the bot goes on: nobody is there, or an alarm
    CLOSED = "closed"
    LEFT = "left"  # nobody came, or the patient did not wait


class AnsweredIn(StrEnum):
    """Where the patient is answered by a person."""

    DESK = "desk"
    TELEGRAM = "telegram"  # in the staff's group
    WECHAT = "wechat"  # by WeChat's own agents: what is said there we do not see


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(v.value) for v in values)})", name=column)


_OPEN = text("status IN ('waiting', 'active', 'unanswered')")


class Talk(Base):
    """One episode of a person's help in a conversation, from the wish for it to its end.

    `staff_id`: who is asked to take it (`assigned_at`), and who speaks once `accepted_at` is set; `wanted_staff_id`:
    who is asked first. `declined`: who let it wait. `priority` is a head start in the queue, in minutes.
    `epoch` was the control's when the bot fell silent: what bears a later one came meanwhile.
    `opens_at`: when the patient was told that somebody is there. `message_at`: when they left a message for whoever
    takes it. `last_said_at`: the person's last message.

    `escalated_at`: nobody took it in time, and supervisors see it; `silent_since`: the patient waits for the person's
    next word longer than they should. `asked_position`: the place in the queue at first; `told_position` and `told_at`:
    what the patient heard of it last.

    `answered_in`: where, since it was accepted, or, with WeChat's own agents, since they were asked; then
    `native_agent` is who accepted it there, by WeChat's name, and nobody is `staff_id`.
    """

    __tablename__ = "talks"
    __table_args__ = (
        _one_of("skill", Skill),
        _one_of("reason", Reason),
        _one_of("status", TalkStatus),
        _one_of("answered_in", AnsweredIn),
        CheckConstraint(
            "status <> 'active' OR staff_id IS NOT NULL OR answered_in = 'wechat'", name="somebody_speaks"
        ),
        CheckConstraint("(status IN ('closed', 'left')) = (ended_at IS NOT NULL)", name="ended"),
        Index("uq_talks_open", "conversation_id", unique=True, postgresql_where=_OPEN),
        Index(
            "ix_talks_queue",
            "skill",
            "requested_at",
            postgresql_where=text("status IN ('waiting', 'unanswered')"),
        ),
        Index("ix_talks_staff_id", "staff_id", postgresql_where=_OPEN),
        Index("ix_talks_accepted_at", "accepted_at", postgresql_where=text("accepted_at IS NOT NULL")),
        Index("ix_talks_conversation_id", "conversation_id", "requested_at"),
        Index("ix_talks_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )

    id: Mapped[Key]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    skill: Mapped[str]
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("departments.id"))
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=TalkStatus.WAITING)
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    wanted_staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    consultation_id: Mapped[UUID | None]
    declined: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    epoch: Mapped[int] = mapped_column(server_default=text("0"))
    requested_at: Mapped[datetime]
    opens_at: Mapped[datetime | None]
    message_at: Mapped[datetime | None]
    assigned_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    first_answered_at: Mapped[datetime | None]
    last_said_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    silent_since: Mapped[datetime | None]
    asked_position: Mapped[int | None]
    told_position: Mapped[int | None]
    told_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]  # an actor: "patient", "time", "staff:<login>", "wechat:<agent>"
    answered_in: Mapped[str] = mapped_column(server_default=AnsweredIn.DESK)
    native_agent: Mapped[str | None]


class TalkNote(Base):
    """What staff write to one another about a conversation; the patient never reads it."""

    __tablename__ = "talk_notes"
    __table_args__ = (Index("ix_talk_notes_conversation_id", "conversation_id"),)

    id: Mapped[Key]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    talk_id: Mapped[UUID] = mapped_column(ForeignKey("talks.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[bytes] = mapped_column(LargeBinary, info=sealed("talk_notes.words"))
    created_at: Mapped[datetime]


class CannedReply(Base):
    """Words that staff use often, found by `shortcut` or by what they say. `skill`: whose they are; None: all's."""

    __tablename__ = "canned_replies"
    __table_args__ = (Index("uq_canned_replies_shortcut", "shortcut", unique=True),)

    id: Mapped[Key]
    shortcut: Mapped[str]
    title: Mapped[str]
    words: Mapped[str]
    words_en: Mapped[str] = mapped_column(server_default="")
    skill: Mapped[str | None]
    used: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
