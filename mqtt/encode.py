"""From a packet's value to bytes."""

from collections.abc import Callable
from typing import Any, TypeAlias

from mqtt import properties as props
from mqtt.codes import V5, Reason, Type, connect_return
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
)
from mqtt.properties import Properties
from mqtt.wire import binary, frame, text, u16

_FAILURE = 0x80


def encode(packet: Packet, version: int) -> bytes:
    """Encode a packet for a connection that speaks ``version``."""
    return _ENCODERS[type(packet)](packet, version)


def _properties(properties: Properties, version: int) -> bytes:
    return props.write(properties) if version == V5 else b""


def _connect(packet: Connect, _version: int) -> bytes:
    flags = packet.clean_start << 1
    flags |= (packet.username is not None) << 7 | (packet.password is not None) << 6
    tail = text(packet.client_id)
    if packet.will:
        flags |= 4 | packet.will.qos << 3 | packet.will.retain << 5
        tail += _properties(packet.will.properties, packet.version)
        tail += text(packet.will.topic) + binary(packet.will.payload)
    if packet.username is not None:
        tail += text(packet.username)
    if packet.password is not None:
        tail += binary(packet.password)
    head = text("MQTT") + bytes((packet.version, flags)) + u16(packet.keep_alive)
    return frame(Type.CONNECT << 4, head + _properties(packet.properties, packet.version) + tail)


def _connack(packet: Connack, version: int) -> bytes:
    code = packet.reason if version == V5 else connect_return(packet.reason)
    body = bytes((packet.session_present, code)) + _properties(packet.properties, version)
    return frame(Type.CONNACK << 4, body)


def _publish(packet: Publish, version: int) -> bytes:
    first = Type.PUBLISH << 4 | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = u16(packet.packet_id) if packet.qos else b""
    head = text(packet.topic) + packet_id + _properties(packet.properties, version)
    return frame(first, head + packet.payload)


def _ack(packet: Ack, version: int) -> bytes:
    first = packet.type << 4 | (0b0010 if packet.type is Type.PUBREL else 0)
    return frame(first, u16(packet.packet_id) + _reason_and_properties(packet, version))


def _subscribe(packet: Subscribe, version: int) -> bytes:
    body = u16(packet.packet_id) + _properties(packet.properties, version)
    for wanted in packet.subscriptions:
        body += text(wanted.topic_filter) + bytes((_options(wanted),))
    return frame(Type.SUBSCRIBE << 4 | 0b0010, body)


def _options(wanted: Subscription) -> int:
    return (
        wanted.qos
        | wanted.no_local << 2
        | wanted.retain_as_published << 3
        | wanted.retain_handling << 4
    )


def _unsubscribe(packet: Unsubscribe, version: int) -> bytes:
    body = u16(packet.packet_id) + _properties(packet.properties, version)
    return frame(Type.UNSUBSCRIBE << 4 | 0b0010, body + b"".join(map(text, packet.topic_filters)))


def _suback(packet: Suback, version: int) -> bytes:
    reasons: list[int] = list(packet.reasons)
    if version != V5:
        reasons = [min(reason, _FAILURE) for reason in reasons]
        reasons = [] if packet.type is Type.UNSUBACK else reasons
    body = u16(packet.packet_id) + _properties(packet.properties, version) + bytes(reasons)
    return frame(packet.type << 4, body)


def _ping(packet: Ping, _version: int) -> bytes:
    return frame(packet.type << 4, b"")


def _disconnect(packet: Disconnect, version: int) -> bytes:
    return frame(Type.DISCONNECT << 4, _reason_and_properties(packet, version))


def _auth(packet: Auth, version: int) -> bytes:
    return frame(Type.AUTH << 4, _reason_and_properties(packet, version))


def _reason_and_properties(packet: Ack | Disconnect | Auth, version: int) -> bytes:
    if version != V5 or (packet.reason is Reason.SUCCESS and not packet.properties):
        return b""
    return bytes((packet.reason,)) + (props.write(packet.properties) if packet.properties else b"")


_Encoder: TypeAlias = Callable[[Any, int], bytes]
_ENCODERS: dict[type[Any], _Encoder] = {
    Connect: _connect,
    Connack: _connack,
    Publish: _publish,
    Ack: _ack,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    Suback: _suback,
    Ping: _ping,
    Disconnect: _disconnect,
    Auth: _auth,
}
