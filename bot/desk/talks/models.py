"""What the desk keeps of its own: up to when somebody has looked at a conversation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base


class ConversationSeen(Base):
    """What a patient wrote later than `seen_at` is unread for this member of staff."""

    __tablename__ = "conversations_seen"

    conversation_id: Mapped[UUID] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    )
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    seen_at: Mapped[datetime]
