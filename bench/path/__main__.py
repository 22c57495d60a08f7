"""``python -m bench.path [STORE ...] [LOAD ...]``: what people feel, a line of JSON a figure.

Broker, bridge, database and all people share this machine. Stores are ``sqlite`` and
``postgresql``, loads ``pairs``, ``groups`` and ``backlog``.
Every run fails unless each message has come to everybody in order, and exactly once: after the kill
in ``backlog`` some may come twice, which is counted.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine

import uvloop

from bench.path.crowd import Crowd, Latencies, Speaker, until
from bench.path.place import STORES, Place, opened

_SECONDS, _WARM_UP_SECONDS = 10.0, 3.0
_PAIRS, _PAIR_WINDOW = 100, 5
_GROUPS, _MEMBERS, _SPEAKERS = 5, 100, 20
_BACKLOG, _BACKLOG_WINDOW = 100_000, 50
_LIVE_PAIRS, _LIVE_RATE = 20, 200.0

Figures = dict[str, object]


async def pairs(place: Place) -> list[Figures]:
    """Let pairs talk as fast as they can, then at half of that."""
    crowd = Crowd()
    speakers = await place.pairs(crowd, _PAIRS)
    fastest = await _closed_loop(place, crowd, speakers * _PAIR_WINDOW)
    rate = float(str(fastest["messages_per_second"])) / 2
    half = await _at_rate(place, crowd, speakers, rate)
    return [{"load": "pairs"} | fastest, {"load": "pairs at half of it"} | half]


async def groups(place: Place) -> list[Figures]:
    """Let some talk in groups of 100, then at half of the speed."""
    crowd = Crowd()
    found = await place.groups(crowd, _GROUPS, _MEMBERS)
    speakers = [speaker for group in found for speaker in group[:_SPEAKERS]]
    fastest = await _closed_loop(place, crowd, speakers)
    rate = float(str(fastest["messages_per_second"])) / 2
    half = await _at_rate(place, crowd, speakers, rate)
    return [{"load": "groups of 100"} | fastest, {"load": "groups of 100 at half of it"} | half]


async def backlog(place: Place) -> list[Figures]:
    """Let messages wait for a bridge that is away; it comes back while others go on talking."""
    crowd, live = Crowd(), Crowd()
    waiting = await place.pairs(crowd, _PAIRS)
    talking = await place.pairs(live, _LIVE_PAIRS)
    await _say_once(crowd, waiting)
    await _say_once(live, talking)
    place.platform.signal_service("bridge", signal.SIGSTOP)
    await _fill(crowd, waiting)
    stop, before, stored = asyncio.Event(), place.cpu_seconds(), crowd.stored
    # The supervisor starts another one.
    place.platform.kill("bridge")
    await until(lambda: crowd.stored > stored, crowd.story)
    live.latencies = Latencies()
    lively = asyncio.ensure_future(live.keep_rate(talking, _LIVE_RATE, stop))
    begun, first = time.monotonic(), crowd.stored
    await crowd.settle()
    seconds = time.monotonic() - begun
    stop.set()
    await lively
    await live.settle()
    return [
        {
            "load": "backlog",
            "messages": _BACKLOG,
            "drained_per_second": round((crowd.stored - first) / seconds),
            "repeats": crowd.repeats + live.repeats,
            "live": live.latencies.as_dict(),
            "cpu_seconds": _spent(before, place.cpu_seconds()),
        }
    ]


_Load = Callable[[Place], Coroutine[None, None, list[Figures]]]
LOADS: dict[str, _Load] = {"pairs": pairs, "groups": groups, "backlog": backlog}


async def _closed_loop(place: Place, crowd: Crowd, speakers: list[Speaker]) -> Figures:
    """Let each speaker say the next when the one before is stored."""
    crowd.again = crowd.send
    for speaker in speakers:
        crowd.send(speaker)
    figures = await _measure(place, crowd)
    crowd.again = lambda _speaker: None
    await _settle(crowd)
    return figures


async def _at_rate(place: Place, crowd: Crowd, speakers: list[Speaker], rate: float) -> Figures:
    stop = asyncio.Event()
    talking = asyncio.ensure_future(crowd.keep_rate(speakers, rate, stop))
    figures = await _measure(place, crowd)
    stop.set()
    await talking
    await _settle(crowd)
    return figures


async def _settle(crowd: Crowd) -> None:
    await crowd.settle()
    if crowd.repeats:
        raise SystemExit(f"{crowd.repeats} came twice, and nobody was killed")


async def _measure(place: Place, crowd: Crowd) -> Figures:
    await asyncio.sleep(_WARM_UP_SECONDS)
    crowd.latencies = Latencies()
    before, begun = place.cpu_seconds(), time.monotonic()
    stored, delivered = crowd.stored, crowd.delivered
    await asyncio.sleep(_SECONDS)
    seconds = time.monotonic() - begun
    return {
        "messages_per_second": round((crowd.stored - stored) / seconds),
        "deliveries_per_second": round((crowd.delivered - delivered) / seconds),
        **crowd.latencies.as_dict(),
        "cpu_seconds": _spent(before, place.cpu_seconds()),
    }


async def _say_once(crowd: Crowd, speakers: list[Speaker]) -> None:
    for speaker in speakers:
        crowd.send(speaker)
    await crowd.settle()


async def _fill(crowd: Crowd, speakers: list[Speaker]) -> None:
    """Send what is to wait, some at once, until the broker has taken all of it."""
    taken, at_once = crowd.taken, _BACKLOG_WINDOW * len(speakers)
    for begin in range(0, _BACKLOG, at_once):
        count = min(at_once, _BACKLOG - begin)
        for number in range(count):
            crowd.send(speakers[number % len(speakers)])
        taken += count
        await until(lambda: crowd.taken >= taken, crowd.story)  # noqa: B023 - waits here


def _spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {part: round(after[part] - before.get(part, 0.0), 1) for part in after}


def main() -> None:
    """Measure the loads on the stores that are named, or everything."""
    stores = [name for name in sys.argv[1:] if name in STORES] or STORES
    loads = [LOADS[name] for name in sys.argv[1:] if name in LOADS] or LOADS.values()
    for store in stores:
        for load in loads:
            with opened(store) as place:
                for figures in uvloop.run(load(place)):
                    print(json.dumps({"store": store} | figures), flush=True)  # noqa: T201


main()
