"""People who talk by the SDK."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from parley_client import Client, Event
from parley_protocol.payloads import Entry

PASSWORD = "a long enough password"
_SECONDS = 30
_T = TypeVar("_T", bound=Event)


class Person:
    """Somebody with one device, who looks at what comes."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name
        self._events = aiter(client)

    @property
    def uid(self) -> str:
        return self.client.uid

    async def next(self, kind: type[_T]) -> _T:
        """Wait for the next event of a kind; others are passed over."""
        async with asyncio.timeout(_SECONDS):
            while not isinstance(event := await anext(self._events), kind):
                pass
        return event

    async def texts(self, count: int) -> list[str]:
        """Wait for so many messages."""
        found: list[str] = []
        while len(found) < count:
            entry = await self.next(Entry)
            if entry.type != "system":
                found.append(entry.text)
        return found

    async def say(self, cid: str, text: str) -> int:
        async with asyncio.timeout(_SECONDS):
            return await (await self.client.send(cid, text)).stored()


People = Callable[[str], Awaitable[Person]]
"""Makes somebody new, who is connected."""
