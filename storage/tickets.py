"""Tickets: codes that are good once, soon, and for one purpose. Times are seconds since 1970."""

from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from storage.accounts import Ticket
from storage.codes import digest, new_code

Purpose = Literal["email", "password", "second_factor", "openid"]


def withdraw(database: Database, purpose: Purpose, uid: str | None) -> None:
    """Take all of a person's tickets for a purpose back."""
    of_it = Ticket.purpose == purpose, Ticket.uid == (uid or "")
    database.execute(delete(Ticket).where(*of_it))


def issue(
    database: Database, purpose: Purpose, uid: str | None, content: str, *, expires_at: int
) -> str:
    """Make a ticket, and give its code."""
    code = new_code()
    ticket = Ticket(
        code_hash=digest(code), purpose=purpose, uid=uid, content=content, expires_at=expires_at
    )
    database.add(ticket)
    return code


def take(database: Database, purpose: Purpose, code: str, now: int) -> Ticket | None:
    """Use a ticket up; ``None`` where there is none, or its time is over."""
    ticket = find(database, purpose, code, now)
    if ticket is not None:
        database.delete(ticket)
    return ticket


def find(database: Database, purpose: Purpose, code: str, now: int) -> Ticket | None:
    """Give a ticket, and leave it good; those whose time is over go."""
    database.execute(delete(Ticket).where(Ticket.expires_at <= now))
    wanted = select(Ticket).where(Ticket.code_hash == digest(code), Ticket.purpose == purpose)
    return database.scalars(wanted.with_for_update()).one_or_none()
