"""Mails are sent from the database, at least once, and tried again."""

import logging
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from config import keys
from config.settings import Mail as Chosen
from config.settings import Settings
from keeper.mailer import Mailer
from keeper.transport import UndeliverableError
from storage.accounts import Mail
from storage.mails import Letter, post
from storage.seal import Seal
from storage.sql.engine import connect
from storage.sql.migrate import migrate

_LETTER = Letter(to="ada@example.org", subject="Grüße", text="The code is X7Y.\n")


class Pile:
    """Takes mails, when it is well."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.fault: UndeliverableError | None = None

    def send(self, message: EmailMessage) -> None:
        if self.fault is not None:
            raise self.fault
        self.taken.append(message)


class Setting:
    def __init__(self, settings: Settings) -> None:
        self.pile = Pile()
        self.mailer = Mailer(settings, self.pile)
        self.engine = connect(settings.ledger_url)
        self.seal = Seal(keys.secrets_key(settings.folder))

    def post(self, letter: Letter = _LETTER, lasting: int = 3600) -> None:
        with Session(self.engine) as database, database.begin():
            post(database, self.seal, letter, now=0, expires_at=lasting)

    def waiting(self) -> list[tuple[int, int]]:
        with Session(self.engine) as database:
            return [(mail.tries, mail.due_at) for mail in database.query(Mail)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = Settings(data=str(tmp_path), mail=Chosen(sender="Tea <tea@example.net>"))
    keys.create(chosen.folder)
    migrate(chosen.ledger_url)
    return chosen


@pytest.fixture
def setting(settings: Settings) -> Setting:
    return Setting(settings)


def test_a_mail_is_sent_once(setting: Setting) -> None:
    setting.post()
    assert setting.mailer.turn(1)
    assert not setting.mailer.turn(1)
    (mail,) = setting.pile.taken
    assert (mail["From"], mail["To"]) == ("Tea <tea@example.net>", "ada@example.org")
    assert (mail["Subject"], mail.get_content()) == (_LETTER.subject, _LETTER.text)
    assert mail["Message-ID"].endswith("@example.net>")
    assert setting.waiting() == []


def test_what_is_not_committed_is_not_sent(setting: Setting) -> None:
    with Session(setting.engine) as database:
        post(database, setting.seal, _LETTER, now=0, expires_at=9)
        database.flush()
        database.rollback()
    assert not setting.mailer.turn(1)
    assert setting.pile.taken == []


def test_a_failure_is_tried_again_after_growing_pauses(setting: Setting) -> None:
    setting.post()
    setting.pile.fault = UndeliverableError("busy", is_final=False)
    pauses, now = [], 0
    for _ in range(3):
        setting.mailer.turn(now)
        ((_, due_at),) = setting.waiting()
        assert not setting.mailer.turn(due_at - 1)
        pauses.append(due_at - now)
        now = due_at
    assert pauses == [15, 30, 60]
    setting.pile.fault = None
    setting.mailer.turn(now)
    assert len(setting.pile.taken) == 1


def test_a_mail_is_given_up_when_it_is_worth_nothing_any_more(setting: Setting) -> None:
    setting.post(lasting=60)
    setting.mailer.turn(60)
    assert (setting.pile.taken, setting.waiting()) == ([], [])


def test_a_final_refusal_ends_it(setting: Setting) -> None:
    setting.post()
    setting.pile.fault = UndeliverableError("no such mailbox", is_final=True)
    setting.mailer.turn(1)
    assert setting.waiting() == []


def test_a_letter_to_nobody_goes_nowhere(setting: Setting) -> None:
    setting.post(Letter(to=None, subject="x", text="x"))
    setting.mailer.turn(1)
    assert (setting.pile.taken, setting.waiting()) == ([], [])


def test_a_letter_sealed_with_another_key_holds_up_nobody(setting: Setting) -> None:
    keyed = setting.seal
    setting.seal = Seal(b"A" * 43 + b"=")
    setting.post()
    setting.seal = keyed
    setting.post()
    setting.mailer.turn(1)
    assert len(setting.pile.taken) == 1
    assert setting.waiting() == []


def test_neither_address_nor_text_reaches_the_log(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for is_final in (False, True):
        setting.post()
        setting.pile.fault = UndeliverableError("busy", is_final=is_final)
        setting.mailer.turn(1)
    assert "busy" in caplog.text
    assert "ada" not in caplog.text
    assert "X7Y" not in caplog.text


def test_without_a_server_mails_are_files(settings: Settings) -> None:
    setting = Setting(settings)
    setting.post()
    Mailer(settings).turn(1)
    (file,) = (settings.folder / "mail").iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o077 == 0
    read = message_from_bytes(file.read_bytes(), policy=default)
    assert read["To"] == _LETTER.to
