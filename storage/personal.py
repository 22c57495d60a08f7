"""What people keep for themselves, as SQLAlchemy models. Times are milliseconds since 1970."""

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, Text
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


class Contact(Base):
    """Somebody whom a person has among the contacts."""

    __tablename__ = "contacts"

    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid"), primary_key=True)
    other: Mapped[str] = mapped_column(ForeignKey("accounts.uid"), primary_key=True)


class Block(Base):
    """Somebody of whom a person wants to hear nothing."""

    __tablename__ = "blocks"
    __table_args__ = (Index("blocks_other", "other"),)

    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid"), primary_key=True)
    other: Mapped[str] = mapped_column(ForeignKey("accounts.uid"), primary_key=True)


class Link(Base):
    """A way into a group, for whoever knows its code. Without ``uses_left`` there is no bound."""

    __tablename__ = "links"
    __table_args__ = (Index("links_group", "cid", "created_at"),)

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    cid: Mapped[str] = mapped_column(ForeignKey("conversations.cid"))
    maker: Mapped[str] = mapped_column(ForeignKey("accounts.uid"))
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    uses_left: Mapped[int | None]


class Hidden(Base):
    """A message that somebody has deleted for themself."""

    __tablename__ = "hidden"

    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid"), primary_key=True)
    cid: Mapped[str] = mapped_column(ForeignKey("conversations.cid"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Report(Base):
    """What a person has told the moderators of somebody, maybe of one message."""

    __tablename__ = "reports"
    __table_args__ = (Index("reports_open", "handled_at", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reporter: Mapped[str] = mapped_column(ForeignKey("accounts.uid"))
    about: Mapped[str] = mapped_column(ForeignKey("accounts.uid"))
    cid: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)
    handled_at: Mapped[int | None] = mapped_column(BigInteger)
