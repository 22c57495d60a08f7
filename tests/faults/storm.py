"""``python -m tests.faults.storm SECONDS``: kill parts at random under load, then count.

Bridge, keeper, PostgreSQL and ClickHouse die by SIGKILL, each in its own time, often two at once,
while people talk as fast as they can and old messages move. At the end everything that was sent
must be found once and in order, in history and on every device. A line of JSON says what was.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, case, func, select

from storage.archive.connection import PASSWORD_VARIABLE
from storage.archive.mover import KEEP
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.tables import conversations
from tests.clickhouse import PASSWORD, ClickHouse
from tests.faults.crowd import Crowd
from tests.platform import Platform, wait
from tests.postgres import Postgres

_PEOPLE, _GROUPS = 8, 6
_LIFE_SECONDS = 20.0
"""How long a part lives at most until it is killed again; where the storm is short, half of it."""
_AWAY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a storm has done; ``pages`` were read meanwhile, ``archived`` is what has moved.

    ``remembered`` were there before it began, ``messages`` were said while it raged.
    """

    seconds: float
    remembered: int
    messages: int
    deliveries: int
    pages: int
    archived: int
    kills: dict[str, int]
    mismatches: int
    tracebacks: int


@dataclass(frozen=True, slots=True)
class _Part:
    kill: Callable[[], bool | None]
    start: Callable[[], None]


async def storm(folder: Path, postgres: Postgres, clickhouse: ClickHouse, seconds: float) -> Report:
    """Let people talk and parts die for so long; then compare what was sent with what is found."""
    ledger = postgres.new_database()
    archive = f"url = '{clickhouse.new_database()}'\nafter_days = 0"
    settings = f"[ledger]\nurl = '{ledger}'\n[archive]\n{archive}\n"
    with Platform(folder, settings) as platform, _connected(ledger) as engine:
        parts = {name: _service(platform, name) for name in ("bridge", "keeper")}
        parts["postgresql"] = _Part(postgres.kill, postgres.start)
        parts["clickhouse"] = _Part(clickhouse.kill, clickhouse.start)
        async with Crowd(platform.url, folder, people=_PEOPLE, groups=_GROUPS) as crowd:
            await asyncio.to_thread(crowd.remember, Ledger(SqlStore(engine)))
            kills = await _rage(crowd, parts, seconds)
            archived = await asyncio.to_thread(_move_all, platform, engine)
            wrong = await crowd.compare()
            told = crowd.remembered, crowd.messages, crowd.deliveries, crowd.pages
            tracebacks = platform.log().count("Traceback")
            return Report(seconds, *told, archived, kills, wrong, tracebacks)


@contextmanager
def _connected(ledger: str) -> Iterator[Engine]:
    engine = connect(ledger)
    yield engine
    engine.dispose()


async def _rage(crowd: Crowd, parts: dict[str, _Part], seconds: float) -> dict[str, int]:
    end, life = asyncio.Event(), min(_LIFE_SECONDS, seconds / 2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(crowd.talk(end))
        killing = {n: tasks.create_task(_havoc(part, life, end)) for n, part in parts.items()}
        await asyncio.sleep(seconds)
        end.set()
    return {name: done.result() for name, done in killing.items()}


async def _havoc(part: _Part, life: float, end: asyncio.Event) -> int:
    """Kill a part again and again, and leave it alive; give how often it was killed."""
    kills = 0
    while not await _is_over(end, random.uniform(0, life)):
        # A service that is just being started again is not there to be killed.
        kills += await asyncio.to_thread(part.kill) is not False
        await _is_over(end, random.uniform(0, _AWAY_SECONDS))
        await asyncio.to_thread(part.start)
    return kills


async def _is_over(end: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(end.wait(), seconds)
    return end.is_set()


def _service(platform: Platform, name: str) -> _Part:
    # The supervisor starts it again.
    return _Part(partial(platform.kill, name), lambda: None)


def _move_all(platform: Platform, engine: Engine) -> int:
    """Wait until all is in the archive but each conversation's newest entries."""
    # A keeper begins with a pass; one that was at work has perhaps looked at the last too early.
    platform.kill("keeper")
    here = conversations.c
    due = case((here.head > KEEP, here.head - KEEP), else_=0)
    question = select(func.sum(here.archived), func.sum(due))

    def sums() -> tuple[int, int]:
        with engine.connect() as connection:
            archived, wanted = connection.execute(question).one()
        return int(archived), int(wanted)

    wait(lambda: len(set(sums())) == 1, platform.log)
    return sums()[0]


def main() -> int:
    """Run a storm of so many seconds; the exit status is 1 where anything is wrong."""
    os.environ[PASSWORD_VARIABLE] = PASSWORD
    with tempfile.TemporaryDirectory(prefix="parley-storm-") as place:
        folder = Path(place)
        (folder / "clickhouse").mkdir()
        with Postgres() as postgres, ClickHouse(folder / "clickhouse") as clickhouse:
            report = asyncio.run(storm(folder, postgres, clickhouse, float(sys.argv[1])))
    print(json.dumps(asdict(report)))  # noqa: T201 - its purpose
    return 1 if report.mismatches or report.tracebacks else 0


if __name__ == "__main__":
    sys.exit(main())
