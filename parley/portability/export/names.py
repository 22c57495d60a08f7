"""Names of people, read from the accounts when they are first needed."""

from datetime import UTC, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session as Database

from parley.portability.export.view import readable
from parley_protocol import rest
from storage.accounts import Account, Session
from storage.errors import NotFoundError

_GONE = "somebody who is gone"


class Names:
    """Gives people by uid; an account that is gone leaves its messages."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._people: dict[str, rest.Person | None] = {}

    def __call__(self, uid: str) -> str:
        """Give how somebody is shown: the name that all know, and the account's."""
        person = self.person(uid)
        if person is None:
            return _GONE
        shown = readable(person.display_name)
        return shown if shown == person.name else f"{shown} ({person.name})"

    def person(self, uid: str) -> rest.Person | None:
        """Give what everybody may know of somebody."""
        if uid not in self._people:
            with Database(self._engine) as database:
                found = database.get(Account, uid)
            self._people[uid] = None if found is None else _person(found)
        return self._people[uid]


def account_of(engine: Engine, name: str) -> tuple[rest.Account, list[dict[str, str]]]:
    """Give an account, and its sessions without their secrets.

    Raises:
        NotFoundError: there is no such account.
    """
    with Database(engine) as database:
        account = database.scalars(select(Account).where(Account.name == name)).one_or_none()
        if account is None:
            raise NotFoundError(f"there is no account {name}")
        mine = select(Session).where(Session.uid == account.uid).order_by(Session.created_at)
        sessions = [_session(session) for session in database.scalars(mine)]
        return _account(account), sessions


def _account(account: Account) -> rest.Account:
    return rest.Account(
        uid=account.uid,
        name=account.name,
        display_name=account.display_name,
        email=account.email,
        second_factor=account.second_factor_at is not None,
        created_at=_time(account.created_at),
    )


def _person(account: Account) -> rest.Person:
    return rest.Person(uid=account.uid, name=account.name, display_name=account.display_name)


def _session(session: Session) -> dict[str, str]:
    return {
        "device": session.device,
        "device_name": session.device_name,
        "created_at": _time(session.created_at).isoformat(),
        "expires_at": _time(session.expires_at).isoformat(),
    }


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
