"""The event loop's turns: what connections write within one is sent at its end, in one piece."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from broker.core.core import Core
from broker.core.figures import Figures
from broker.net.report import Report

_LINGER_SECONDS = 2.0
_TICK_SECONDS = 1.0
_TELL_EVERY = 10


class Turn:
    """Keeps the core's clock, flushes its links, and ticks."""

    def __init__(
        self, core: Core, figures: Figures, clock: Callable[[], float] = time.time
    ) -> None:
        self.core = core
        self.figures = figures
        self._clock = clock
        self._report = Report(core)
        self._loop = asyncio.get_running_loop()
        self._is_due = False
        self._ticks = 0
        self._saving: asyncio.TimerHandle | None = None
        self._ticking: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Set the clock, and see that the turn has an end."""
        self.core.now = self._clock()
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what was written."""
        self._is_due = False
        core, sent = self.core, 0
        dirty, core.dirty = core.dirty, []
        for link in dirty:
            sent += link.flush()
        core.counts.sent_bytes += sent
        if core.dirty:
            self.begin()
        if core.unsafe and self._saving is None:
            self._saving = self._loop.call_later(core.limits.safe_seconds, self._save)

    def close(self, transport: asyncio.Transport) -> None:
        """Close a connection: what was written goes out, unless the peer does not take it.

        This side is closed first, and the peer left to close the other. Were both closed at once,
        what the peer is just sending would make its system throw our last words away.
        """
        if transport.is_closing():
            return
        if transport.can_write_eof():
            with suppress(OSError):  # the peer may be gone by now
                transport.write_eof()
        else:
            transport.close()
        self._loop.call_later(_LINGER_SECONDS, transport.abort)

    def start(self) -> None:
        """Tick from now on."""
        self._tick()

    def stop(self) -> None:
        """Tick no more, and tell what there is to tell."""
        for timer in (self._ticking, self._saving):
            if timer is not None:
                timer.cancel()
        self._report.tell()

    def _save(self) -> None:
        self._saving = None
        self.begin()
        self.core.save_unsafe()

    def _tick(self) -> None:
        self.begin()
        self.core.tick()
        self.figures.tick()
        if self._ticks % _TELL_EVERY == 0:
            self.figures.publish()
            self._report.tell()
        self._ticks += 1
        self._ticking = self._loop.call_later(_TICK_SECONDS, self._tick)
