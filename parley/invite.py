"""``parley invite``: let people sign up."""

import time
from datetime import UTC, datetime

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.settings import Settings, SettingsError
from parley.options import UnusableError
from parley.prepare import first_line
from storage.invitations import invite
from storage.sql import write_options
from storage.sql.engine import connect

_DAY = 24 * 3600


def run(settings: Settings, *, uses: int, days: int) -> None:
    """Make an invitation, and print its link, or its code where no application opens links.

    Raises:
        UnusableError: an invitation would make no difference.
        SettingsError: the database does not answer.
    """
    if settings.accounts.sign_up != "invitation":
        reason = f'accounts.sign_up is "{settings.accounts.sign_up}"'
        raise UnusableError(f'{reason}: invitations count where it is "invitation"')
    now = int(time.time())
    expires_at = now + days * _DAY
    engine = connect(settings.ledger_url)
    try:
        with Session(engine.execution_options(**write_options)) as database, database.begin():
            code = invite(database, uses=uses, expires_at=expires_at, now=now)
    except SQLAlchemyError as error:
        raise SettingsError(f"the database: {first_line(error)}") from None
    finally:
        engine.dispose()
    click.echo(settings.accounts.link("invitation", code) or code)
    until = datetime.fromtimestamp(expires_at, UTC)
    click.echo(f"lets {uses} sign up, until {until:%Y-%m-%d %H:%M} UTC", err=True)
