"""Pauses between attempts: exponential, with full jitter, so that a crowd does not come at once."""

import random


class Backoff:
    """Pauses in seconds: each is drawn from 0 to a bound that doubles up to ``most``."""

    def __init__(self, first: float = 0.2, most: float = 30.0) -> None:
        self._first, self._most = first, most
        self._bound = first

    def pause(self) -> float:
        """Give the next pause."""
        bound, self._bound = self._bound, min(2 * self._bound, self._most)
        return random.uniform(0, bound)  # noqa: S311 - spread, not secrecy

    def reset(self) -> None:
        """Begin anew after a success."""
        self._bound = self._first
