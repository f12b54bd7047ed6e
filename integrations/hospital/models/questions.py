"""Questions about the hospital that no page answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key


class UnansweredQuestion(Base):
    """A question's words, without anybody's who asked it: that is why it may stand here as it was put."""

    __tablename__ = "unanswered_questions"
    __table_args__ = (CheckConstraint("asked > 0", name="asked_at_least_once"),)

    id: Mapped[Key]
    words: Mapped[str] = mapped_column(String(80), unique=True)
    language: Mapped[str] = mapped_column(String(12))
    asked: Mapped[int] = mapped_column(default=1, server_default="1")
    first_asked_at: Mapped[datetime]
    last_asked_at: Mapped[datetime]
