"""How long to wait before a service that has died is started again. Pure."""


class Backoff:
    """Pauses in seconds that double with each quick death, and begin anew after a long life."""

    def __init__(self, first: float = 0.2, most: float = 10.0, long_life: float = 10.0) -> None:
        self._first, self._most, self._long_life = first, most, long_life
        self._next = first

    def pause(self, lived: float) -> float:
        """Give the pause after a life of ``lived`` seconds."""
        if lived >= self._long_life:
            self._next = self._first
        pause, self._next = self._next, min(2 * self._next, self._most)
        return pause
