"""Accounts and what belongs to them, as SQLAlchemy models. Times are seconds since 1970."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """All tables of the ledger's database."""


class Account(Base):
    """A person. ``name`` is unique and in lower case; of an erased account only the uid is left."""

    __tablename__ = "accounts"

    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[int] = mapped_column(BigInteger)
    erased_at: Mapped[int | None] = mapped_column(BigInteger)


class Session(Base):
    """A device that has logged in.

    Only hashes of refresh tokens are kept: of the current one, and of the one before it, which is
    still good until the current one is used, because its answer may never have arrived.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index("sessions_account", "uid"),)

    sid: Mapped[str] = mapped_column(String(32), primary_key=True)
    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(String(32), unique=True)
    device_name: Mapped[str] = mapped_column(String(64))
    refresh_hash: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Invitation(Base):
    """Lets somebody sign up, ``uses_left`` times more."""

    __tablename__ = "invitations"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    uses_left: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[int] = mapped_column(BigInteger)
