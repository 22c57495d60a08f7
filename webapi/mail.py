"""Mails, written in the transaction that they tell of; the keeper sends them."""

from sqlalchemy.orm import Session as Database

from storage import mails
from webapi.seal import seal

CODE_SECONDS = 3_600
"""For how long a mailed code is good, and so for how long a mail is tried."""


def post(database: Database, letter: mails.Letter, now: int) -> None:
    """Have a mail sent, if the transaction is committed. ``now`` is in seconds since 1970."""
    mails.post(database, seal(), letter, now=now, expires_at=now + CODE_SECONDS)
