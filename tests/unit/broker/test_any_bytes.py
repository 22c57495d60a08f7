"""No bytes break the broker, whoever sends them and however they are cut."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqtt.codes import V5
from mqtt.encode import encode
from tests.fuzz.targets import TARGETS
from tests.unit.mqtt.packets import any_packet, versions


@pytest.mark.parametrize("target", TARGETS)
@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target](data)


@st.composite
def streams(draw: st.DrawFn) -> tuple[int, bytearray]:
    """Packets of one version behind each other, with a few bytes changed, or none."""
    version = draw(versions)
    packets = draw(st.lists(any_packet(version), min_size=1, max_size=3))
    stream = bytearray(b"".join(encode(packet, version) for packet in packets))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3)):
        if at < len(stream):
            stream[at] = byte
    return version, stream


@pytest.mark.parametrize("target", ["session", "stranger", "websocket"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(streams=streams(), first=st.integers(0, 15), size=st.sampled_from([0, 1, 2, 7]))
def test_any_packets(target: str, streams: tuple[int, bytearray], first: int, size: int) -> None:
    version, stream = streams
    if target == "stranger":
        TARGETS[target](bytes((size,)) + stream)
    else:
        TARGETS[target](bytes((first & ~1 | (version == V5), size)) + stream)
