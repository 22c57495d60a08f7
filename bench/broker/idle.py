"""``python -m bench.broker.idle PORT COUNT connected|stored``: people who say nothing.

Prints how many came a second when all are there. Who is ``connected`` stays until the input ends;
who is ``stored`` has left a session behind.
"""

import asyncio
import sys
import time

import uvloop

from bench.broker.client import connect
from mqtt.packets import Connect

_AT_ONCE = 200


async def main(port: int, count: int, kind: str) -> None:
    """Connect, each with two subscriptions of its own."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def join(number: int) -> None:
        async with room:
            packet = Connect(f"idle-{number}", clean_start=False, keep_alive=3600)
            client = await connect(port, packet, lambda *_: None)
            await client.subscribe(f"chat/inbox/{number}")
            await client.subscribe(f"chat/live/{number}")
            if kind == "stored":
                client.close()

    begun = time.monotonic()
    await asyncio.gather(*map(join, range(count)))
    print(round(count / (time.monotonic() - begun)), flush=True)  # noqa: T201 - its purpose
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
