"""Play a log through the whole platform, and see where the time goes.

Everything is on one machine, the devices of all people in this process. A figure of CPU seconds
near ``seconds`` names the part that holds up the rest.
"""

import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from parley.replay.command import load_plan
from parley.replay.run import Replay
from tests.platform import Platform

_SERVICES = ("broker", "bridge", "keeper", "webapi")


async def measure(file: Path) -> bytes:
    """Give a line of JSON: the replay's result, messages and deliveries a second, CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        (Path(folder) / "devices").mkdir()
        with Platform(Path(folder)) as platform:
            return await _measure(file, platform, Path(folder) / "devices")


async def _measure(file: Path, platform: Platform, devices: Path) -> bytes:
    async with Replay(load_plan(file), platform.url, devices, lambda *_: None) as replay:
        before = _cpu_seconds(platform)
        begun = time.monotonic()
        await replay.talk()
        await replay.arrive()
        seconds = time.monotonic() - begun
        after = _cpu_seconds(platform)
        result = await replay.compare(seconds)
    return msgspec.json.encode(
        {"log": file.name.removesuffix(".raw.txt")}
        | result.as_dict()
        | {
            "messages_per_second": round(result.stored / seconds, 1),
            "deliveries_per_second": round(result.delivered / seconds, 1),
            "cpu_seconds": {part: round(after[part] - before[part], 1) for part in after},
        }
    )


def _cpu_seconds(platform: Platform) -> dict[str, float]:
    pids = {name: platform.pid(name) for name in _SERVICES}
    found = {name: _of_tree(psutil.Process(pid)) for name, pid in pids.items()}
    return found | {"devices": _of_one(psutil.Process())}


def _of_tree(process: psutil.Process) -> float:
    return sum(map(_of_one, [process, *process.children(recursive=True)]))


def _of_one(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
