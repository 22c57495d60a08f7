"""Where requests are counted in memory: as ``limits`` does it, but without a thread to clean up."""

import threading
import time

from limits.storage import Storage

_SWEEP_EVERY = 4096


class ProcessStorage(Storage):
    """Counts within fixed windows, for one process; ``process://`` names it."""

    STORAGE_SCHEME = ["process"]  # noqa: RUF012 - the library's form

    def __init__(self, uri: str | None = None, *, wrap_exceptions: bool = False) -> None:
        super().__init__(uri, wrap_exceptions)
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}
        self._hits = 0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Give what counting may raise, which is nothing."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and give the sum of the window; a new one begins where the last is over."""
        now = time.time()
        with self._lock:
            end, count = self._windows.get(key, (0.0, 0))
            if end <= now:
                end, count = now + expiry, 0
            self._windows[key] = end, count + amount
            self._hits += 1
            if self._hits % _SWEEP_EVERY == 0:
                self._windows = {
                    k: window for k, window in self._windows.items() if window[0] > now
                }
        return count + amount

    def get(self, key: str) -> int:
        """Give the sum of the window."""
        end, count = self._windows.get(key, (0.0, 0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """Give when the window ends, in seconds since 1970."""
        return max(self._windows.get(key, (0.0, 0))[0], time.time())

    def check(self) -> bool:
        """Tell that memory is there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        with self._lock:
            count, self._windows = len(self._windows), {}
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        with self._lock:
            self._windows.pop(key, None)
