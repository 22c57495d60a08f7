"""What contacts do in the database."""

from sqlalchemy import delete

from storage.accounts import Account
from storage.errors import NotFoundError
from storage.personal import Contact
from webapi.database import writing


def add(uid: str, other: str) -> None:
    """Note a contact; once more is no harm.

    Raises:
        NotFoundError: there is no such person.
    """
    with writing() as database:
        account = database.get(Account, other)
        if account is None or account.erased_at is not None:
            raise NotFoundError("there is no such person")
        database.merge(Contact(uid=uid, other=other))


def remove(uid: str, other: str) -> None:
    """Forget a contact."""
    with writing() as database:
        database.execute(delete(Contact).where(Contact.uid == uid, Contact.other == other))
