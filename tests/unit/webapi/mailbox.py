"""What the API has had mailed."""

import re

from sqlalchemy import select

from storage.accounts import Mail
from storage.mails import Letter, read
from tests.unit.webapi.conftest import Api
from webapi.database import reading
from webapi.seal import seal


def letters(api: Api) -> list[Letter]:
    """Give all that waits to be sent, the oldest first."""
    with api.app.app_context():
        mails = reading().scalars(select(Mail).order_by(Mail.number)).all()
        opened = [read(seal(), mail) for mail in mails]
    return [letter for letter in opened if letter is not None]


def code_of(letter: Letter) -> str:
    """Give the code that a letter holds."""
    found = re.search("([0-9A-Z]{5}-){3}[0-9A-Z]{5}", letter.text)
    assert found, letter.text
    return found[0]
