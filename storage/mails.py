"""Mails wait in the database, in the transaction that they tell of, sealed until they are sent.

Times are seconds since 1970.
"""

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from storage.accounts import Mail
from storage.seal import Seal

_BATCH = 20


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail: plain text to one address; to ``None`` it is written and goes nowhere."""

    to: str | None
    subject: str
    text: str


_decode = msgspec.json.Decoder(Letter).decode


def post(database: Database, seal: Seal, letter: Letter, *, now: int, expires_at: int) -> None:
    """Have a mail sent; it is tried until ``expires_at``."""
    sealed = seal.close(msgspec.json.encode(letter))
    database.add(Mail(sealed=sealed, due_at=now, tries=0, expires_at=expires_at))


def read(seal: Seal, mail: Mail) -> Letter | None:
    """Give the letter in a mail; ``None`` where it was sealed with another key."""
    opened = seal.open(mail.sealed)
    return None if opened is None else _decode(opened)


def due(database: Database, now: int) -> list[Mail]:
    """Give the oldest mails whose time has come; those that are worth nothing any more go."""
    database.execute(delete(Mail).where(Mail.expires_at <= now))
    query = select(Mail).where(Mail.due_at <= now).order_by(Mail.due_at, Mail.number)
    return list(database.scalars(query.limit(_BATCH)))
