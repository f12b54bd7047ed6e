"""What bot keeps in the database: conversations, what came in, what goes out, and who may speak."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from bot.desk.talks.models import ConversationSeen  # noqa: F401  (its table)
from bot.handoff.models import CannedReply, Talk, TalkNote  # noqa: F401  (their tables)
from bot.staff_group.models import StaffRelay, StaffTopic, StaffUpdate  # noqa: F401  (their tables)
from integrations.database import Base, Key
from integrations.language.languages import LANGUAGES, SIMPLIFIED
from integrations.presence import RunningProcess  # noqa: F401  (its table)
from integrations.sealed import apart, sealed


class ControlState(StrEnum):
    """Who speaks to the patient."""

    BOT = "bot"
    WAITING = "waiting"  # the patient waits for a person
    AGENT = "agent"


class InboundStatus(StrEnum):
    PENDING = "pending"
    DONE = "done"  # answered, or needing no answer
    FAILED = "failed"  # given up after real failures; the patient got an apology


class OutboundStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # the platform will never take it
    UNKNOWN = "unknown"  # it left, and no answer came
    DROPPED = "dropped"  # a person took over before it was sent


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(v.value) for v in values)})", name=column)


class Conversation(Base):
    """One contact's talk with us. The id is the contact's. A turn holds this row's lock; nothing else does.

    `choices` is what the last question offered: {"id", "options": [{"title", "payload"}]}.
    `expects` names the personal value that the last question asked for (`person_name`, …).
    `language` is what the patient writes, or has chosen: then it stays until another is chosen.
    """

    __tablename__ = "conversations"
    __table_args__ = (CheckConstraint(f"language IN ({', '.join(map(repr, LANGUAGES))})", name="language"),)

    id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    choices: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    expects: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default=SIMPLIFIED)
    language_chosen: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Control(Base):
    """Who speaks in a conversation; every change raises the epoch. A row of its own, so that a
    takeover never waits for a turn, and whoever sends can lock it for a moment."""

    __tablename__ = "controls"
    __table_args__ = (_one_of("state", ControlState),)

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(server_default=ControlState.BOT)
    epoch: Mapped[int] = mapped_column(server_default="0")
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Inbound(Base):
    """A message of a patient, as accepted. `content` is an encrypted JSON object: text, choice, media, location.

    `passive_until`: until then the gateway may still answer in the webhook's own HTTP response.
    `alarm` is the outcome of the red-flag rules, when there was one.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        _one_of("status", InboundStatus),
        Index("ix_inbound_pending", "conversation_id", "seq", postgresql_where=text("status = 'pending'")),
        Index("ix_inbound_recent", "conversation_id", "received_at"),
    )

    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    channel: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, info=sealed("inbound.content"))
    status: Mapped[str] = mapped_column(server_default=InboundStatus.PENDING)
    alarm: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime | None]
    deliveries: Mapped[int] = mapped_column(server_default="1")
    passive_until: Mapped[datetime | None]
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Outbound(Base):
    """A message to a patient. `content` is an encrypted JSON object: text, options, picture, notice.

    `epoch` is the control epoch it was made under; `exempt` rows (alarms) go out whoever speaks.
    `not_before`: an active send waits until then. Rows sent as one message share `platform_id`;
    `passive_for` is the inbound message whose HTTP response carried it.
    `repeated_at`: a row of unknown fate was said again inside a later answer.

    `notice` is the kind of a row that tells news (an appointment was cancelled) and may leave as the platform's
    prepared notice. `notified_at`: when it was first handed over as one; `notice_error`: why it cannot leave so.
    `about`: the appointment that the news is about.

    What a person said and had not left when the talk changed hands is dropped with the error "changed hands", until
    `repeated_at`: somebody took note of it.

    `talk_id`: said while a person helps or is waited for: by them (`staff_id`), or about the waiting.
    """

    __tablename__ = "outbound"
    __table_args__ = (
        UniqueConstraint("inbound_id", "position"),
        _one_of("status", OutboundStatus),
        Index(
            "ix_outbound_open",
            "conversation_id",
            "seq",
            postgresql_where=text("status IN ('queued', 'sending')"),
        ),
        Index(
            "ix_outbound_unknown",
            "conversation_id",
            postgresql_where=text("status = 'unknown' AND repeated_at IS NULL"),
        ),
        Index(
            "ix_outbound_unsent",
            "staff_id",
            postgresql_where=text("status = 'dropped' AND error = 'changed hands' AND repeated_at IS NULL"),
        ),
        Index("ix_outbound_passive_for", "passive_for", postgresql_where=text("passive_for IS NOT NULL")),
        Index(
            "ix_outbound_notices",
            "conversation_id",
            postgresql_where=text(
                "notice IS NOT NULL AND notice_error IS NULL AND status IN ('queued', 'unknown')"
            ),
        ),
        Index("ix_outbound_latest", "conversation_id", "created_at"),
        Index("ix_outbound_about", "about", postgresql_where=text("about IS NOT NULL")),
        Index("ix_outbound_talk_id", "talk_id", postgresql_where=text("talk_id IS NOT NULL")),
        Index(
            "ix_outbound_notified",
            "platform_id",
            postgresql_where=text("notified_at IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    inbound_id: Mapped[UUID | None] = mapped_column(ForeignKey("inbound.id", ondelete="SET NULL"))
    position: Mapped[int | None]
    content: Mapped[bytes] = mapped_column(LargeBinary, info=sealed("outbound.content"))
    epoch: Mapped[int]
    exempt: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[str] = mapped_column(server_default=OutboundStatus.QUEUED)
    not_before: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    platform_id: Mapped[str | None]
    passive_for: Mapped[UUID | None]
    error: Mapped[str | None]
    repeated_at: Mapped[datetime | None]
    notice: Mapped[str | None]
    notified_at: Mapped[datetime | None]
    notice_error: Mapped[str | None]
    about: Mapped[UUID | None]
    talk_id: Mapped[UUID | None] = mapped_column(ForeignKey("talks.id", ondelete="SET NULL"))
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Alarm(Base):
    """A red flag, and what became of it. Those of one patient that follow closely are one (`times`), and so is a
    question that had to be put again.

    `number` is what staff call it by. `answer` to the one question of a check: yes, no, or other (something else was
    said). `page_at`: from then on staff are to be paged; None: nobody has to come. `paged_at`, `office_at`: when those
    on call and then the duty office were told. `rings_at`: when the desk last sounded for it, or will.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        CheckConstraint("outcome IN ('emergency', 'crisis', 'urgent', 'check')", name="outcome"),
        CheckConstraint("answer IN ('yes', 'no', 'other')", name="answer"),
        Index("ix_alarms_conversation_id_raised_at", "conversation_id", "raised_at"),
        Index(
            "ix_alarms_waiting",
            "page_at",
            postgresql_where=text("page_at IS NOT NULL AND acknowledged_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True, start=101), unique=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    inbound_id: Mapped[UUID | None] = mapped_column(ForeignKey("inbound.id", ondelete="SET NULL"))
    outcome: Mapped[str]
    rule: Mapped[str]
    answer: Mapped[str | None]
    times: Mapped[int] = mapped_column(server_default="1")
    raised_at: Mapped[datetime]
    last_at: Mapped[datetime]
    page_at: Mapped[datetime | None]
    paged_at: Mapped[datetime | None]
    office_at: Mapped[datetime | None]
    rings_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None]


class PageSlip(Base):
    """What was sent to a phone of staff, so that nobody is called more often than they can bear. `phone` is its place
    in the settings, not its number."""

    __tablename__ = "page_slips"
    __table_args__ = (Index("ix_page_slips_sent_at", "sent_at"),)

    id: Mapped[Key]
    level: Mapped[str]  # oncall or office
    phone: Mapped[int]
    alarms: Mapped[int]  # how many it told of
    sent_at: Mapped[datetime]
    error: Mapped[str | None]


class NewsChoice(Base):
    """Buttons below a message that nobody asked for. They stay good while another question is open; `options` are
    those of Conversation.choices, `id` is the question's."""

    __tablename__ = "news_choices"

    id: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    options: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(index=True)


class NoticePermission(Base):
    """How many notices of a template a patient still lets us send (WeChat's subscription notices: one an
    acceptance), and when the patient last said no."""

    __tablename__ = "notice_permissions"
    __table_args__ = (CheckConstraint("granted >= 0", name="granted"),)

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    template: Mapped[str] = mapped_column(primary_key=True)
    granted: Mapped[int] = mapped_column(server_default="0")
    refused_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class MediumStatus(StrEnum):
    WAITING = "waiting"  # to be fetched from the platform
    STORED = "stored"
    FAILED = "failed"  # gone, too large or of a kind that is not kept; the patient was told


class Medium(Base):
    """A picture, recording or file: what a patient sent (`inbound_id`), or what we send. `content` is encrypted;
    `sha256` is that of the plain content. `album`: what was sent together bears the same one."""

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("inbound_id"),
        _one_of("status", MediumStatus),
        Index("ix_media_waiting", "retry_at", postgresql_where=text("status = 'waiting'")),
        Index("ix_media_conversation_id_album", "conversation_id", "album"),
        Index("ix_media_created_at", "created_at"),
    )

    id: Mapped[Key]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    inbound_id: Mapped[UUID | None] = mapped_column(ForeignKey("inbound.id", ondelete="CASCADE"))
    album: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=MediumStatus.WAITING)
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed("media.content"))
    mime: Mapped[str | None]
    size: Mapped[int | None]
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary, info=apart("says nothing about the content"))
    attempts: Mapped[int] = mapped_column(server_default="0")
    retry_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    stored_at: Mapped[datetime | None]


class Quota(Base):
    """How many messages a platform still lets us send by ourselves, per trigger (see `Rationed`)."""

    __tablename__ = "quotas"

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    trigger: Mapped[str] = mapped_column(primary_key=True)
    remaining: Mapped[int]
    expires_at: Mapped[datetime]


class RasaTracker(Base):
    """Rasa's memory of a conversation, encrypted with a key that only Rasa has. Here for the migrations."""

    __tablename__ = "rasa_tracker"

    sender_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary, info=apart("under TRACKER_KEYS"))
    updated_at: Mapped[datetime]
