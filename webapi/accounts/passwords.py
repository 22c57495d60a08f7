"""Passwords: Argon2id (RFC 9106), with OWASP's parameters: 19 MiB, two passes."""

import secrets
from contextlib import suppress
from typing import cast

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from flask import current_app

from storage.accounts import Account
from webapi.database import reading
from webapi.problems import ProblemError

KEY = "parley_passwords"
_MEMORY_KIB = 19 * 1024


class Passwords:
    """Hash and check passwords, taking as long for an unknown account as for a known one."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=_MEMORY_KIB, parallelism=1)
        self._nobody = self.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """Give what is stored of a password."""
        return self._hasher.hash(password)

    def check(self, stored: str | None, password: str) -> bool:
        """Compare a password with what is stored; ``None`` where there is no account.

        An account for which nothing is stored, as imports make them, has no password that fits.
        """
        with suppress(Argon2Error, InvalidHashError):
            return self._hasher.verify(stored or self._nobody, password) and bool(stored)
        return False

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made at another cost than today's."""
        return self._hasher.check_needs_rehash(stored)


def passwords() -> Passwords:
    """Give what hashes passwords in the current app."""
    return cast("Passwords", current_app.extensions[KEY])


def require_password(uid: str, password: str) -> None:
    """Check somebody's password before what a stolen token shall not be enough for.

    Raises:
        ProblemError: 403, it is wrong.
    """
    account = reading().get(Account, uid)
    if not passwords().check(account.password_hash if account else None, password):
        raise ProblemError(403, "wrong_password", "the password is wrong", where="$.password")
