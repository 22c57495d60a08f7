"""Mails wait in the database, in the transaction that they tell of, sealed until they are sent.

Times are seconds since 1970.
"""

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from storage.accounts import Mail

_BATCH = 20


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail: plain text to one address; to ``None`` it is written and goes nowhere."""

    to: str | None
    subject: str
    text: str


_decode = msgspec.json.Decoder(Letter).decode


class Seal:
    """Encrypts what waits, with the data folder's key."""

    def __init__(self, key: bytes) -> None:
        self._box = Fernet(key)

    def close(self, letter: Letter) -> bytes:
        """Encrypt a letter."""
        return self._box.encrypt(msgspec.json.encode(letter))

    def open(self, sealed: bytes) -> Letter | None:
        """Decrypt a letter; ``None`` where it was sealed with another key."""
        try:
            return _decode(self._box.decrypt(sealed))
        except (InvalidToken, msgspec.DecodeError):
            return None


def post(database: Database, seal: Seal, letter: Letter, *, now: int, expires_at: int) -> None:
    """Have a mail sent; it is tried until ``expires_at``."""
    sealed = seal.close(letter)
    database.add(Mail(sealed=sealed, due_at=now, tries=0, expires_at=expires_at))


def due(database: Database, now: int) -> list[Mail]:
    """Give the oldest mails whose time has come; those that are worth nothing any more go."""
    database.execute(delete(Mail).where(Mail.expires_at <= now))
    query = select(Mail).where(Mail.due_at <= now).order_by(Mail.due_at, Mail.number)
    return list(database.scalars(query.limit(_BATCH)))
