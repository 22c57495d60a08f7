"""Loads as a chat makes them, and what came of them."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
import uvloop

from bench.broker.client import Client, connect
from mqtt.packets import Connect

_WARM_UP_SECONDS = 0.5
_PAYLOAD = 200
_GROUPS, _MEMBERS = 5, 100


class Figures(msgspec.Struct):
    """What a run gave: deliveries a second, and latency in milliseconds."""

    per_second: float
    median_ms: float
    p99_ms: float


@dataclass
class Meter:
    """Takes the latency of messages that bear the time."""

    latencies: list[int] = field(default_factory=list)

    def stamped(self, data: bytes, at: int) -> None:
        self.latencies.append(time.monotonic_ns() - int.from_bytes(data[at + 1 : at + 8]))


@dataclass
class Load:
    """Clients that are connected, and what they measure."""

    port: int
    meter: Meter
    clients: list[Client] = field(default_factory=list)

    async def client(self, name: str) -> Client:
        packet = Connect(f"bench-{name}", clean_start=False, keep_alive=600)
        client = await connect(self.port, packet, self.meter.stamped)
        self.clients.append(client)
        return client

    async def measure(self, seconds: float) -> Figures:
        """Let it run, and stop."""
        await asyncio.sleep(_WARM_UP_SECONDS)
        self.meter.latencies, before = [], self._received()
        begun = time.monotonic()
        await asyncio.sleep(seconds)
        took, count = time.monotonic() - begun, self._received() - before
        latencies = sorted(self.meter.latencies) or [0]
        for client in self.clients:
            client.stop()
        await asyncio.sleep(0.1)
        for client in self.clients:
            client.close()
        return Figures(
            round(count / took),
            round(latencies[len(latencies) // 2] / 1e6, 3),
            round(latencies[len(latencies) * 99 // 100] / 1e6, 3),
        )

    def _received(self) -> int:
        return sum(client.received for client in self.clients)


async def pairs(port: int, seconds: float, count: int = 50, window: int = 10) -> Figures:
    """Let pairs talk: each sender has so many messages on their way at once."""
    load = Load(port, Meter())
    senders = []
    for number in range(count):
        receiver = await load.client(f"to-{number}")
        await receiver.subscribe(f"inbox/{number}")
        senders.append(await load.client(f"from-{number}"))
    for number, sender in enumerate(senders):
        sender.publish(f"inbox/{number}", window, _PAYLOAD, 1 if window == 1 else 16)
    return await load.measure(seconds)


async def groups(port: int, seconds: float, window: int = 10) -> Figures:
    """Let one talk in each group of 100."""
    load = Load(port, Meter())
    senders = []
    for group in range(_GROUPS):
        for number in range(_MEMBERS):
            member = await load.client(f"in-{group}-{number}")
            await member.subscribe(f"group/{group}")
        senders.append(await load.client(f"speaks-{group}"))
    for group, sender in enumerate(senders):
        sender.publish(f"group/{group}", window, _PAYLOAD, 16)
    return await load.measure(seconds)


async def latency(port: int, seconds: float) -> Figures:
    """Let pairs talk with one message on its way at once."""
    return await pairs(port, seconds, window=1)


LOADS: dict[str, Callable[[int, float], Awaitable[Figures]]] = {
    "pairs": pairs,
    "groups": groups,
    "latency": latency,
}


async def main(port: int, load: str, seconds: float) -> None:
    """Run a load, and print its figures."""
    figures = await LOADS[load](port, seconds)
    print(msgspec.json.encode(figures).decode())  # noqa: T201 - its purpose


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
