"""What people keep for themselves, as SQLAlchemy models. Times are milliseconds since 1970."""

from sqlalchemy import BigInteger, Boolean, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.accounts import Base


class Preference(Base):
    """How a member keeps a conversation; who has no row keeps it as it comes.

    ``marked_at`` is the read mark at which it was marked as unread: it is so until that moves.
    """

    __tablename__ = "preferences"

    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid"), primary_key=True)
    cid: Mapped[str] = mapped_column(ForeignKey("conversations.cid"), primary_key=True)
    pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    muted_until: Mapped[int | None] = mapped_column(BigInteger)
    marked_at: Mapped[int | None] = mapped_column(BigInteger)
    draft: Mapped[str] = mapped_column(Text, default="")
