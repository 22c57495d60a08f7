"""Pauses between attempts."""

from parley_client.backoff import Backoff


def test_pauses_stay_below_a_doubling_bound() -> None:
    backoff = Backoff(first=1, most=8)
    for bound in (1, 2, 4, 8, 8):
        assert 0 <= backoff.pause() <= bound
    backoff.reset()
    assert backoff.pause() <= 1


def test_a_crowd_is_spread() -> None:
    assert len({Backoff().pause() for _ in range(100)}) > 90
