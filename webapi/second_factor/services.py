"""What the second factor does in the database."""

import msgspec
from sqlalchemy import CursorResult, delete
from sqlalchemy.orm import Session as Database

from parley_protocol import rest
from storage import tickets
from storage.accounts import RecoveryCode, SecondFactor
from storage.codes import digest, new_code
from webapi import letters
from webapi.accounts.services import find
from webapi.database import writing
from webapi.mail import post
from webapi.problems import ProblemError, code_invalid
from webapi.seal import seal
from webapi.second_factor import totp
from webapi.settings import settings

_CHALLENGE_SECONDS = 300
_RECOVERY_CODES = 10
_FAILURES_MAX = 10
_REST_SECONDS = 900
"""After so many wrong codes, by people who know the password, nobody's codes are looked at."""


def begin(uid: str, now: int) -> rest.SecondFactor:
    """Make a secret; it counts when a code of it has been shown.

    Raises:
        ProblemError: 409, there is a second factor.
    """
    secret = totp.new_secret()
    with writing() as database:
        account = find(database, uid)
        if account.second_factor_at is not None:
            raise ProblemError(409, "second_factor_on", "there is one: remove it first")
        database.execute(delete(SecondFactor).where(SecondFactor.uid == uid))
        sealed = seal().close(secret.encode())
        database.add(SecondFactor(uid=uid, sealed=sealed, last_step=0, failures=0, failed_at=now))
        return rest.SecondFactor(secret=secret, uri=totp.uri(secret, account.name, settings().name))


def confirm(uid: str, code: str, now: int) -> rest.RecoveryCodes | None:
    """Turn the second factor on, by a code of it; ``None`` where the code is wrong.

    Raises:
        ProblemError: 409, it is on; 429, too many wrong codes.
    """
    with writing() as database:
        account = find(database, uid)
        if account.second_factor_at is not None:
            raise ProblemError(409, "second_factor_on", "it is on already")
        if not _verify(database, uid, code, now):
            return None
        account.second_factor_at = now
        codes = [new_code() for _ in range(_RECOVERY_CODES)]
        database.add_all(RecoveryCode(code_hash=digest(one), uid=uid) for one in codes)
        return rest.RecoveryCodes(codes=codes)


def remove(uid: str, code: str, now: int) -> bool:
    """Turn the second factor off, by a code; tell whether the code was good.

    Raises:
        ProblemError: 429, too many wrong codes.
    """
    with writing() as database:
        account = find(database, uid)
        if not _verify(database, uid, code, now):
            return False
        account.second_factor_at = None
        for table in (SecondFactor, RecoveryCode):
            database.execute(delete(table).where(table.uid == uid))
        if account.email is not None:
            post(database, letters.second_factor_removed(account.email, account.name), now)
        return True


def challenge(uid: str, device: rest.Device, now: int) -> ProblemError:
    """Ask for the second factor, in the place of a session that was about to begin."""
    content = msgspec.json.encode(
        rest.Device(device=device.device, device_name=device.device_name)
    ).decode()
    with writing() as database:
        until = now + _CHALLENGE_SECONDS
        asked = tickets.issue(database, "second_factor", uid, content, expires_at=until)
    detail = "the password is right; a code of the second factor is needed"
    return ProblemError(401, "second_factor", detail, challenge=asked)


def answer(asked: str, code: str, now: int) -> tuple[str, rest.Device] | None:
    """Give whose challenge a code has answered, on which device; ``None`` where it is wrong.

    Raises:
        ProblemError: 401, there is no such challenge any more; 429, too many wrong codes.
    """
    with writing() as database:
        ticket = tickets.find(database, "second_factor", asked, now)
        if ticket is None or ticket.uid is None:
            raise ProblemError(401, "challenge_ended", "log in again", where="$.challenge")
        if not _verify(database, ticket.uid, code, now):
            return None
        database.delete(ticket)
        return ticket.uid, msgspec.json.decode(ticket.content, type=rest.Device)


def _verify(database: Database, uid: str, code: str, now: int) -> bool:
    """Check a code, which is used up by that, and count those that are wrong."""
    factor = database.get(SecondFactor, uid, with_for_update=True)
    if factor is None:
        raise code_invalid()
    _require_patience(factor, now)
    # Without the key that sealed it, recovery codes are left.
    secret = seal().open(factor.sealed)
    step = totp.step_of(secret.decode(), code, now, factor.last_step) if secret else None
    if step is None and not _use_recovery_code(database, uid, code):
        factor.failures, factor.failed_at = factor.failures + 1, now
        return False
    factor.last_step, factor.failures = step or factor.last_step, 0
    return True


def _require_patience(factor: SecondFactor, now: int) -> None:
    left = factor.failed_at + _REST_SECONDS - now
    if factor.failures >= _FAILURES_MAX and left > 0:
        wait = {"Retry-After": str(left)}
        raise ProblemError(429, "too_many_codes", "too many codes were wrong", headers=wait)
    if left <= 0:
        factor.failures = 0


def _use_recovery_code(database: Database, uid: str, code: str) -> bool:
    of_it = RecoveryCode.code_hash == digest(code)
    used = database.execute(delete(RecoveryCode).where(of_it, RecoveryCode.uid == uid))
    return isinstance(used, CursorResult) and used.rowcount == 1
