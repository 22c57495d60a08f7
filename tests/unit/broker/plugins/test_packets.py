"""Packets in amqtt's form."""

import asyncio
from itertools import starmap

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.plugins.packets import as_amqtt, packets_of
from mqtt.codes import V5, V311
from mqtt.encode import encode
from mqtt.packets import Auth, Connect, Packet
from tests.unit.mqtt.packets import any_packet, versioned


@given(versioned)
def test_amqtt_reads_a_packet_as_it_is_without_properties(versioned: tuple[int, Packet]) -> None:
    _, packet = versioned
    found = asyncio.run(as_amqtt(packet))
    if isinstance(packet, Auth):
        assert found is None
        return
    assert found is not None
    if isinstance(packet, Connect):
        # What it writes again differs: amqtt fills in client ids, and reads passwords as UTF-8.
        assert type(found).__name__ == "ConnectPacket"
    else:
        assert found.to_bytes() == encode(packet, V311)


@settings(max_examples=30)
@given(st.sampled_from([V311, V5]), st.data())
def test_what_is_written_in_one_piece_is_told_packet_by_packet(
    version: int, data: st.DataObject
) -> None:
    packets = data.draw(st.lists(any_packet(version), max_size=3))
    pairs = [(packet, version) for packet in packets if not isinstance(packet, Connect)]
    assert list(packets_of(b"".join(starmap(encode, pairs)), version)) == [p for p, _ in pairs]
