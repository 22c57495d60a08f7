"""``python -m bench.broker.storm PORT DATA COUNT QUEUED``: everybody comes back at once.

People log in with tokens and leave; messages wait for them; then all connect again at once, and
the time is taken until each has what waited.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvloop

from bench.broker.client import Client, connect
from config import keys
from mqtt.packets import Connect
from parley_protocol import tokens, topics
from parley_protocol.ids import client_id, new_id

_AT_ONCE = 500
_PAYLOAD = 200


class People:
    """Devices with tokens, signed before anything is measured."""

    def __init__(self, port: int, data: Path, count: int) -> None:
        self._port = port
        self._key = keys.signing_key(data)
        self._bridge = keys.bridge_token(data)
        self.uids = [new_id() for _ in range(count)]
        self._connects = [self._connect(uid) for uid in self.uids]

    async def come(self, *, subscribe: bool = False) -> list[Client]:
        """Log in, as many at once as a system lets wait."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(packet: Connect) -> Client:
            async with room:
                client = await connect(self._port, packet, lambda *_: None)
                if subscribe:
                    await client.subscribe(topics.inbox(packet.username or ""))
                return client

        return await asyncio.gather(*map(one, self._connects))

    async def fill(self, each: int) -> None:
        """Send everybody so many messages, by the service that may."""
        claims = tokens.verify(self._key.public_key(), self._bridge, now=int(time.time()))
        packet = Connect(
            claims.client_id, username=claims.sub, password=self._bridge.encode(), keep_alive=600
        )
        service = await connect(self._port, packet, lambda *_: None)
        service.publish_each(self._messages(each), 500)
        await service.until_acknowledged()
        service.close()

    def _messages(self, each: int) -> Iterator[tuple[str, bytes]]:
        for _ in range(each):
            for uid in self.uids:
                yield topics.inbox(uid), bytes(_PAYLOAD)

    def _connect(self, uid: str) -> Connect:
        device, now = new_id(), int(time.time())
        token = tokens.issue(
            self._key, sub=uid, device=device, scope="device", now=now, seconds=3600
        )
        return Connect(
            client_id(uid, device),
            clean_start=False,
            keep_alive=600,
            username=uid,
            password=token.encode(),
        )


async def main(port: int, data: Path, count: int, queued: int) -> None:
    """Come, leave, and come back."""
    people = People(port, data, count)
    begun = time.monotonic()
    clients = await people.come()
    rate = count / (time.monotonic() - begun)
    _leave(clients)
    _leave(await people.come(subscribe=True))
    await people.fill(queued)
    begun = time.monotonic()
    clients = await people.come()
    for client in clients:
        await client.until_received(queued)
    seconds = time.monotonic() - begun
    figures = {"connects_per_second": round(rate), "storm_seconds": round(seconds, 2)}
    print(msgspec.json.encode(figures).decode())  # noqa: T201 - its purpose


def _leave(clients: list[Client]) -> None:
    for client in clients:
        client.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
