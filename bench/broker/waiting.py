"""``python -m bench.broker.waiting PORT COUNT EACH fill|take``: sessions with messages in them.

``fill`` makes sessions and sends each so many messages; ``take`` connects them again and checks
that each gets every one of its messages once and in order.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator

import uvloop

from bench.broker.client import Client, connect
from mqtt.packets import Connect

_AT_ONCE = 200
_PUBLISHERS = 10
"""One alone would be faster than the broker lets a client be."""

_PAYLOAD = 192


async def fill(port: int, count: int, each: int) -> None:
    """Make sessions, and publish to them."""

    async def join(number: int) -> None:
        client = await _come(port, number, [])
        await client.subscribe(f"inbox/{number}")
        client.close()

    await _all(join, count)
    await asyncio.gather(*(_publish(port, first, count, each) for first in range(_PUBLISHERS)))
    print("{}")  # noqa: T201 - no figures


async def _publish(port: int, first: int, count: int, each: int) -> None:
    packet = Connect(f"fills-{first}", keep_alive=600)
    publisher = await connect(port, packet, lambda *_: None)
    publisher.publish_each(_messages(range(first, count, _PUBLISHERS), each), 100)
    await publisher.until_acknowledged()


async def take(port: int, count: int, each: int) -> None:
    """Receive, and compare."""
    wrong = 0

    async def receive(number: int) -> None:
        nonlocal wrong
        numbers: list[int] = []
        client = await _come(port, number, numbers)
        await client.until_received(each)
        wrong += numbers != list(range(1, each + 1))
        client.close()

    await _all(receive, count)
    print(f'{{"sessions_with_lost_or_doubled": {wrong}}}')  # noqa: T201 - its purpose


def _messages(to: range, each: int) -> Iterator[tuple[str, bytes]]:
    for turn in range(1, each + 1):
        payload = b"\1" + turn.to_bytes(7) + bytes(_PAYLOAD)
        for number in to:
            yield f"inbox/{number}", payload


async def _come(port: int, number: int, numbers: list[int]) -> Client:
    packet = Connect(f"waits-{number}", clean_start=False, keep_alive=600)

    def note(data: bytes, at: int) -> None:
        numbers.append(int.from_bytes(data[at + 1 : at + 8]))

    return await connect(port, packet, note)


async def _all(step: Callable[[int], Awaitable[None]], count: int) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await step(number)

    await asyncio.gather(*map(one, range(count)))


if __name__ == "__main__":
    steps = {"fill": fill, "take": take}
    uvloop.run(steps[sys.argv[4]](int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
