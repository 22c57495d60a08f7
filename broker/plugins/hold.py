"""Holding packets back before the link, so that each can take its time."""

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any

from broker.net.connection import Connection
from broker.net.turn import Turn
from mqtt.errors import PacketError
from mqtt.wire import body_range


class Hold(Connection):
    """A connection that takes one packet after the other, in order, each by a coroutine.

    While it does, nothing more is read. ``is_aside`` says that the rest needs no holding back.
    """

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn)
        self.is_aside = False
        self._waiting = bytearray()
        self._taking: asyncio.Task[None] | None = None
        self._is_lost = False

    @abstractmethod
    async def take(self, data: bytes) -> None:
        """Take a packet, or what cannot be one; mostly to ``pass_on``."""

    @abstractmethod
    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that somebody looks after."""

    def pass_on(self, data: bytes) -> None:
        """Give bytes to the link."""
        self.turn.begin()
        super().feed(data)

    def feed(self, data: bytes) -> None:
        if self._taking is None and self.is_aside:
            super().feed(data)
        elif not self.is_closing:
            if self.session is not None:
                self.heard = self.core.now
            self._waiting += data
            if self._taking is None:
                self._read(is_reading=False)
                self._taking = self.begin(self._take_all())

    def lost(self) -> None:
        if self._taking is None or (self.transport is None and self.session is None):
            super().lost()
        else:
            # What came before the end is taken first: a DISCONNECT may be among it.
            self._is_lost = True

    def tick(self, seconds: float) -> None:
        if self._taking is not None and self.session is not None:
            # It is not the client who is silent.
            self.heard = self.core.now
        super().tick(seconds)

    async def _take_all(self) -> None:
        try:
            while not self.is_closing and (data := self._cut()):
                await self.take(data)
        except BaseException:
            self.leave(is_normal=False)
            raise
        finally:
            self._taking = None
        if self._is_lost:
            self.turn.begin()
            self.lost()
        self._read(is_reading=True)

    def _read(self, *, is_reading: bool) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading() if is_reading else self.transport.pause_reading()

    def _cut(self) -> bytes:
        """Cut off the first packet; nothing where it is not all there yet."""
        end = len(self._waiting) if self.is_aside else self._end_of_first()
        data = bytes(self._waiting[:end])
        del self._waiting[:end]
        return data

    def _end_of_first(self) -> int:
        everything, limits = len(self._waiting), self.core.limits
        try:
            found = body_range(self._waiting, 0)
        except PacketError:
            return everything
        if found is None:
            return 0
        end = found[1]
        if end <= everything:
            return end
        # The link refuses what is too large as soon as its length is known.
        most = limits.connect_bytes if self.session is None else limits.packet_bytes
        return everything if end > most else 0
