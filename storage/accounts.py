"""Accounts and what belongs to them, as SQLAlchemy models. Times are seconds since 1970."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite numbers rows by itself only where the key is declared INTEGER.
_COUNTER = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables of the ledger's database."""


class Account(Base):
    """A person. ``name`` is unique and in lower case; of an erased account only the uid is left.

    ``email`` is unique, in lower case, and verified: mail that was sent there was read.
    Since ``second_factor_at`` a login takes a code, too.
    """

    __tablename__ = "accounts"
    __table_args__ = (Index("accounts_email", "email", unique=True),)

    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[int] = mapped_column(BigInteger)
    erased_at: Mapped[int | None] = mapped_column(BigInteger)
    email: Mapped[str | None] = mapped_column(String(254))
    second_factor_at: Mapped[int | None] = mapped_column(BigInteger)


class Session(Base):
    """A device that has logged in.

    Only hashes of refresh tokens are kept: of the current one, and of the one before it, which is
    still good until the current one is used, because its answer may never have arrived. ``seen_at``
    is when it last got tokens, ``address`` the network from where.
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
    seen_at: Mapped[int] = mapped_column(BigInteger, server_default="0")
    address: Mapped[str] = mapped_column(String(43), server_default="")


class Invitation(Base):
    """Lets somebody sign up, ``uses_left`` times more."""

    __tablename__ = "invitations"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    uses_left: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Ticket(Base):
    """What was begun and ends with a code that somebody has been given, once and soon."""

    __tablename__ = "tickets"
    __table_args__ = (Index("tickets_account", "uid"),)

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    uid: Mapped[str | None] = mapped_column(ForeignKey("accounts.uid", ondelete="CASCADE"))
    content: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class SecondFactor(Base):
    """A secret that an account shares with an authenticator application; ``sealed``.

    ``last_step`` is that of the last code that was used (RFC 6238, section 5.2).
    """

    __tablename__ = "second_factors"

    uid: Mapped[str] = mapped_column(
        ForeignKey("accounts.uid", ondelete="CASCADE"), primary_key=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer)
    failed_at: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """Stands in for a code of the second factor, once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index("recovery_codes_account", "uid"),)

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid", ondelete="CASCADE"))


class Identity(Base):
    """Whom an OpenID Connect provider vouches for, and whose account that person may use."""

    __tablename__ = "identities"
    __table_args__ = (Index("identities_account", "uid"),)

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    uid: Mapped[str] = mapped_column(ForeignKey("accounts.uid", ondelete="CASCADE"))
    created_at: Mapped[int] = mapped_column(BigInteger)


class Mail(Base):
    """A mail that is to be sent, until it is sent or is worth nothing any more.

    ``sealed`` is encrypted: there may be a code in it.
    """

    __tablename__ = "mails"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's form

    number: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    due_at: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class KeptAnswer(Base):
    """What was answered to a request, for when it is repeated under the same key."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index("kept_answers_age", "created_at"),)

    uid: Mapped[str] = mapped_column(
        ForeignKey("accounts.uid", ondelete="CASCADE"), primary_key=True
    )
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[int] = mapped_column(BigInteger)
