"""Bytes from a broker become packets, however the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.stream import Received, Stream
from mqtt.codes import V311, Reason, Type
from mqtt.encode import encode
from mqtt.errors import PacketError
from mqtt.packets import Ack, Connack, Packet, Ping, Publish, Suback

topics = st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1, max_size=40)
ids = st.integers(1, 65_535)
packets = st.one_of(
    st.builds(Publish, topics, st.binary(max_size=300), st.just(1), ids, dup=st.booleans()),
    st.builds(Publish, topics, st.binary(max_size=300)),
    st.builds(Ack, st.just(Type.PUBACK), ids),
    st.builds(Suback, st.just(Type.SUBACK), ids, st.just((Reason.GRANTED_QOS_1,))),
    st.just(Connack(session_present=True)),
    st.just(Ping(Type.PINGRESP)),
)


@given(sent=st.lists(packets), cuts=st.lists(st.integers(0, 3_000)))
def test_packets_are_found_wherever_the_stream_is_cut(sent: list[Packet], cuts: list[int]) -> None:
    stream, data = Stream(7), b"".join(encode(packet, V311) for packet in sent)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for begin, end in pairwise(places):
        stream.feed(data[begin:end])
    publishes = [packet for packet in sent if isinstance(packet, Publish)]
    assert stream.publishes == [
        Received(packet.topic, packet.payload, 7, packet.packet_id) for packet in publishes
    ]
    assert stream.confirmed == [p.packet_id for p in sent if isinstance(p, Ack)]
    assert stream.others == [p for p in sent if not isinstance(p, Publish | Ack)]


@given(st.binary())
def test_no_bytes_do_more_than_end_the_connection(data: bytes) -> None:
    stream = Stream(1)
    try:
        stream.feed(data)
    except PacketError:
        return
    found = len(stream.publishes) + len(stream.confirmed) + len(stream.others)
    assert found <= len(data) // 2


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\5abc", b"\0\3abc\1", b"\0\1\xff\0\1"])
def test_a_broken_publish_is_none(body: bytes) -> None:
    with pytest.raises(PacketError):
        Stream(1).feed(bytes((0x32, len(body))) + body)
