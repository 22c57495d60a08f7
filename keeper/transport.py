"""Where mails go: to a server that takes them (RFC 5321), or into a folder."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from config.settings import Settings
from parley_protocol.ids import new_id
from storage.mails import Letter

PASSWORD_VARIABLE = "SMTP_PASSWORD"  # noqa: S105 - the variable's name
_TIMEOUT_SECONDS = 30.0
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = range(500, 600)


class UndeliverableError(Exception):
    """The mail was not taken. ``is_final`` says that it never will be; the text is safe to log."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


class Transport(Protocol):
    """Takes mails."""

    def send(self, message: EmailMessage) -> None:
        """Hand a mail over.

        Raises:
            UndeliverableError: it was not taken.
        """


def transport(settings: Settings) -> Transport:
    """Give the transport that the settings name."""
    return Smtp(settings.mail.smtp) if settings.mail.smtp else Outbox(settings.folder / "mail")


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Make a mail (RFC 5322) of a letter; nobody's autoresponder shall answer it (RFC 3834)."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to or ""
    message["Subject"] = letter.subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


class Outbox:
    """A folder in which each mail becomes a file, for tests and for who has no mail server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        name = new_id()
        draft = self._folder / f".{name}"
        try:
            self._folder.mkdir(exist_ok=True, mode=0o700)
            draft.touch(mode=0o600)
            draft.write_bytes(message.as_bytes())
            draft.rename(self._folder / f"{name}.eml")
        except OSError as error:
            raise UndeliverableError(f"the folder: {error.strerror}", is_final=False) from None


class Smtp:
    """A server that takes mails over TLS, and that shows a certificate which the system trusts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_implicit = parts.scheme == "smtps"
        self._address = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
        self._user = unquote(parts.username or "")
        self._password = os.environ.get(PASSWORD_VARIABLE, "")
        self._context = ssl.create_default_context()

    def send(self, message: EmailMessage) -> None:
        try:
            with self._connect() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            # Only kinds and codes: a server's words may quote the address or the mail.
            code = _code(error)
            reason = f"{type(error).__name__} {code}" if code else type(error).__name__
            is_refused = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
            final = is_refused and code in _PERMANENT
            raise UndeliverableError(reason, is_final=final) from None

    def _connect(self) -> smtplib.SMTP:
        host, port = self._address
        if self._is_implicit:
            context = self._context
            return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
        try:
            server.starttls(context=self._context)
        except BaseException:
            server.close()
            raise
        return server


def _code(error: Exception) -> int | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
