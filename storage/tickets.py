"""Tickets: codes that are good once, soon, and for one purpose. Times are seconds since 1970."""

from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from storage.accounts import Ticket
from storage.codes import digest, new_code

Purpose = Literal["email", "password"]


def issue(
    database: Database, purpose: Purpose, uid: str | None, content: str, *, expires_at: int
) -> str:
    """Make a ticket and give its code; of a person's tickets for a purpose only the last counts."""
    database.execute(delete(Ticket).where(Ticket.purpose == purpose, Ticket.uid == (uid or "")))
    code = new_code()
    ticket = Ticket(
        code_hash=digest(code), purpose=purpose, uid=uid, content=content, expires_at=expires_at
    )
    database.add(ticket)
    return code


def take(database: Database, purpose: Purpose, code: str, now: int) -> Ticket | None:
    """Use a ticket up; ``None`` where there is none, or its time is over."""
    database.execute(delete(Ticket).where(Ticket.expires_at <= now))
    wanted = select(Ticket).where(Ticket.code_hash == digest(code), Ticket.purpose == purpose)
    ticket = database.scalars(wanted.with_for_update()).one_or_none()
    if ticket is not None:
        database.delete(ticket)
    return ticket
