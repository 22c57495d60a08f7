"""Services are killed, again and again, while people talk: nothing lost, doubled or swapped."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.replay.command import load_plan
from parley.replay.run import Replay
from tests.logs import GARDEN
from tests.platform import Platform

_KILLS = 20
_STRETCH = 3
_TEN_MINUTES = 600
_SERVICES = ("broker", "bridge", "keeper", "webapi")


class Killer(threading.Thread):
    """Kills a service whenever the replay has gone one stretch further."""

    def __init__(self, platform: Platform, seed: int) -> None:
        super().__init__()
        self.killed: list[str] = []
        self._platform = platform
        self._chance = random.Random(seed)
        self._further = threading.Semaphore(0)
        self._over = threading.Event()

    def progress(self, stage: str, done: int, _total: int) -> None:
        if stage == "messages" and done % _STRETCH == 1:
            self._further.release()

    def run(self) -> None:
        while len(self.killed) < _KILLS:
            self._further.acquire()
            if self._over.wait(self._chance.uniform(0, 0.1)):
                return
            self.killed.append(self._kill_one())

    def _kill_one(self) -> str:
        # One that is just being started again cannot be killed; then it is another's turn.
        while True:
            for service in self._chance.sample(_SERVICES, len(_SERVICES)):
                if self._platform.kill(service):
                    return service
            self._over.wait(0.05)

    def stop(self) -> None:
        """End after the kill that is under way."""
        self._over.set()
        self._further.release()
        self.join()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with Platform(tmp_path) as running:
        yield running


@pytest.mark.timeout(_TEN_MINUTES)
async def test_twenty_kills_in_a_replay(platform: Platform, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    killer = Killer(platform, seed)
    (tmp_path / "devices").mkdir()
    found = load_plan(GARDEN)
    async with Replay(found, platform.url, tmp_path / "devices", killer.progress) as replay:
        killer.start()
        try:
            result = await replay.run()
        finally:
            killer.stop()
    lines = len(found.groups[0].lines)
    story = f"seed {seed}: {killer.killed}"
    assert len(killer.killed) == _KILLS
    assert (result.sent, result.stored, result.mismatches) == (lines, lines, 0), story
    assert result.delivered == lines * len(found.groups[0].members), story
    assert "Traceback" not in platform.log()
