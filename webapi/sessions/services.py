"""What sessions do in the database."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Database

from parley_protocol import control, rest
from parley_protocol.control import EndedSession
from parley_protocol.payloads import AccountChanged, encode
from storage.accounts import Session
from storage.sql import SqlUnit
from webapi.database import reading, writing
from webapi.problems import ProblemError
from webapi.sessions.issuer import Issuer, Turn


def begin(issuer: Issuer, uid: str, device: rest.Device, address: str, now: int) -> rest.Session:
    """Begin a session for a device; it replaces the device's last one.

    Raises:
        ProblemError: 409, the device is somebody else's.
    """
    session, secret = issuer.open(uid, device, address, now)
    with writing() as database:
        query = select(Session).where(Session.device == session.device)
        earlier = database.scalars(query).one_or_none()
        if earlier is not None and earlier.uid != uid:
            raise ProblemError(
                409, "device_taken", "this device is somebody else's", where="$.device"
            )
        if earlier is not None:
            _end(database, issuer, [earlier], now, is_over=False)
        database.add(session)
        return issuer.answer(session, secret, now)


def begin_late(
    issuer: Issuer, uid: str, device: rest.Device, address: str, now: int
) -> rest.Session:
    """Begin a session at the end of a login that took more than one step.

    It is too late to ask for another device, so one that is somebody else's becomes a new one.
    """
    try:
        return begin(issuer, uid, device, address, now)
    except ProblemError:
        return begin(issuer, uid, replace(device, device=None), address, now)


def refresh(issuer: Issuer, token: str, address: str, now: int) -> rest.Session:
    """Turn a refresh token; one that is used again ends its session.

    Raises:
        ProblemError: 401, the session has ended.
    """
    sid, _, secret = token.partition(".")
    with writing() as database:
        session = database.get(Session, sid, with_for_update=True)
        if session is not None and session.expires_at > now:
            outcome, fresh = issuer.turn(session, secret, now)
            if outcome is Turn.GOOD:
                session.seen_at, session.address = now, address
                return issuer.answer(session, fresh, now)
            _end(database, issuer, [session], now)
    raise ProblemError(401, "session_ended", "log in again")


def page(uid: str, cursor: str, limit: int, now: int) -> list[Session]:
    """Give somebody's sessions, the newest first, behind the one that a cursor names."""
    query = select(Session).where(Session.uid == uid, Session.expires_at > now)
    if cursor:
        query = query.where(Session.sid < cursor)
    return list(reading().scalars(query.order_by(Session.sid.desc()).limit(limit)))


def end(issuer: Issuer, uid: str, device: str, now: int) -> bool:
    """End a device's session; tell whether there was one."""
    with writing() as database:
        query = select(Session).where(Session.uid == uid, Session.device == device)
        session = database.scalars(query).one_or_none()
        _end(database, issuer, [session] if session else [], now)
        return session is not None


def end_others(database: Database, issuer: Issuer, uid: str, device: str | None, now: int) -> None:
    """End all of somebody's sessions but a device's."""
    query = select(Session).where(Session.uid == uid)
    if device is not None:
        query = query.where(Session.device != device)
    _end(database, issuer, database.scalars(query).all(), now)


def of(uid: str) -> list[Session]:
    """Give all sessions of somebody, as they are now."""
    found = list(reading().scalars(select(Session).where(Session.uid == uid)))
    for session in found:
        reading().expunge(session)
    return found


def disconnect(issuer: Issuer, sessions: Sequence[Session], now: int) -> None:
    """Let the broker end the connections of sessions that are no more."""
    with writing() as database:
        orders = [_order(issuer, session, now, is_over=True) for session in sessions]
        SqlUnit(database.connection()).post_all(orders)


def describe(session: Session, device: str) -> rest.DeviceSession:
    """Show a session to its owner, who asks on a device."""
    return rest.DeviceSession(
        device=session.device,
        device_name=session.device_name,
        created_at=datetime.fromtimestamp(session.created_at, UTC),
        seen_at=datetime.fromtimestamp(session.seen_at, UTC),
        address=session.address,
        is_current=session.device == device,
    )


def _end(
    database: Database,
    issuer: Issuer,
    sessions: Sequence[Session],
    now: int,
    *,
    is_over: bool = True,
) -> None:
    """End sessions: devices are told where they are over, and are then disconnected."""
    if not sessions:
        return
    sids = [session.sid for session in sessions]
    database.execute(delete(Session).where(Session.sid.in_(sids)))
    words = [_word(session) for session in sessions] if is_over else []
    orders = [_order(issuer, session, now, is_over=is_over) for session in sessions]
    SqlUnit(database.connection()).post_all(words + orders)


def _word(session: Session) -> tuple[Collection[str], bytes]:
    ended = AccountChanged(uid=session.uid, change="session_ended", device=session.device)
    return [session.uid], encode(ended)


def _order(
    issuer: Issuer, session: Session, now: int, *, is_over: bool
) -> tuple[Collection[str], bytes]:
    ended = EndedSession(
        uid=session.uid,
        device=session.device,
        sid=session.sid,
        until=now + issuer.access_seconds,
        is_over=is_over,
    )
    return (), control.encode(ended)
