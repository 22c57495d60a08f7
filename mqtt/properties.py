"""Properties of 5.0 packets (section 2.2.2): a mapping from ``Property`` to its value.

A user property is a tuple of pairs, a subscription identifier a tuple of numbers; both may occur
more than once in a packet.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from mqtt.codes import Property, Type
from mqtt.errors import PacketError, protocol_error
from mqtt.filters import has_wildcard
from mqtt.wire import Reader, binary, text, u16, u32, varint

Properties: TypeAlias = Mapping[Property, Any]
NONE: Properties = MappingProxyType({})


def nothing() -> Properties:
    """Give the properties of a packet that has none."""
    return NONE


WILL = "will"
"""Stands for the properties of a CONNECT's will (section 3.1.3.2)."""


def _read_pair(reader: Reader) -> tuple[str, str]:
    return reader.text(), reader.text()


def _write_u8(value: int) -> bytes:
    return bytes((value,))


def _write_pair(pair: tuple[str, str]) -> bytes:
    return text(pair[0]) + text(pair[1])


_Form: TypeAlias = tuple[Callable[[Reader], Any], Callable[[Any], bytes]]
_BYTE: _Form = (Reader.u8, _write_u8)
_U16: _Form = (Reader.u16, u16)
_U32: _Form = (Reader.u32, u32)
_TEXT: _Form = (Reader.text, text)
_BINARY: _Form = (Reader.binary, binary)

_P = Property
_FORMS: dict[Property, _Form] = {
    _P.PAYLOAD_FORMAT_INDICATOR: _BYTE,
    _P.MESSAGE_EXPIRY_INTERVAL: _U32,
    _P.CONTENT_TYPE: _TEXT,
    _P.RESPONSE_TOPIC: _TEXT,
    _P.CORRELATION_DATA: _BINARY,
    _P.SUBSCRIPTION_IDENTIFIER: (Reader.varint, varint),
    _P.SESSION_EXPIRY_INTERVAL: _U32,
    _P.ASSIGNED_CLIENT_IDENTIFIER: _TEXT,
    _P.SERVER_KEEP_ALIVE: _U16,
    _P.AUTHENTICATION_METHOD: _TEXT,
    _P.AUTHENTICATION_DATA: _BINARY,
    _P.REQUEST_PROBLEM_INFORMATION: _BYTE,
    _P.WILL_DELAY_INTERVAL: _U32,
    _P.REQUEST_RESPONSE_INFORMATION: _BYTE,
    _P.RESPONSE_INFORMATION: _TEXT,
    _P.SERVER_REFERENCE: _TEXT,
    _P.REASON_STRING: _TEXT,
    _P.RECEIVE_MAXIMUM: _U16,
    _P.TOPIC_ALIAS_MAXIMUM: _U16,
    _P.TOPIC_ALIAS: _U16,
    _P.MAXIMUM_QOS: _BYTE,
    _P.RETAIN_AVAILABLE: _BYTE,
    _P.USER_PROPERTY: (_read_pair, _write_pair),
    _P.MAXIMUM_PACKET_SIZE: _U32,
    _P.WILDCARD_SUBSCRIPTION_AVAILABLE: _BYTE,
    _P.SUBSCRIPTION_IDENTIFIER_AVAILABLE: _BYTE,
    _P.SHARED_SUBSCRIPTION_AVAILABLE: _BYTE,
}
_REPEATED = {_P.USER_PROPERTY, _P.SUBSCRIPTION_IDENTIFIER}
_NOT_ZERO = {_P.RECEIVE_MAXIMUM, _P.MAXIMUM_PACKET_SIZE, _P.SUBSCRIPTION_IDENTIFIER, _P.TOPIC_ALIAS}
_ZERO_OR_ONE = {found for found, form in _FORMS.items() if form is _BYTE}

_MESSAGE = {
    _P.PAYLOAD_FORMAT_INDICATOR,
    _P.MESSAGE_EXPIRY_INTERVAL,
    _P.CONTENT_TYPE,
    _P.RESPONSE_TOPIC,
    _P.CORRELATION_DATA,
    _P.USER_PROPERTY,
}
_REASONED = {_P.REASON_STRING, _P.USER_PROPERTY}
_AUTHENTICATED = {_P.AUTHENTICATION_METHOD, _P.AUTHENTICATION_DATA}
_LIMITS = {_P.RECEIVE_MAXIMUM, _P.MAXIMUM_PACKET_SIZE, _P.TOPIC_ALIAS_MAXIMUM}

ALLOWED: dict[Type | str, set[Property]] = {
    Type.CONNECT: {
        _P.SESSION_EXPIRY_INTERVAL,
        _P.REQUEST_RESPONSE_INFORMATION,
        _P.REQUEST_PROBLEM_INFORMATION,
        _P.USER_PROPERTY,
    }
    | _LIMITS
    | _AUTHENTICATED,
    WILL: _MESSAGE | {_P.WILL_DELAY_INTERVAL},
    Type.CONNACK: {
        _P.SESSION_EXPIRY_INTERVAL,
        _P.ASSIGNED_CLIENT_IDENTIFIER,
        _P.SERVER_KEEP_ALIVE,
        _P.RESPONSE_INFORMATION,
        _P.SERVER_REFERENCE,
        _P.MAXIMUM_QOS,
        _P.RETAIN_AVAILABLE,
        _P.WILDCARD_SUBSCRIPTION_AVAILABLE,
        _P.SUBSCRIPTION_IDENTIFIER_AVAILABLE,
        _P.SHARED_SUBSCRIPTION_AVAILABLE,
    }
    | _LIMITS
    | _AUTHENTICATED
    | _REASONED,
    Type.PUBLISH: _MESSAGE | {_P.TOPIC_ALIAS, _P.SUBSCRIPTION_IDENTIFIER},
    Type.PUBACK: _REASONED,
    Type.PUBREC: _REASONED,
    Type.PUBREL: _REASONED,
    Type.PUBCOMP: _REASONED,
    Type.SUBSCRIBE: {_P.SUBSCRIPTION_IDENTIFIER, _P.USER_PROPERTY},
    Type.SUBACK: _REASONED,
    Type.UNSUBSCRIBE: {_P.USER_PROPERTY},
    Type.UNSUBACK: _REASONED,
    Type.DISCONNECT: {_P.SESSION_EXPIRY_INTERVAL, _P.SERVER_REFERENCE} | _REASONED,
    Type.AUTH: _AUTHENTICATED | _REASONED,
}


def read(reader: Reader, place: Type | str) -> Properties:
    """Take the properties of a packet.

    Raises:
        PacketError: one is unknown, does not belong there, occurs twice or has a wrong value.
    """
    length = reader.varint()
    if not length:
        return NONE
    inner, found = Reader(reader.take(length)), dict[Property, Any]()
    repeated: dict[Property, list[Any]] = {}
    while inner.left:
        name, value = _read_one(inner, ALLOWED[place])
        if name in _REPEATED and (place is Type.PUBLISH or name is _P.USER_PROPERTY):
            repeated.setdefault(name, []).append(value)
        elif name in found:
            raise protocol_error(f"{name.name} occurs twice")
        else:
            found[name] = (value,) if name in _REPEATED else value
    return found | {name: tuple(values) for name, values in repeated.items()}


def write(properties: Properties) -> bytes:
    """Encode properties with their length before them."""
    parts = bytearray()
    for name, value in properties.items():
        _, encode = _FORMS[name]
        for one in value if name in _REPEATED else (value,):
            parts += bytes((name,)) + encode(one)
    return varint(len(parts)) + bytes(parts)


def _read_one(reader: Reader, allowed: set[Property]) -> tuple[Property, Any]:
    number = reader.varint()
    if number not in allowed:
        known = number in set(_FORMS)
        raise (protocol_error if known else PacketError)(f"property {number} does not belong here")
    name = Property(number)
    value = _FORMS[name][0](reader)
    if name in _NOT_ZERO and not value:
        raise protocol_error(f"{name.name} is zero")
    if name in _ZERO_OR_ONE and value > 1:
        raise protocol_error(f"{name.name} is neither 0 nor 1")
    if name is _P.RESPONSE_TOPIC and has_wildcard(value):
        raise protocol_error("a wildcard in a response topic")
    return name, value
