"""One nick of the log: an account, its device, and everything that this device receives."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path

from parley.replay.insist import insist
from parley_client import ApiError, Client
from parley_protocol.payloads import Entry


class Person:
    """A device that can be switched on and off; ``received`` lasts over that, as a user's would."""

    def __init__(self, nick: str, account: str, server: str, folder: Path) -> None:
        self.nick = nick
        self.account = account
        self.uid = ""
        self.received: list[Entry] = []
        self._server = server
        self._store = folder / f"{account}.db"
        self._client: Client | None = None
        self._listener: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    @property
    def client(self) -> Client:
        """The client of a device that is switched on."""
        if self._client is None:
            raise RuntimeError("the device is switched off")
        return self._client

    async def sign_up(self, password: str) -> None:
        """Make the account."""
        async with Client(self._server, store=self._store) as client:
            await insist(partial(self._enter, client, password))
            self.uid = client.uid

    async def switch_on(self) -> None:
        """Connect, and listen until the device is switched off."""
        self._client = await Client(self._server, store=self._store).__aenter__()
        self._listener = asyncio.create_task(self._listen(self._client))

    async def switch_off(self) -> None:
        """Disconnect; the broker keeps the session."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        if self._client is not None:
            await self._client.__aexit__(None, None, None)
        self._client = self._listener = None

    async def has_received(self, count: int) -> None:
        """Wait until that many entries have come."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)

    async def find_or_make_group(self, name: str, uids: list[str]) -> str:
        """Give the person's group of that name, made where there is none yet."""
        async for conversation in self.client.conversations():
            if conversation.name == name:
                return conversation.cid
        return await self.client.group(name, uids)

    async def _enter(self, client: Client, password: str) -> None:
        try:
            await client.sign_up(self.account, password, self.nick)
        except ApiError as error:
            if error.problem.code != "name_taken":
                raise
            # An earlier attempt, whose answer was lost, has made the account.
            await client.login(self.account, password)

    async def _listen(self, client: Client) -> None:
        async for event in client:
            if isinstance(event, Entry):
                self.received.append(event)
                async with self._news:
                    self._news.notify_all()
