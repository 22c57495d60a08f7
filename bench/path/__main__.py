"""``python -m bench.path [STORE ...] [LOAD ...]``: what people feel, as lines of JSON and a table.

Broker, bridge, database and all people share this machine. How fast it is just now is seen by
the last row, bare inserts into SQLite. Stores are ``sqlite`` and ``postgresql``, loads ``pairs``,
``groups`` and ``backlog``.
Every run fails unless each message has come to everybody in order, and exactly once: after the kill
in ``backlog`` some may come twice, which is counted.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence

import uvloop

from bench.path.crowd import Crowd, Latencies, Speaker, until
from bench.path.place import STORES, Place, opened
from bench.storage.commits import bare_inserts
from bench.table import Figures, figure, table

_SECONDS, _WARM_UP_SECONDS = 10.0, 3.0
_PAIRS, _PAIR_WINDOW = 100, 5
_GROUPS, _MEMBERS, _SPEAKERS = 5, 100, 20
_BACKLOG, _BACKLOG_WINDOW = 100_000, 50
_LIVE_PAIRS, _LIVE_RATE = 20, 200.0


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
            **{f"live_{name}": value for name, value in live.latencies.as_dict().items()},
            "microseconds": _each(_spent(before, place.cpu_seconds()), _BACKLOG),
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
    seconds, count = time.monotonic() - begun, crowd.stored - stored
    return {
        "messages_per_second": round(count / seconds),
        "deliveries_per_second": round((crowd.delivered - delivered) / seconds),
        **crowd.latencies.as_dict(),
        "microseconds": _each(_spent(before, place.cpu_seconds()), count),
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
    return {part: after[part] - before.get(part, 0.0) for part in after}


def _each(spent: dict[str, float], count: int) -> dict[str, float]:
    """Give the processor time that each message has taken of each part."""
    return {part: round(1e6 * seconds / max(count, 1), 1) for part, seconds in spent.items()}


def _server(name: str) -> Callable[[Sequence[Figures]], object | None]:
    """Take the processor time of all parts but the people's."""
    take = figure("microseconds", load=name)

    def total(found: Sequence[Figures]) -> int | None:
        parts = take(found)
        if not isinstance(parts, dict):
            return None
        return round(sum(float(spent) for part, spent in parts.items() if part != "people"))

    return total


_PAIRS_NAME, _GROUPS_NAME, _HALF = "pairs", "groups of 100", " at half of it"
_ROWS = {
    "one to one, 100 pairs: messages a second": figure("messages_per_second", load=_PAIRS_NAME),
    "at half of that: until it is delivered, 99th percentile, ms": figure(
        "delivered_p99_ms", load=_PAIRS_NAME + _HALF
    ),
    "five groups of 100: deliveries a second": figure("deliveries_per_second", load=_GROUPS_NAME),
    "at half of that: until everybody has it, 99th percentile, ms": figure(
        "delivered_p99_ms", load=_GROUPS_NAME + _HALF
    ),
    "100,000 that waited for the bridge: drained a second": figure(
        "drained_per_second", load="backlog"
    ),
    "live messages meanwhile: until delivered, 99th percentile, ms": figure(
        "live_delivered_p99_ms", load="backlog"
    ),
    "processor time of all servers, one to one: µs a message": _server(_PAIRS_NAME),
    "processor time of all servers, groups of 100: µs a message": _server(_GROUPS_NAME),
    "beside: bare inserts into SQLite a second": figure("bare_inserts_per_second"),
}


def main() -> None:
    """Measure the loads on the stores that are named, or everything."""
    stores = [name for name in sys.argv[1:] if name in STORES] or STORES
    loads = [LOADS[name] for name in sys.argv[1:] if name in LOADS] or LOADS.values()
    found: list[Figures] = []

    def tell(figures: Figures) -> None:
        found.append(figures)
        print(json.dumps(figures), flush=True)  # noqa: T201 - its purpose

    for store in stores:
        for load in loads:
            with opened(store) as place:
                for figures in uvloop.run(load(place)):
                    tell({"store": store} | figures)
        tell({"store": store, "bare_inserts_per_second": round(bare_inserts())})
    print(table(found, _ROWS))  # noqa: T201 - its purpose


main()
