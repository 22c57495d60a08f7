"""``parley doctor``: look at a set-up, and say what is wrong with it and what mends it."""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx
from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from config import keys
from config.settings import Settings, SettingsError, reachable
from parley.places import Place, address, places
from parley_protocol import tokens
from storage.archive import schema
from storage.archive.connection import connect
from storage.errors import UnavailableError
from storage.seal import Seal
from storage.sql.migrate import is_current

_LEAST_FREE_BYTES = 1 << 30
_OTHERS_MAY_READ = 0o077
_TIMEOUT_SECONDS = 5.0


class FaultError(Exception):
    """What is wrong, and what to do about it: one line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_good: bool
    detail: str


def examine(load: Callable[[], Settings]) -> int:
    """Print a line for each thing that was looked at; give 1 where one is wrong, else 0."""
    findings = []
    for finding in findings_of(load):
        findings.append(finding)
        click.echo(f"{'ok ' if finding.is_good else 'BAD'}  {finding.what}: {finding.detail}")
    return 0 if all(finding.is_good for finding in findings) else 1


def findings_of(load: Callable[[], Settings]) -> Iterator[Finding]:
    """Look at one thing after the other."""
    try:
        settings = load()
    except SettingsError as error:
        yield Finding("settings", is_good=False, detail=str(error))
        return
    yield Finding("settings", is_good=True, detail="every key and value is known")
    for what, check in (("data", _data), ("keys", _keys), ("database", _database)):
        yield _look(what, check, settings)
    if settings.archive.url:
        yield _look("archive", _archive, settings)
    if settings.broker.certificate:
        yield _look("certificate", _certificate, settings)
    for place in places(settings):
        yield _look(place.setting, _port, place)


def _look(what: str, check: Callable[..., str], subject: Settings | Place) -> Finding:
    try:
        return Finding(what, is_good=True, detail=check(subject))
    except FaultError as error:
        return Finding(what, is_good=False, detail=str(error))


def _data(settings: Settings) -> str:
    folder = settings.folder.absolute()
    if not folder.is_dir():
        raise FaultError(f"{folder} is not there: run parley setup")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FaultError(f"{folder} cannot be written by this user")
    free = shutil.disk_usage(folder).free
    if free < _LEAST_FREE_BYTES:
        raise FaultError(f"{folder} has {free >> 20} MB left: make room")
    return f"{folder} can be written, {free >> 30} GB free"


def _keys(settings: Settings) -> str:
    folder = keys.folder(settings.folder)
    try:
        for file in folder.iterdir():
            if file.stat().st_mode & _OTHERS_MAY_READ:
                raise FaultError(f"{file} can be read by others: chmod 600 {file}")
        public, token = keys.public_key(settings.folder), keys.bridge_token(settings.folder)
        tokens.verify(public, token, now=int(time.time()))
        Seal(keys.secrets_key(settings.folder))
    except OSError as error:
        raise FaultError(f"{error.filename}: {error.strerror}: run parley setup") from None
    except (ValueError, TypeError, tokens.InvalidTokenError):
        reason = f"those in {folder} do not belong together: move them away, run parley setup"
        raise FaultError(reason) from None
    return "all are there, and the bridge's token is signed by the key that the broker checks with"


def _database(settings: Settings) -> str:
    try:
        current = is_current(settings.ledger_url)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise FaultError(reason) from None
    if not current:
        raise FaultError("the tables are missing or of an older version: run parley setup")
    return "reached, with the newest tables"


def _certificate(settings: Settings) -> str:
    file = Path(settings.broker.certificate)
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except OSError as error:
        raise FaultError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise FaultError(f"{file} is not a certificate in PEM") from None
    end = certificate.not_valid_after_utc
    if end < datetime.now(UTC):
        raise FaultError(f"{file} has expired on {end:%Y-%m-%d}: renew it")
    return f"{file} holds until {end:%Y-%m-%d}"


def _archive(settings: Settings) -> str:
    try:
        with closing(connect(settings.archive.url, _TIMEOUT_SECONDS)) as connection:
            current = schema.is_current(connection)
    except UnavailableError as error:
        raise FaultError(str(error)) from None
    if not current:
        raise FaultError("its tables are missing or of an older version: run parley keeper")
    return "reached, with the newest tables"


def _port(place: Place) -> str:
    where = address(place.host, place.port)
    try:
        socket.create_connection(
            (reachable(place.host), place.port), timeout=_TIMEOUT_SECONDS
        ).close()
    except OSError:
        return f"{where} is free"
    if place.setting == "api.port" and not _is_parley(where):
        raise FaultError(f"{where} is used by something that is not Parley")
    return f"{where} answers"


def _is_parley(where: str) -> bool:
    try:
        return httpx.get(f"http://{where}/health", timeout=_TIMEOUT_SECONDS).is_success
    except httpx.HTTPError:
        return False
