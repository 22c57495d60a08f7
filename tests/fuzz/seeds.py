"""Where a fuzzer begins: packets of every kind, and those that are known to be broken."""

import functools
from collections.abc import Iterator
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broker.journal.records import frame
from mqtt.codes import V5, V311
from mqtt.encode import encode
from mqtt.packets import Connect
from tests.unit.broker.journal.test_log import records
from tests.unit.mqtt.packets import versioned
from tests.unit.mqtt.test_codec import BROKEN, KNOWN

_COUNT = 300
_T = TypeVar("_T")


def seeds(target: str) -> Iterator[bytes]:
    """Give inputs of a target; see ``targets`` for what stands at their beginning."""
    if target == "journal":
        yield from map(frame, _examples(records))
        return
    for version, data in _streams():
        head = bytes((version == V5,))
        if target == "decode":
            yield head + data[:1] + data[2:]
        elif target == "session":
            for rules in (0, 2, 4, 8):
                yield bytes((head[0] | rules, 0)) + data
        elif target == "stranger":
            yield b"\0" + data
            yield b"\0" + encode(Connect("ada", version), version) + data
        else:
            yield b"\1\0" + data
            yield b"\3\0" + bytes((min(31, len(data)) << 3,)) + data


def _streams() -> Iterator[tuple[int, bytes]]:
    for text, version, _ in (*KNOWN, *BROKEN):
        yield version, bytes.fromhex(text.replace(" ", ""))
    for version, packet in _examples(versioned):
        yield version, encode(packet, version)
    for version in (V311, V5):
        ours = [found for of, found in _examples(versioned) if of == version]
        yield version, b"".join(encode(found, version) for found in ours)


@functools.cache
def _examples(strategy: st.SearchStrategy[_T]) -> list[_T]:
    found: list[_T] = []

    @settings(
        max_examples=_COUNT,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def collect(example: _T) -> None:
        found.append(example)

    collect()
    return found
