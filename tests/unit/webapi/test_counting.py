"""Counting requests in memory."""

import pytest

from webapi.counting import ProcessStorage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as a list of one."""
    now = [1000.0]
    monkeypatch.setattr("webapi.counting.time.time", lambda: now[0])
    return now


def test_a_window_ends_and_another_begins(clock: list[float]) -> None:
    storage = ProcessStorage()
    assert [storage.incr("a", 60), storage.incr("a", 60, 2), storage.incr("b", 60)] == [1, 3, 1]
    clock[0] += 59
    assert (storage.get("a"), storage.get_expiry("a")) == (3, 1060)
    clock[0] += 1
    assert storage.get("a") == 0
    assert storage.incr("a", 60) == 1
    assert storage.get_expiry("a") == 1120


def test_what_is_over_takes_no_memory(clock: list[float]) -> None:
    storage = ProcessStorage()
    for number in range(5000):
        storage.incr(str(number), 1)
    clock[0] += 1
    for _ in range(5000):
        storage.incr("one", 60)
    assert storage.reset() == 1
