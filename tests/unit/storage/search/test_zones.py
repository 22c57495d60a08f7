"""Zones: full, apart, and few of them for the newest messages, in any order of indexing."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search import zones
from storage.search.zones import BITS, FOREVER, Allotment, Zone

_SIZE = 64


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zones, "SIZE", _SIZE)


def index(times: list[int], portion: int) -> tuple[dict[int, Zone], list[int]]:
    """Number messages portion by portion, as a store does; give the zones and the numbers."""
    stored: dict[int, Zone] = {}
    numbers = []
    for at in range(0, len(times), portion):
        room = [zone for zone in stored.values() if zone.size < _SIZE]
        allotment = Allotment(room, len(stored))
        numbers += [allotment.number(time) for time in times[at : at + portion]]
        stored |= allotment.changed
    return stored, numbers


@given(times=st.lists(st.integers(0, 100) | st.integers(0, FOREVER - 1), max_size=400))
def test_every_message_has_a_number_of_its_own_in_a_zone_of_its_time(times: list[int]) -> None:
    stored, numbers = index(times, 30)
    assert len(set(numbers)) == len(times)
    for number, time in zip(numbers, times, strict=True):
        zone = stored[number >> BITS]
        assert zone.since <= zone.oldest <= time <= zone.newest < zone.until
        assert number & ((1 << BITS) - 1) < zone.size <= _SIZE
    room = sorted((z.since, z.until) for z in stored.values() if z.size < _SIZE)
    if room:
        assert (room[0][0], room[-1][1]) == (0, FOREVER)
        assert all(before[1] == after[0] for before, after in pairwise(room))


@pytest.mark.parametrize("order", ["rising", "falling", "by conversation", "random"])
def test_few_zones_hold_the_newest(order: str) -> None:
    count = 100 * _SIZE
    times = list(range(count))
    if order == "falling":
        times.reverse()
    elif order == "by conversation":
        times.sort(key=lambda time: (time % 50, time))
    elif order == "random":
        random.Random(1).shuffle(times)
    stored, _ = index(times, 200)
    newest = [zone for zone in stored.values() if zone.newest >= count - _SIZE // 2]
    assert len(newest) <= 12
    assert sum(zone.size > 0 for zone in stored.values()) <= 3 * count / _SIZE
