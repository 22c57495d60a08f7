"""CONNECT: a client is let in, or not, and gets its session (section 3.1.4)."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from broker.core import lives
from broker.core.access import Identity, RefusedError
from broker.core.session import Session
from mqtt.codes import V5, Property, Reason
from mqtt.packets import Connack, Connect, Will

if TYPE_CHECKING:
    from broker.core.core import Core
    from broker.core.link import Link

_LAST_ID = 65_535
_PATIENCE = 1.5
"""How many times its keep-alive a client may be silent (section 3.1.2.10)."""


def connect(link: "Link", packet: Connect) -> None:
    """Answer a CONNECT, and send what has waited."""
    core = link.core
    try:
        client_id = _client_id(packet)
        _require_room(core, client_id)
        link.identity = _admit(core, packet)
    except RefusedError as refused:
        core.counts.refused[refused.reason.name.lower()] += 1
        refuse(link, refused.reason)
        return
    link.method = packet.properties.get(Property.AUTHENTICATION_METHOD)
    session, is_present = _open_session(link, client_id, packet)
    _bind(link, session, packet)
    properties = _properties(link, packet, client_id) if packet.version == V5 else {}
    link.write(Connack(Reason.SUCCESS, is_present, properties))
    lives.resume(core, session)


def refuse(link: "Link", reason: Reason) -> None:
    """Refuse a connection that has no session yet."""
    link.write(Connack(reason))
    link.leave(is_normal=True)


def _client_id(packet: Connect) -> str:
    if packet.client_id:
        return packet.client_id
    if packet.version != V5 and not packet.clean_start:
        raise RefusedError(Reason.CLIENT_ID_NOT_VALID, "no client id, but a session to keep")
    return uuid4().hex


def _require_room(core: "Core", client_id: str) -> None:
    limits = core.limits
    core.connects += 1
    if len(core.links) > limits.connections:
        raise RefusedError(Reason.QUOTA_EXCEEDED, "too many connections")
    if len(core.sessions) >= limits.sessions and client_id not in core.sessions:
        raise RefusedError(Reason.QUOTA_EXCEEDED, "too many sessions")
    if core.connects > limits.connects_per_second:
        raise RefusedError(Reason.CONNECTION_RATE_EXCEEDED, "too many connections a second")


def _admit(core: "Core", packet: Connect) -> Identity:
    identity = core.rules.admit(packet, core.now)
    if packet.will and not identity.may_publish(packet.will.topic):
        raise RefusedError(Reason.NOT_AUTHORIZED, "the will's topic is not allowed")
    if packet.will and not core.limits.allow_topic(packet.will.topic.encode()):
        raise RefusedError(Reason.TOPIC_NAME_INVALID, "the will's topic has too many levels")
    return identity


def _open_session(link: "Link", client_id: str, packet: Connect) -> tuple[Session, bool]:
    core, is_service = link.core, link.identity is not None and link.identity.is_service
    earlier = core.sessions.get(client_id)
    if earlier is not None and earlier.link is not None:
        earlier.link.end(Reason.SESSION_TAKEN_OVER)
        earlier = core.sessions.get(client_id)
    if earlier is not None and packet.clean_start:
        lives.end(core, earlier)
        earlier = None
    session = earlier or Session(client_id)
    session.will, session.timer = None, 0
    core.sessions[client_id] = session
    expiry = _expiry(core, packet)
    if (expiry, is_service) != (session.expiry, session.is_service):
        session.expiry, session.is_service = expiry, is_service
        lives.keep(core, session)
    return session, earlier is not None


def _expiry(core: "Core", packet: Connect) -> int:
    if packet.version != V5:
        return 0 if packet.clean_start else core.limits.session_seconds
    wanted: int = packet.properties.get(Property.SESSION_EXPIRY_INTERVAL, 0)
    return min(wanted, core.limits.session_seconds)


def _bind(link: "Link", session: Session, packet: Connect) -> None:
    limits, asked = link.core.limits, packet.properties
    session.link, link.session = link, session
    link.core.counts.connects += 1
    link.core.counts.connected += 1
    most = limits.window(is_service=session.is_service)
    most = min(most, asked.get(Property.RECEIVE_MAXIMUM, most))
    session.window = most - len(session.released or ())
    link.alias_most = min(asked.get(Property.TOPIC_ALIAS_MAXIMUM, 0), limits.topic_aliases)
    link.receive_most = limits.receive_maximum if packet.version == V5 else _LAST_ID
    link.packet_most = asked.get(Property.MAXIMUM_PACKET_SIZE, 0)
    link.keep_alive = _PATIENCE * _keep_alive(link, packet)
    link.will = _will(link, packet)
    link.topics = set()
    session.note_readiness()


def _will(link: "Link", packet: Connect) -> Will | None:
    may_retain = link.identity is not None and link.identity.may_retain
    if packet.will is None or may_retain:
        return packet.will
    return replace(packet.will, retain=False)


def _keep_alive(link: "Link", packet: Connect) -> int:
    most = link.core.limits.keep_alive_most
    if not most or packet.version != V5:
        return packet.keep_alive
    return min(packet.keep_alive or most, most)


def _properties(link: "Link", packet: Connect, client_id: str) -> dict[Property, Any]:
    limits = link.core.limits
    found: dict[Property, Any] = {
        Property.RECEIVE_MAXIMUM: limits.receive_maximum,
        Property.MAXIMUM_PACKET_SIZE: limits.packet_bytes,
        Property.TOPIC_ALIAS_MAXIMUM: limits.topic_aliases,
    }
    if not packet.client_id:
        found[Property.ASSIGNED_CLIENT_IDENTIFIER] = client_id
    if _keep_alive(link, packet) != packet.keep_alive:
        found[Property.SERVER_KEEP_ALIVE] = _keep_alive(link, packet)
    wanted = packet.properties.get(Property.SESSION_EXPIRY_INTERVAL, 0)
    if wanted > limits.session_seconds:
        found[Property.SESSION_EXPIRY_INTERVAL] = limits.session_seconds
    if link.method is not None:
        found[Property.AUTHENTICATION_METHOD] = link.method
    return found
