"""Loops beside each other."""

import threading

import pytest

from keeper.service import work


class Patient:
    """Waits until it is stopped."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.stopping = threading.Event()

    def run(self) -> None:
        self.begun.set()
        assert self.stopping.wait(30)

    def stop(self) -> None:
        self.stopping.set()


class Failing(Patient):
    """Ends with an error while the other works."""

    def __init__(self, other: Patient) -> None:
        super().__init__()
        self._other = other

    def run(self) -> None:
        assert self._other.begun.wait(30)
        raise ValueError("not thought of")


def test_loops_work_at_once_and_end_together() -> None:
    loops = [Patient(), Patient()]
    working = threading.Thread(target=work, args=(loops,))
    working.start()
    for loop in loops:
        assert loop.begun.wait(30)
    for loop in loops:
        loop.stop()
    working.join(30)
    assert not working.is_alive()


def test_where_one_fails_the_others_are_stopped_and_its_error_is_raised() -> None:
    patient = Patient()
    with pytest.raises(ValueError, match="not thought of"):
        work([patient, Failing(patient)])
    assert patient.stopping.is_set()
