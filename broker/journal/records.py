"""Records and their frames. Pure.

A frame is the length and the CRC-32 of a body, four bytes each, and the body in MessagePack.
"""

import zlib
from collections.abc import Iterator
from struct import Struct as Layout
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

_HEAD = Layout(">II")

Key: TypeAlias = tuple[str | int, ...]
"""What a record is about: a later one with the same key replaces it."""


class Stored(Struct, array_like=True, tag="m"):
    """A message that waits for receivers. ``properties`` are pairs of number and value.

    One that came at QoS 2 bears its sender's client id and its packet id in ``origin``.
    """

    number: int
    field: bytes
    payload: bytes
    qos: int
    born: float
    expires_at: float | None
    properties: dict[int, Any]
    receivers: list[str]
    origin: tuple[str, int] | None = None


class Arrived(Struct, array_like=True, tag="a"):
    """A receiver has a message."""

    number: int
    client_id: str


class Done(Struct, array_like=True, tag="d"):
    """Nobody waits for a message any more."""

    number: int


class Sent(Struct, array_like=True, tag="o"):
    """A stored message is sent at QoS 2 by a packet id; with ``number`` 0, it has arrived."""

    client_id: str
    packet_id: int
    number: int


class SentComplete(Struct, array_like=True, tag="p"):
    """A packet id by which a client was sent something is free."""

    client_id: str
    packet_id: int


class Received(Struct, array_like=True, tag="i"):
    """A client has sent something at QoS 2 by a packet id, and will release it."""

    client_id: str
    packet_id: int


class ReceivedComplete(Struct, array_like=True, tag="j"):
    """A packet id by which a client has sent something is free."""

    client_id: str
    packet_id: int


class SessionKept(Struct, array_like=True, tag="s"):
    """A session: seconds of its life after a connection, and grants by filter."""

    client_id: str
    expiry: int
    grants: dict[str, tuple[int, bool, bool, int]]
    is_service: bool = False


class SessionEnded(Struct, array_like=True, tag="e"):
    """A session is over."""

    client_id: str


class RetainedKept(Struct, array_like=True, tag="r"):
    """A retained message; an empty payload takes it away."""

    field: bytes
    payload: bytes
    qos: int
    born: float
    expires_at: float | None
    properties: dict[int, Any]


Record: TypeAlias = (
    Stored
    | Arrived
    | Done
    | Sent
    | SentComplete
    | Received
    | ReceivedComplete
    | SessionKept
    | SessionEnded
    | RetainedKept
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


def frame(record: Record) -> bytes:
    """Write a record."""
    body = _encode(record)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def unframe(data: bytes) -> Iterator[tuple[Record, int]]:
    """Read records, each with the offset of its end; stop at the first that is not whole."""
    at = 0
    while at + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, at)
        begin, end = at + _HEAD.size, at + _HEAD.size + length
        body = data[begin:end]
        if len(body) < length or zlib.crc32(body) != checksum:
            return
        try:
            record = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        yield record, end
        at = end
