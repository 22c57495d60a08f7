"""What each packet of a client does, but for the plain ones that ``Link`` takes by itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from broker.core import exactly_once, lives
from broker.core.access import RefusedError
from broker.core.connecting import connect, refuse
from broker.core.expelling import expel
from broker.core.index import Grant
from broker.core.many import Many
from broker.core.message import Item, Message, field_of, for_many, make
from mqtt.codes import Property, Reason, Type
from mqtt.encode import encode
from mqtt.errors import PacketError, protocol_error
from mqtt.packets import (
    Ack,
    Auth,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Unsubscribe,
)

if TYPE_CHECKING:
    from broker.core.link import Link

__all__ = ["handle", "publish_to_many", "refuse"]

_SHARE = "$share/"
_AT_NEW_SUBSCRIPTION, _NEVER = 1, 2


def handle(link: "Link", packet: Packet) -> None:
    """Do what a packet asks for.

    Raises:
        PacketError: it must not come from a client, or not now.
    """
    action = _ACTIONS.get(type(packet))
    if action is None:
        raise protocol_error(f"{type(packet).__name__} from a client")
    action(link, packet)


def _publish(link: "Link", packet: Publish) -> None:
    field = _resolve_alias(link, packet)
    core, session = link.core, _session(link)
    identity: Any = link.identity
    if packet.qos == 2 and session.received and packet.packet_id in session.received:  # noqa: PLR2004
        _receive_again(link, session.received[packet.packet_id], packet.packet_id)
        return
    if packet.qos and link.unconfirmed >= link.receive_most:
        raise PacketError("too many at once", Reason.RECEIVE_MAXIMUM_EXCEEDED)
    if not identity.may_publish(field[2:].decode()):
        core.dropped["not_authorized"] += 1
        _answer(link, packet, Reason.NOT_AUTHORIZED)
        return
    if not core.limits.allow_topic(field):
        core.dropped["topic_name_invalid"] += 1
        _answer(link, packet, Reason.TOPIC_NAME_INVALID)
        return
    order = identity.expels(packet.topic, packet.payload)
    if order is not None:
        expel(core, order)
        _answer(link, packet, Reason.SUCCESS)
        return
    spread = identity.spread(packet.topic, packet.payload)
    if spread is not None:
        link.many = field
        _publish_to_many(link, packet.packet_id, packet.qos, *spread)
        return
    retain = packet.retain and identity.may_retain
    if retain and not core.may_retain(field[2:].decode(), len(packet.payload)):
        core.dropped["retained_full"] += 1
        _answer(link, packet, Reason.QUOTA_EXCEEDED)
        return
    passed_on = _passed_on(packet)
    link.allow(field)
    link.unconfirmed += packet.qos > 0
    message = make(field, packet.payload, packet.qos, core.now, retain=retain, properties=passed_on)
    if packet.qos:
        message.publisher, message.packet_id = link, packet.packet_id
    if packet.qos == 2:  # noqa: PLR2004 - exactly once
        session.received = session.received or {}
        session.received[packet.packet_id] = message
    core.publish(message, session)


def _receive_again(link: "Link", message: Message | None, packet_id: int) -> None:
    """Take a repeat of what was sent at QoS 2: it is acknowledged as soon as it is safe."""
    if message is not None and message.publisher is not None:
        link.unconfirmed += message.publisher is not link
        message.publisher = link
    else:
        link.write(Ack(Type.PUBREC, packet_id))


def publish_to_many(link: "Link", body: bytes) -> bool:
    """Take a plain publish at QoS 1 on the topic that is for many; tell whether it was one."""
    field: Any = link.many
    start = len(field) + 2
    packet_id = int.from_bytes(body[start - 2 : start])
    if not packet_id or len(body) < start or link.unconfirmed >= link.receive_most:
        return False
    identity: Any = link.identity
    _publish_to_many(link, packet_id, 1, *identity.spread(field[2:].decode(), body[start:]))
    return True


def _publish_to_many(
    link: "Link", packet_id: int, qos: int, topics: list[bytes], payload: bytes
) -> None:
    """Publish one payload on many topics; the publisher is told when all of it is safe."""
    core = link.core
    if not qos:
        for topic in topics:
            core.publish(Message(len(topic).to_bytes(2) + topic, payload, core.now, 0))
        return
    link.unconfirmed += 1
    whole = Message(b"", b"", core.now, qos, packet_id=packet_id)
    many = Many(link, whole, len(topics))
    for message in for_many(topics, payload, core.now, many):
        core.publish_plain(message)
    many.confirm(None)


def _resolve_alias(link: "Link", packet: Publish) -> bytes:
    """Give the topic's name, which may be said by a number (section 3.3.2.3.4)."""
    alias = packet.properties.get(Property.TOPIC_ALIAS)
    if alias is None:
        return field_of(packet.topic)
    if alias > link.core.limits.topic_aliases:
        raise PacketError("no such alias", Reason.TOPIC_ALIAS_INVALID)
    if link.aliases is None:
        link.aliases = {}
    if packet.topic:
        link.aliases[alias] = field_of(packet.topic)
    elif alias not in link.aliases:
        raise protocol_error("an alias that means nothing yet")
    return link.aliases[alias]


def _passed_on(packet: Publish) -> dict[Property, Any]:
    if Property.SUBSCRIPTION_IDENTIFIER in packet.properties:
        raise protocol_error("a subscription identifier from a client")
    kept = dict(packet.properties)
    kept.pop(Property.TOPIC_ALIAS, None)
    return kept


def _answer(link: "Link", packet: Publish, reason: Reason) -> None:
    if packet.qos:
        kind = Type.PUBACK if packet.qos == 1 else Type.PUBREC
        link.write(Ack(kind, packet.packet_id, reason))


def _ack(link: "Link", packet: Ack) -> None:
    session, core, number = _session(link), link.core, packet.packet_id
    if packet.type is Type.PUBREL:
        known = session.received is not None and number in session.received
        if known:
            exactly_once.received_complete(core, session, number)
            link.unconfirmed = max(0, link.unconfirmed - 1)
        reason = Reason.SUCCESS if known else Reason.PACKET_ID_NOT_FOUND
        link.write(Ack(Type.PUBCOMP, number, reason))
        return
    if packet.type is Type.PUBCOMP:
        exactly_once.sent_complete(core, session, number)
        core.refill(session)
        return
    if packet.type is Type.PUBACK:
        item = session.acknowledged(number)
    elif packet.reason >= Reason.UNSPECIFIED_ERROR:
        item = session.received_by_client(number)
        exactly_once.sent_complete(core, session, number)
    else:
        item = _received_by_client(link, number)
    if item is not None:
        core.arrived(session, item)
    core.refill(session)


def _received_by_client(link: "Link", number: int) -> Item | None:
    """Take a PUBREC, and answer it (section 4.3.3)."""
    session = _session(link)
    item: Item | None = session.received_by_client(number)
    known = item is not None or (session.released is not None and number in session.released)
    reason = Reason.SUCCESS if known else Reason.PACKET_ID_NOT_FOUND
    data = encode(Ack(Type.PUBREL, number, reason), link.version)
    if item is None:
        link.send(data)
    else:
        exactly_once.send_later(link.core, session, 0, number, data)
    return item


def _subscribe(link: "Link", packet: Subscribe) -> None:
    identifier = packet.properties.get(Property.SUBSCRIPTION_IDENTIFIER, (0,))[0]
    granted, retained, session = [], dict[str, None](), _session(link)
    earlier = session.subscriptions.copy()
    for wanted in packet.subscriptions:
        reason, is_new = _grant(link, wanted, identifier)
        granted.append(reason)
        if reason < Reason.UNSPECIFIED_ERROR and _wants_retained(wanted, is_new=is_new):
            retained[wanted.topic_filter] = None
    if session.subscriptions != earlier:
        lives.keep(link.core, session)
    link.write(Suback(Type.SUBACK, packet.packet_id, tuple(granted)))
    for topic_filter in retained:
        _send_retained(link, topic_filter)


def _grant(link: "Link", wanted: Subscription, identifier: int) -> tuple[Reason, bool]:
    identity: Any = link.identity
    most: Reason = identity.may_subscribe(wanted.topic_filter)
    if most >= Reason.UNSPECIFIED_ERROR:
        return most, False
    session, limits = _session(link), link.core.limits
    if not limits.allow_topic(wanted.topic_filter.encode()):
        return Reason.TOPIC_FILTER_INVALID, False
    has_room = len(session.subscriptions) < limits.subscriptions
    if not has_room and wanted.topic_filter not in session.subscriptions:
        return Reason.QUOTA_EXCEEDED, False
    grant = _as_grant(wanted, identifier, most)
    is_new = link.core.subscribe(session, wanted.topic_filter, grant)
    return Reason(grant.qos), is_new


def _as_grant(wanted: Subscription, identifier: int, most_qos: int) -> Grant:
    return Grant(min(wanted.qos, most_qos), wanted.no_local, wanted.retain_as_published, identifier)


def _wants_retained(wanted: Subscription, *, is_new: bool) -> bool:
    if wanted.topic_filter.startswith(_SHARE) or wanted.retain_handling == _NEVER:
        return False
    return is_new or wanted.retain_handling != _AT_NEW_SUBSCRIPTION


def _send_retained(link: "Link", topic_filter: str) -> None:
    core, session = link.core, _session(link)
    grant = session.subscriptions[topic_filter]
    for message in core.retained.find(topic_filter, core.now):
        if not core.has_room(session, grant.qos):
            core.dropped["slow_reader"] += 1
            return
        core.publish_retained(session, message, grant)


def _unsubscribe(link: "Link", packet: Unsubscribe) -> None:
    session, core = _session(link), link.core
    ended = [core.unsubscribe(session, topic_filter) for topic_filter in packet.topic_filters]
    if any(ended):
        lives.keep(core, session)
    reasons = [Reason.SUCCESS if was else Reason.NO_SUBSCRIPTION_EXISTED for was in ended]
    link.write(Suback(Type.UNSUBACK, packet.packet_id, tuple(reasons)))


def _ping(link: "Link", packet: Ping) -> None:
    if packet.type is not Type.PINGREQ:
        raise protocol_error("PINGRESP from a client")
    link.send(b"\xd0\x00")


def _disconnect(link: "Link", packet: Disconnect) -> None:
    session = _session(link)
    expiry = packet.properties.get(Property.SESSION_EXPIRY_INTERVAL)
    if expiry is not None:
        if expiry and not session.expiry:
            raise protocol_error("a session that was to end cannot be kept")
        if not expiry:
            lives.release(link.core, session)
            if link.core.journal is not None and session.expiry:
                link.core.journal.end_session(session.client_id)
        session.expiry = expiry
    link.leave(is_normal=packet.reason is Reason.SUCCESS)


def _auth(link: "Link", packet: Auth) -> None:
    """Renew the client's credentials without a new connection (section 4.12.1)."""
    method = packet.properties.get(Property.AUTHENTICATION_METHOD)
    if packet.reason is not Reason.REAUTHENTICATE or link.method is None or method != link.method:
        raise protocol_error("no authentication is under way")
    identity: Any = link.identity
    data = packet.properties.get(Property.AUTHENTICATION_DATA, b"")
    try:
        link.identity = link.core.rules.renew(identity, data, link.core.now)
    except RefusedError as refused:
        raise PacketError(str(refused), refused.reason) from None
    link.write(Auth(properties={Property.AUTHENTICATION_METHOD: link.method}))


def _session(link: "Link") -> Any:  # noqa: ANN401 - a session; there is one after CONNECT
    return link.session


_Action: TypeAlias = Callable[["Link", Any], None]
_ACTIONS: dict[type[Any], _Action] = {
    Connect: connect,
    Publish: _publish,
    Ack: _ack,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    Ping: _ping,
    Disconnect: _disconnect,
    Auth: _auth,
}
