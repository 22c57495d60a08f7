"""Invitations to sign up: good for so many people, until a time in seconds since 1970."""

from sqlalchemy import ColumnElement, CursorResult, delete, select, update
from sqlalchemy.orm import Session as Database

from storage.accounts import Invitation
from storage.codes import digest, new_code


def invite(database: Database, *, uses: int, expires_at: int, now: int) -> str:
    """Make an invitation, and give its code; only a digest is kept. Those that are over go."""
    database.execute(delete(Invitation).where(Invitation.expires_at <= now))
    code = new_code()
    database.add(Invitation(code_hash=digest(code), uses_left=uses, expires_at=expires_at))
    return code


def is_good(database: Database, code: str, now: int) -> bool:
    """Tell whether somebody more can sign up by an invitation."""
    good = select(Invitation.code_hash).where(*_good(code, now))
    return database.scalar(good) is not None


def take(database: Database, code: str, now: int) -> bool:
    """Use an invitation once; tell whether it was good."""
    one_less = update(Invitation).where(*_good(code, now))
    taken = database.execute(one_less.values(uses_left=Invitation.uses_left - 1))
    return isinstance(taken, CursorResult) and taken.rowcount == 1


def _good(code: str, now: int) -> tuple[ColumnElement[bool], ...]:
    of_it = Invitation.code_hash == digest(code)
    return of_it, Invitation.uses_left > 0, Invitation.expires_at > now
