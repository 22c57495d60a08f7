"""Sessions: short access tokens, and refresh tokens that are good for one turn."""

import hashlib
import hmac
import secrets
from enum import Enum
from typing import cast

from flask import current_app

from config import keys
from config.settings import Settings
from parley_protocol import rest, tokens
from parley_protocol.ids import new_id
from storage.accounts import Session

KEY = "parley_issuer"
_MINUTE = 60
_DAY = 24 * 3600


class Turn(Enum):
    """What a presented refresh token is."""

    GOOD = "good"
    REUSED = "reused"


class Issuer:
    """Makes sessions and their tokens. Times are seconds since 1970."""

    def __init__(self, settings: Settings) -> None:
        self._key = keys.signing_key(settings.folder)
        self.access_seconds = settings.tokens.access_minutes * _MINUTE
        self._refresh_seconds = settings.tokens.refresh_days * _DAY

    def open(self, uid: str, device: rest.Device, address: str, now: int) -> tuple[Session, str]:
        """Make a session, and the secret of its first refresh token."""
        secret = secrets.token_urlsafe(32)
        session = Session(
            sid=new_id(),
            uid=uid,
            device=device.device or new_id(),
            device_name=device.device_name,
            refresh_hash=_hash(secret),
            previous_hash=None,
            created_at=now,
            expires_at=now + self._refresh_seconds,
            seen_at=now,
            address=address,
        )
        return session, secret

    def turn(self, session: Session, secret: str, now: int) -> tuple[Turn, str]:
        """Exchange a refresh token's secret for a new one.

        The one before the current stays good until the current is used: its answer may have been
        lost on the way. Any other is stolen, or was.
        """
        presented = _hash(secret)
        is_current = hmac.compare_digest(presented, session.refresh_hash)
        is_previous = hmac.compare_digest(presented, session.previous_hash or "")
        if not (is_current or is_previous):
            return Turn.REUSED, ""
        if is_current:
            session.previous_hash = session.refresh_hash
        fresh = secrets.token_urlsafe(32)
        session.refresh_hash = _hash(fresh)
        session.expires_at = now + self._refresh_seconds
        return Turn.GOOD, fresh

    def answer(self, session: Session, secret: str, now: int) -> rest.Session:
        """Give a device its tokens."""
        access = tokens.issue(
            self._key,
            sub=session.uid,
            device=session.device,
            scope="device",
            now=now,
            seconds=self.access_seconds,
            sid=session.sid,
        )
        return rest.Session(
            uid=session.uid,
            device=session.device,
            access_token=access,
            expires_in=self.access_seconds,
            refresh_token=f"{session.sid}.{secret}",
        )


def issuer() -> Issuer:
    """Give what makes sessions in the current app."""
    return cast("Issuer", current_app.extensions[KEY])


def _hash(secret: str) -> str:
    # The secret has 256 random bits: a slow hash would add nothing.
    return hashlib.sha256(secret.encode()).hexdigest()
