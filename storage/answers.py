"""Answers that are given again where a request is repeated under the same key.

Every function is a part of the transaction in which the request does its work, so what is kept
is what was done.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Database

from storage.accounts import KeptAnswer

_KEPT_SECONDS = 24 * 3600
_NONE_YET = 0


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks under which key, and a digest of all that is asked."""

    uid: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to the request with this fingerprint."""

    fingerprint: str
    status: int
    body: bytes


def digest(*parts: bytes) -> str:
    """Give 64 hex digits that stand for all of ``parts``."""
    lengths = b"".join(len(part).to_bytes(8) for part in parts)
    return hashlib.sha256(lengths + b"".join(parts)).hexdigest()


def claim(database: Database, request: Request, now: int) -> Answer | None:
    """Give the answer that is kept, or make this request the one that answers under its key.

    Where the same key is being answered by another transaction, that one is waited for. Times are
    seconds since 1970; what is older than a day is dropped.
    """
    database.execute(delete(KeptAnswer).where(KeptAnswer.created_at <= now - _KEPT_SECONDS))
    claimed = KeptAnswer(
        uid=request.uid,
        key_hash=digest(request.key.encode()),
        fingerprint=request.fingerprint,
        status=_NONE_YET,
        body=b"",
        created_at=now,
    )
    try:
        with database.begin_nested():
            database.add(claimed)
    except IntegrityError:
        kept = database.get_one(KeptAnswer, (claimed.uid, claimed.key_hash))
        return Answer(kept.fingerprint, kept.status, kept.body)
    return None


def keep(database: Database, request: Request, status: int, body: bytes) -> None:
    """Keep the answer to a request that was claimed."""
    claimed = database.get_one(KeptAnswer, _place(request))
    claimed.status, claimed.body = status, body


def release(database: Database, request: Request) -> None:
    """Let the key of a request that was claimed be used again: nothing was done."""
    database.delete(database.get_one(KeptAnswer, _place(request)))


def _place(request: Request) -> tuple[str, str]:
    return request.uid, digest(request.key.encode())
