"""Bytes to packets and back; what breaks the standard is refused with the right reason."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt.codes import V5, V311, Property, Reason, Type
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.errors import PacketError
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
from mqtt.wire import VARINT_MAX, Reader, body_range, varint
from tests.unit.mqtt.packets import versioned

KNOWN: list[tuple[str, int, Packet]] = [
    ("10 0d 0004 4d515454 04 02 003c 0001 61", V311, Connect("a", keep_alive=60)),
    (
        "10 1d 0004 4d515454 04 ec 0000 0001 61 0001 74 0002 6279 0001 75 0004 70617373",
        V311,
        Connect(
            "a",
            V311,
            clean_start=False,
            username="u",
            password=b"pass",
            will=Will("t", b"by", 1, retain=True),
        ),
    ),
    (
        "10 13 0004 4d515454 05 02 0000 05 11 00000e10 0001 61",
        V5,
        Connect("a", V5, properties={Property.SESSION_EXPIRY_INTERVAL: 3600}),
    ),
    ("20 02 01 00", V311, Connack(session_present=True)),
    ("20 02 00 05", V311, Connack(Reason.NOT_AUTHORIZED)),
    ("20 03 00 87 00", V5, Connack(Reason.NOT_AUTHORIZED)),
    ("30 07 0003 612f62 6869", V311, Publish("a/b", b"hi")),
    ("3b 07 0001 61 000a 6869", V311, Publish("a", b"hi", 1, 10, retain=True, dup=True)),
    ("34 08 0001 61 000a 00 6869", V5, Publish("a", b"hi", 2, 10)),
    (
        "30 09 0001 61 04 0b 01 0b 7f 78",
        V5,
        Publish("a", b"x", properties={Property.SUBSCRIPTION_IDENTIFIER: (1, 127)}),
    ),
    ("40 02 000a", V5, Ack(Type.PUBACK, 10)),
    ("40 03 000a 10", V5, Ack(Type.PUBACK, 10, Reason.NO_MATCHING_SUBSCRIBERS)),
    ("62 02 000a", V311, Ack(Type.PUBREL, 10)),
    ("82 08 000a 0003 612f23 01", V311, Subscribe(10, (Subscription("a/#", 1),))),
    (
        "82 09 000a 00 0003 612f2b 2e",
        V5,
        Subscribe(
            10,
            (Subscription("a/+", 2, no_local=True, retain_as_published=True, retain_handling=2),),
        ),
    ),
    (
        "90 04 000a 01 80",
        V311,
        Suback(Type.SUBACK, 10, (Reason.GRANTED_QOS_1, Reason.UNSPECIFIED_ERROR)),
    ),
    ("a2 05 000a 0001 61", V311, Unsubscribe(10, ("a",))),
    ("b0 02 000a", V311, Suback(Type.UNSUBACK, 10, ())),
    ("c0 00", V311, Ping(Type.PINGREQ)),
    ("e0 00", V5, Disconnect()),
    ("e0 01 04", V5, Disconnect(Reason.DISCONNECT_WITH_WILL)),
    ("f0 00", V5, Auth()),
]

_C = "0004 4d515454"
BROKEN: list[tuple[str, int, Reason]] = [
    ("00 00", V5, Reason.MALFORMED_PACKET),
    ("f0 00", V311, Reason.MALFORMED_PACKET),
    ("c1 00", V311, Reason.MALFORMED_PACKET),
    ("c0 01 00", V311, Reason.MALFORMED_PACKET),
    ("60 02 000a", V311, Reason.MALFORMED_PACKET),
    ("80 06 000a 0001 61 00", V311, Reason.MALFORMED_PACKET),
    (f"10 0c {_C} 03 02 0000 0000", V311, Reason.UNSUPPORTED_PROTOCOL_VERSION),
    ("10 0e 0006 4d5149736470 03 02 0000 0000", V311, Reason.UNSUPPORTED_PROTOCOL_VERSION),
    (f"10 0c {_C} 04 03 0000 0000", V311, Reason.MALFORMED_PACKET),
    (f"10 0c {_C} 04 0a 0000 0000", V311, Reason.MALFORMED_PACKET),
    (f"10 0c {_C} 04 1e 0000 0000", V311, Reason.MALFORMED_PACKET),
    (f"10 0e {_C} 04 42 0000 0000 0000", V311, Reason.MALFORMED_PACKET),
    (f"10 0d {_C} 04 02 0000 0000 00", V311, Reason.MALFORMED_PACKET),
    (f"10 10 {_C} 05 02 0000 03 16 0000 0000", V5, Reason.PROTOCOL_ERROR),
    (f"10 10 {_C} 05 02 0000 03 21 0000 0000", V5, Reason.PROTOCOL_ERROR),
    (f"10 0f {_C} 05 02 0000 02 01 01 0000", V5, Reason.PROTOCOL_ERROR),
    ("30 03 0001 2b", V311, Reason.TOPIC_NAME_INVALID),
    ("30 02 0000", V311, Reason.TOPIC_NAME_INVALID),
    ("30 03 0000 00", V5, Reason.TOPIC_NAME_INVALID),
    ("30 03 0001 00", V311, Reason.MALFORMED_PACKET),
    ("30 05 0003 eda080", V311, Reason.MALFORMED_PACKET),
    ("30 03 0001 ff", V311, Reason.MALFORMED_PACKET),
    ("30 03 0002 61", V311, Reason.MALFORMED_PACKET),
    ("36 05 0001 61 0001", V311, Reason.MALFORMED_PACKET),
    ("38 03 0001 61", V311, Reason.MALFORMED_PACKET),
    ("32 05 0001 61 0000", V311, Reason.PROTOCOL_ERROR),
    ("30 07 0001 61 03 23 0000", V5, Reason.PROTOCOL_ERROR),
    ("30 06 0001 61 02 01 02", V5, Reason.PROTOCOL_ERROR),
    ("30 08 0001 61 04 01 00 01 00", V5, Reason.PROTOCOL_ERROR),
    ("30 06 0001 61 02 7f 00", V5, Reason.MALFORMED_PACKET),
    ("30 05 0001 61 8000", V5, Reason.MALFORMED_PACKET),
    ("30 08 0001 61 04 08 0001 2b", V5, Reason.PROTOCOL_ERROR),
    ("40 02 0000", V311, Reason.PROTOCOL_ERROR),
    ("40 03 000a 77", V5, Reason.MALFORMED_PACKET),
    ("82 02 000a", V311, Reason.PROTOCOL_ERROR),
    ("82 06 000a 0001 61 03", V311, Reason.MALFORMED_PACKET),
    ("82 06 000a 0001 61 04", V311, Reason.MALFORMED_PACKET),
    ("82 07 000a 00 0001 61 30", V5, Reason.PROTOCOL_ERROR),
    ("82 07 000a 00 0001 61 40", V5, Reason.MALFORMED_PACKET),
    ("82 08 000a 0003 612b62 00", V311, Reason.TOPIC_FILTER_INVALID),
    ("82 0a 000a 0005 612f232f62 00", V311, Reason.TOPIC_FILTER_INVALID),
    ("82 05 000a 0000 00", V311, Reason.TOPIC_FILTER_INVALID),
    ("82 0f 000a 000a 2473686172652f2f612f 00", V311, Reason.TOPIC_FILTER_INVALID),
    ("82 11 000a 00 000b 2473686172652f672f6161 04", V5, Reason.PROTOCOL_ERROR),
    ("a2 02 000a", V311, Reason.PROTOCOL_ERROR),
    ("90 03 000a 03", V311, Reason.MALFORMED_PACKET),
    ("b0 03 000a 00", V311, Reason.MALFORMED_PACKET),
]


def split(text: str) -> tuple[int, bytes]:
    data = bytes.fromhex(text.replace(" ", ""))
    found = body_range(data, 0)
    assert found is not None
    return data[0], data[found[0] :]


@pytest.mark.parametrize(("text", "version", "packet"), KNOWN)
def test_known_bytes(text: str, version: int, packet: Packet) -> None:
    assert decode(*split(text), version) == packet
    assert encode(packet, version) == bytes.fromhex(text.replace(" ", ""))


@pytest.mark.parametrize(("text", "version", "reason"), BROKEN)
def test_broken_bytes(text: str, version: int, reason: Reason) -> None:
    with pytest.raises(PacketError) as caught:
        decode(*split(text), version)
    assert caught.value.reason is reason


@given(versioned)
def test_every_packet_comes_back(versioned: tuple[int, Packet]) -> None:
    version, packet = versioned
    data = encode(packet, version)
    begin, end = body_range(data, 0) or (0, 0)
    assert end == len(data)
    assert decode(data[0], data[begin:end], version) == packet


@given(st.integers(0, 255), st.binary(max_size=80), st.sampled_from([V311, V5]))
def test_any_bytes_are_a_packet_or_an_error(first: int, body: bytes, version: int) -> None:
    with suppress(PacketError):
        packet = decode(first, body, version)
        assert decode(*split(encode(packet, version).hex()), version) == packet


@given(versioned, st.data())
def test_a_packet_that_is_cut_or_changed_is_a_packet_or_an_error(
    versioned: tuple[int, Packet], data: st.DataObject
) -> None:
    version, packet = versioned
    first, body = split(encode(packet, version).hex())
    changed = bytearray(body[: data.draw(st.integers(0, len(body)))])
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PacketError):
        decode(first, bytes(changed), version)


@given(st.integers(0, VARINT_MAX))
def test_variable_byte_integers(value: int) -> None:
    encoded = varint(value)
    assert Reader(encoded).varint() == value
    assert body_range(b"\x30" + encoded, 0) == (1 + len(encoded), 1 + len(encoded) + value)
    assert all(body_range((b"\x30" + encoded)[:cut], 0) is None for cut in range(1, len(encoded)))


def test_lengths_that_are_none() -> None:
    with pytest.raises(PacketError):
        body_range(b"\x30\xff\xff\xff\xff\x01", 0)
    for padded in (b"\xc0\x80\x00", b"\x30\x85\x80\x00"):
        with pytest.raises(PacketError):
            body_range(padded, 0)
    for value in (-1, VARINT_MAX + 1):
        with pytest.raises(ValueError, match="does not fit"):
            varint(value)
    with pytest.raises(ValueError, match="65,535"):
        encode(Publish("a" * 65_536, b""), V311)


def test_a_packet_full_of_properties_takes_no_longer_than_its_size() -> None:
    """In time that grows by the square, this test would not end before its time is out."""
    pairs = (("", ""),) * 200_000
    packet = Publish("a", b"", properties={Property.USER_PROPERTY: pairs})
    assert decode(*split(encode(packet, V5).hex()), V5) == packet


def test_a_password_is_in_no_log() -> None:
    assert "secret" not in repr(Connect("a", username="u", password=b"secret"))
