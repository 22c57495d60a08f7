"""What must hold for any bytes. Each target takes bytes and raises where it does not hold."""

import functools
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.core.access import Anyone, Rules
from broker.core.core import Core
from broker.core.limits import Limits
from broker.core.link import Link
from broker.journal.records import frame, unframe
from broker.native.rules import TokenRules
from broker.net.turn import Turn
from broker.net.websocket import WebSocketConnection
from mqtt.codes import V5, V311, Property
from mqtt.decode import decode as decode_packet
from mqtt.encode import encode
from mqtt.errors import PacketError
from mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Packet,
    Publish,
    Subscribe,
    Subscription,
    Will,
)
from mqtt.wire import body_range
from parley_protocol import tokens
from parley_protocol.ids import client_id

_LIMITS = Limits(
    inflight=5,
    receive_maximum=5,
    queue_messages=5,
    queue_bytes=10_000,
    write_buffer=20_000,
    connect_bytes=500,
    packet_bytes=1_000,
    subscriptions=5,
    topic_levels=5,
)
_CLIENTS_MAX = 4
_KEY = Ed25519PrivateKey.generate()
_UID, _DEVICE = "0" * 32, "1" * 32
_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


def decode(data: bytes) -> None:
    """A packet's body, whose version and first byte stand before it: a packet, or an error."""
    if len(data) < 2:
        return
    version = V5 if data[0] & 1 else V311
    try:
        packet = decode_packet(data[1], data[2:], version)
    except PacketError:
        return
    again = encode(packet, version)
    begin, _ = body_range(again, 0) or (0, 0)
    assert decode_packet(again[0], again[begin:], version) == packet


def session(data: bytes) -> None:
    """A stream behind a good CONNECT; its first two bytes say whose and how it is cut."""
    if len(data) < 2:
        return
    settings, size, stream = data[0], data[1], data[2:]
    version = V5 if settings & 1 else V311
    rules: Rules = TokenRules(_KEY.public_key()) if settings & 2 else Anyone()
    core = _core(rules)
    link = _connected(core, "ada", version, scope="service" if settings & 4 else "device")
    if settings & 8 and not settings & 2:
        _connected(core, "bob", V5).feed(encode(Subscribe(1, (Subscription("#", 2),)), V5))
        link.feed(encode(Subscribe(1, (Subscription("#", 2), Subscription("a/+", 1))), version))
        link.take_out()
    _feed(link, stream, size)
    _check(link, version, was_connected=True)
    core.now += 100
    core.tick()
    link.lost()
    _check_core(core)


def stranger(data: bytes) -> None:
    """A stream of somebody who is not connected; its first byte says how it is cut."""
    if not data:
        return
    core = _core(Anyone())
    link = Link(core)
    _feed(link, data[1:], data[0])
    _check(link, link.version, was_connected=False)
    core.now += 100
    core.tick()
    link.lost()
    _check_core(core)


def websocket(data: bytes) -> None:
    """A stream over WebSocket. The first byte says what is put around it, the second the cuts."""
    if len(data) < 2:
        return
    core = _core(Anyone())
    turn = _StillTurn(core)
    connection, socket = WebSocketConnection(turn), _Socket()
    connection.connection_made(socket)  # type: ignore[arg-type]
    settings, size, stream = data[0], data[1], data[2:]
    if settings & 1:
        connection.data_received(_HANDSHAKE)
    if settings & 2:
        stream = b"".join(_frames(stream, settings >> 2))
        size = 0
    for chunk in _cut(stream, size):
        connection.data_received(chunk)
        turn.flush()
    assert len(connection.protocol.reader.buffer) <= 2 * _LIMITS.packet_bytes + 10_000
    connection.connection_lost(None)
    turn.flush()
    _check_core(core)


def journal(data: bytes) -> None:
    """What may stand in a journal's file: whole records, up to the first that is none."""
    for written in (data, *_framed(data)):
        end = 0
        for record, record_end in unframe(written):
            assert end < record_end <= len(written)
            assert list(unframe(frame(record))) == [(record, len(frame(record)))]
            end = record_end


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (decode, session, stranger, websocket, journal)
}


def _core(rules: Rules) -> Core:
    core = Core(_LIMITS, rules)
    core.now = 1_000.0
    return core


def _connected(core: Core, name: str, version: int, scope: tokens.Scope = "device") -> Link:
    """Connect somebody with a will and a session that stays, by a token where one is needed."""
    uid = "bridge" if scope == "service" else _UID
    lasting = {Property.SESSION_EXPIRY_INTERVAL: 60} if version == V5 else {}
    is_open = isinstance(core.rules, Anyone)
    connect = Connect(
        name if is_open else client_id(uid, _DEVICE),
        version,
        clean_start=False,
        username=uid,
        password=_token(uid, scope),
        will=Will("a/will", b"bye", 1) if is_open else None,
        properties={Property.TOPIC_ALIAS_MAXIMUM: 2, **lasting} if version == V5 else {},
    )
    link = Link(core)
    link.feed(encode(connect, version))
    assert link.session is not None
    link.take_out()
    return link


@functools.cache
def _token(uid: str, scope: tokens.Scope) -> bytes:
    return tokens.issue(
        _KEY, sub=uid, device=_DEVICE, scope=scope, now=1_000, seconds=1_000
    ).encode()


def _cut(stream: bytes, size: int) -> Iterator[bytes]:
    step = size or max(1, len(stream))
    for at in range(0, len(stream), step):
        yield stream[at : at + step]


def _feed(link: Link, stream: bytes, size: int) -> None:
    for chunk in _cut(stream, size):
        link.feed(chunk)
        link.sent()
        assert len(link.pending or b"") <= _LIMITS.packet_bytes + 5
    link.feed(b"")


def _check(link: Link, version: int, *, was_connected: bool) -> None:
    """What was said is MQTT; a connection that is over says why, and is forgotten."""
    said = list(_packets(link.take_out(), version))
    assert all(not isinstance(packet, Connect | Subscribe) for packet in said)
    assert not any(isinstance(packet, Disconnect) for packet in said[:-1])
    is_in = was_connected or any(isinstance(p, Connack) and not p.reason for p in said)
    if link.is_closing:
        assert link.session is None
        assert link not in link.core.links
        assert link.pending is None
    elif is_in:
        _check_session(link)
    if not is_in:
        assert all(isinstance(packet, Connack) for packet in said)


def _check_session(link: Link) -> None:
    session: Any = link.session
    assert len(session.inflight) + len(session.released or ()) <= _LIMITS.inflight
    assert len(session.queue or ()) <= _LIMITS.queue_messages
    assert len(session.subscriptions) <= _LIMITS.subscriptions
    assert 0 <= link.unconfirmed <= max(link.receive_most, 0)


def _check_core(core: Core) -> None:
    """Everybody else is served as before, and nobody is forgotten or counted twice."""
    core.rules = Anyone()
    reader, writer = _connected(core, "reader", V5), _connected(core, "writer", V311)
    reader.feed(encode(Subscribe(9, (Subscription("b/last", 0),)), V5))
    writer.feed(encode(Publish("b/last", b"still here"), V311))
    assert b"still here" in reader.take_out()
    assert core.counts.connected == sum(link.session is not None for link in core.links)
    assert len(core.sessions) <= _CLIENTS_MAX


def _packets(data: bytes, version: int) -> Iterator[Packet]:
    at = 0
    while at < len(data):
        begin, end = body_range(data, at) or (0, 0)
        yield decode_packet(data[at], data[begin:end], version)
        at = end


def _frames(stream: bytes, kinds: int) -> Iterator[bytes]:
    """Put each piece, its length before it, into a frame of the kind that its length's bits say."""
    at = 0
    while at < len(stream):
        kind, length = stream[at], stream[at] >> 3
        opcode = (2, 2, 2, 0, 9, 8, 1, 10)[kind & 7 ^ kinds & 7]
        payload = stream[at + 1 : at + 1 + length]
        fin = 0x00 if kinds & 8 else 0x80
        yield bytes((fin | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload
        at += 1 + length


def _framed(data: bytes) -> Iterator[bytes]:
    yield len(data).to_bytes(4) + zlib.crc32(data).to_bytes(4) + data


class _Socket:
    """A transport that takes everything."""

    def __init__(self) -> None:
        self.is_closed = False

    def set_write_buffer_limits(self, _high: int) -> None: ...

    def write(self, data: bytes) -> None:
        assert data
        assert not self.is_closed

    def abort(self) -> None:
        self.is_closed = True


class _StillTurn(Turn):
    """Ends when it is told so; there is no event loop."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def begin(self) -> None: ...

    def flush(self) -> None:
        while self.core.dirty:
            dirty, self.core.dirty = self.core.dirty, []
            for link in dirty:
                if isinstance(link, WebSocketConnection):
                    link.flush()

    def close(self, transport: Any) -> None:
        transport.abort()
