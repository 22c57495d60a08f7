"""Packets in the form that amqtt's plugins know, which is that of 3.1.1."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.mqtt import packet_dict
from amqtt.mqtt.packet import MQTTPacket

from mqtt.codes import V311
from mqtt.decode import decode
from mqtt.encode import encode
from mqtt.packets import Auth, Connect, Packet
from mqtt.wire import body_range


async def as_amqtt(packet: Packet) -> MQTTPacket[Any, Any, Any] | None:
    """Give a packet without its properties; none where 3.1.1 has no such packet."""
    if isinstance(packet, Auth):
        return None
    if isinstance(packet, Connect):
        packet = replace(packet, version=V311)
    data = encode(packet, V311)
    return await packet_dict[data[0] >> 4].from_stream(BufferReader(data))


def packets_of(data: bytes, version: int) -> Iterator[Packet]:
    """Give the packets that bytes written for a client consist of."""
    end = 0
    while end < len(data):
        first = data[end]
        body, end = body_range(data, end) or (0, len(data))
        yield decode(first, data[body:end], version)
