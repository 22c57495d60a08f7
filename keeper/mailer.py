"""The mailer's loop: send what waits, and try again what was not taken."""

import logging
import threading
import time

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as Database

from config import keys
from config.settings import Settings
from keeper.transport import Transport, UndeliverableError, compose, transport
from storage.accounts import Mail
from storage.mails import due, read
from storage.seal import Seal
from storage.sql import write_options
from storage.sql.engine import connect

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
"""How long a mail may wait until it is begun."""
_FIRST_PAUSE, _LONGEST_PAUSE = 15, 3_600


class Mailer:
    """Sends mails, each at least once: who dies right after sending sends again. One is enough."""

    def __init__(self, settings: Settings, to: Transport | None = None) -> None:
        self._engine = connect(settings.ledger_url)
        self._writing = self._engine.execution_options(**write_options)
        self._seal = Seal(keys.secrets_key(settings.folder))
        self._sender = settings.mail.sender
        self._transport = to or transport(settings)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until ``stop``; a mail that was begun is finished."""
        while not self._stopping.is_set():
            try:
                is_more = self.turn(int(time.time()))
            except DBAPIError as error:
                _log.warning("waiting: the database does not answer (%s)", type(error).__name__)
                is_more = False
            if not is_more:
                self._stopping.wait(_LOOK_SECONDS)
        self._engine.dispose()

    def stop(self) -> None:
        """Ask ``run`` to end."""
        self._stopping.set()

    def turn(self, now: int) -> bool:
        """Send some of what is due at ``now``, in seconds; tell whether there was anything."""
        if not self._is_due(now):
            return False
        with Database(self._writing, expire_on_commit=False) as database, database.begin():
            mails = due(database, now)
        for mail in mails:
            if self._stopping.is_set():
                break
            self._settle(mail, now, is_over=self._try(mail))
        return bool(mails)

    def _is_due(self, now: int) -> bool:
        """Look without the lock that writers take."""
        with Database(self._engine) as database:
            return database.query(Mail.number).where(Mail.due_at <= now).first() is not None

    def _try(self, mail: Mail) -> bool:
        """Send a mail; tell whether there is no more to be done with it."""
        letter = read(self._seal, mail)
        if letter is None:
            _log.warning("a mail was sealed with another key, and is given up")
            return True
        if letter.to is None:
            return True
        try:
            self._transport.send(compose(letter, self._sender))
        except UndeliverableError as error:
            what = "is given up" if error.is_final else "is tried again"
            _log.warning("a mail was not taken, and %s: %s", what, error)
            return error.is_final
        return True

    def _settle(self, mail: Mail, now: int, *, is_over: bool) -> None:
        with Database(self._writing) as database, database.begin():
            found = database.get(Mail, mail.number)
            if found is None:
                return
            if is_over:
                database.delete(found)
                return
            found.due_at = now + min(_FIRST_PAUSE << min(found.tries, 16), _LONGEST_PAUSE)
            found.tries += 1
