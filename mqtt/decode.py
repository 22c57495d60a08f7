"""From a packet's first byte and body to its value."""

from collections.abc import Callable
from typing import TypeAlias

from mqtt import properties as props
from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.errors import PacketError, protocol_error
from mqtt.filters import is_topic_name, require_filter
from mqtt.packets import (
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Publish,
    Suback,
    Subscribe,
    Subscription,
    Unsubscribe,
    Will,
)
from mqtt.properties import NONE, Properties
from mqtt.wire import Reader

_QOS_MAX = 2
_FLAGS = {Type.PUBREL: 0b0010, Type.SUBSCRIBE: 0b0010, Type.UNSUBSCRIBE: 0b0010}
_RESERVED, _CLEAN, _WILL, _WILL_RETAIN, _PASSWORD, _USERNAME = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_V311_CODES: dict[Type, set[int]] = {Type.SUBACK: {0x00, 0x01, 0x02, 0x80}, Type.UNSUBACK: set()}
_RETURN_CODES = (
    Reason.SUCCESS,
    Reason.UNSUPPORTED_PROTOCOL_VERSION,
    Reason.CLIENT_ID_NOT_VALID,
    Reason.SERVER_UNAVAILABLE,
    Reason.BAD_USER_NAME_OR_PASSWORD,
    Reason.NOT_AUTHORIZED,
)


def decode(first: int, body: bytes, version: int) -> Packet:
    """Decode a packet of a connection that speaks ``version``.

    Raises:
        PacketError: it breaks the standard.
    """
    number = first >> 4
    if not number or (number == Type.AUTH and version != V5):
        raise PacketError("no such type of packet")
    kind = Type(number)
    if kind is not Type.PUBLISH and first & 0x0F != _FLAGS.get(kind, 0):
        raise PacketError("wrong flags")
    return _DECODERS[kind](first, body, version)


def _properties(reader: Reader, place: Type | str, version: int) -> Properties:
    return props.read(reader, place) if version == V5 else NONE


def _connect(_first: int, body: bytes, _version: int) -> Connect:
    reader = Reader(body)
    version = _protocol(reader)
    flags, keep_alive = reader.u8(), reader.u16()
    _check_connect_flags(flags, version)
    properties = _properties(reader, Type.CONNECT, version)
    if Property.AUTHENTICATION_DATA in properties and (
        Property.AUTHENTICATION_METHOD not in properties
    ):
        raise protocol_error("authentication data without a method")
    client_id = reader.text()
    will = _will(reader, flags, version) if flags & _WILL else None
    username = reader.text() if flags & _USERNAME else None
    password = reader.binary() if flags & _PASSWORD else None
    reader.end()
    clean = bool(flags & _CLEAN)
    return Connect(client_id, version, clean, keep_alive, username, password, will, properties)


def _protocol(reader: Reader) -> int:
    if reader.text() != "MQTT":
        raise PacketError("not MQTT", Reason.UNSUPPORTED_PROTOCOL_VERSION)
    version = reader.u8()
    if version not in {V311, V5}:
        raise PacketError("a version other than 4 and 5", Reason.UNSUPPORTED_PROTOCOL_VERSION)
    return version


def _check_connect_flags(flags: int, version: int) -> None:
    will_qos = flags >> 3 & 3
    if flags & _RESERVED:
        raise PacketError("a reserved flag is set")
    if will_qos > _QOS_MAX or (not flags & _WILL and (will_qos or flags & _WILL_RETAIN)):
        raise PacketError("wrong flags of a will")
    if version == V311 and flags & _PASSWORD and not flags & _USERNAME:
        raise PacketError("a password without a username")


def _will(reader: Reader, flags: int, version: int) -> Will:
    properties = _properties(reader, props.WILL, version)
    topic, payload = reader.text(), reader.binary()
    if not is_topic_name(topic):
        raise PacketError("a will's topic is none", Reason.TOPIC_NAME_INVALID)
    return Will(topic, payload, flags >> 3 & 3, bool(flags & _WILL_RETAIN), properties)


def _connack(_first: int, body: bytes, version: int) -> Connack:
    reader = Reader(body)
    flags, code = reader.u8(), reader.u8()
    if flags > 1:
        raise PacketError("a reserved flag is set")
    if version == V5:
        reason = _reason(code)
    elif code < len(_RETURN_CODES):
        reason = _RETURN_CODES[code]
    else:
        raise PacketError("no such return code")
    properties = _properties(reader, Type.CONNACK, version)
    reader.end()
    return Connack(reason, bool(flags), properties)


def _publish(first: int, body: bytes, version: int) -> Publish:
    qos, dup = first >> 1 & 3, bool(first & 8)
    if qos > _QOS_MAX or (dup and not qos):
        raise PacketError("wrong flags")
    reader = Reader(body)
    topic = reader.text()
    packet_id = _packet_id(reader) if qos else 0
    properties = _properties(reader, Type.PUBLISH, version)
    if not (is_topic_name(topic) or (not topic and Property.TOPIC_ALIAS in properties)):
        raise PacketError("not a topic name", Reason.TOPIC_NAME_INVALID)
    return Publish(topic, reader.rest(), qos, packet_id, bool(first & 1), dup, properties)


def _ack(first: int, body: bytes, version: int) -> Ack:
    kind, reader = Type(first >> 4), Reader(body)
    packet_id = _packet_id(reader)
    reason, properties = _reason_and_properties(reader, kind, version)
    return Ack(kind, packet_id, reason, properties)


def _subscribe(_first: int, body: bytes, version: int) -> Subscribe:
    reader = Reader(body)
    packet_id = _packet_id(reader)
    properties = _properties(reader, Type.SUBSCRIBE, version)
    subscriptions = []
    while reader.left:
        subscriptions.append(_subscription(reader, version))
    if not subscriptions:
        raise protocol_error("subscribes to nothing")
    return Subscribe(packet_id, tuple(subscriptions), properties)


def _subscription(reader: Reader, version: int) -> Subscription:
    topic_filter, options = reader.text(), reader.u8()
    require_filter(topic_filter)
    qos, handling = options & 3, options >> 4 & 3
    if qos > _QOS_MAX or options & (0xC0 if version == V5 else 0xFC):
        raise PacketError("wrong options of a subscription")
    if handling > _QOS_MAX or (options & 4 and topic_filter.startswith("$share/")):
        raise protocol_error("wrong options of a subscription")
    return Subscription(topic_filter, qos, bool(options & 4), bool(options & 8), handling)


def _unsubscribe(_first: int, body: bytes, version: int) -> Unsubscribe:
    reader = Reader(body)
    packet_id = _packet_id(reader)
    properties = _properties(reader, Type.UNSUBSCRIBE, version)
    filters = []
    while reader.left:
        filters.append(reader.text())
        require_filter(filters[-1])
    if not filters:
        raise protocol_error("unsubscribes from nothing")
    return Unsubscribe(packet_id, tuple(filters), properties)


def _suback(first: int, body: bytes, version: int) -> Suback:
    kind, reader = Type(first >> 4), Reader(body)
    packet_id = _packet_id(reader)
    properties = _properties(reader, kind, version)
    codes = reader.rest()
    if version == V311 and not set(codes) <= _V311_CODES[kind]:
        raise PacketError("no such return code")
    return Suback(kind, packet_id, tuple(map(_reason, codes)), properties)


def _ping(first: int, body: bytes, _version: int) -> Ping:
    Reader(body).end()
    return Ping(Type(first >> 4))


def _disconnect(_first: int, body: bytes, version: int) -> Disconnect:
    return Disconnect(*_reason_and_properties(Reader(body), Type.DISCONNECT, version))


def _auth(_first: int, body: bytes, version: int) -> Auth:
    return Auth(*_reason_and_properties(Reader(body), Type.AUTH, version))


def _reason_and_properties(reader: Reader, kind: Type, version: int) -> tuple[Reason, Properties]:
    """Take a reason and properties, either of which may be left out in 5.0 (section 3.4.2.1)."""
    reason, properties = Reason.SUCCESS, NONE
    if version == V5 and reader.left:
        reason = _reason(reader.u8())
        properties = props.read(reader, kind) if reader.left else NONE
    reader.end()
    return reason, properties


def _packet_id(reader: Reader) -> int:
    packet_id = reader.u16()
    if not packet_id:
        raise protocol_error("packet id 0")
    return packet_id


def _reason(code: int) -> Reason:
    try:
        return Reason(code)
    except ValueError:
        raise PacketError("no such reason code") from None


_Decoder: TypeAlias = Callable[[int, bytes, int], Packet]
_DECODERS: dict[Type, _Decoder] = {
    Type.CONNECT: _connect,
    Type.CONNACK: _connack,
    Type.PUBLISH: _publish,
    Type.PUBACK: _ack,
    Type.PUBREC: _ack,
    Type.PUBREL: _ack,
    Type.PUBCOMP: _ack,
    Type.SUBSCRIBE: _subscribe,
    Type.SUBACK: _suback,
    Type.UNSUBSCRIBE: _unsubscribe,
    Type.UNSUBACK: _suback,
    Type.PINGREQ: _ping,
    Type.PINGRESP: _ping,
    Type.DISCONNECT: _disconnect,
    Type.AUTH: _auth,
}
