"""Where people meet: a platform on either database, and accounts made without a password."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import insert, make_url

from bench.path.crowd import Crowd, Speaker, until
from bench.path.device import Device
from config import keys
from config.settings import Settings
from parley_protocol import tokens
from parley_protocol.ids import new_id
from storage import open_ledger
from storage.accounts import Account
from storage.sql.engine import connect
from tests.platform import Platform
from tests.postgres import Postgres

STORES = ["sqlite", "postgresql"]
_HOUR = 3600
_AT_ONCE = 100
_SERVICES = ("broker", "bridge")


class Place:
    """A platform, and the people on it."""

    def __init__(self, platform: Platform, ledger_url: str) -> None:
        self.platform = platform
        self._ledger_url = ledger_url
        self._key = keys.signing_key(platform.data)

    async def pairs(self, crowd: Crowd, count: int) -> list[Speaker]:
        """Let pairs meet, each person a sender and a receiver."""
        devices = await self._people(crowd, 2 * count)
        for one, other in zip(devices[::2], devices[1::2], strict=True):
            one.talk_to("dm", other.uid)
            other.talk_to("dm", one.uid)
        return [Speaker(device, 2) for device in devices]

    async def groups(self, crowd: Crowd, count: int, size: int) -> list[list[Speaker]]:
        """Let groups meet; everybody may speak."""
        ledger, now = open_ledger(self._ledger_url), time.time_ns() // 1_000_000
        met = []
        for _ in range(count):
            people = self._accounts(size)
            group = ledger.create_group(people[0], "A group", people[1:], now)
            met.append((group.cid, people))
        # Nobody is there yet to hear that there is a group.
        await until(lambda: not ledger.parcels(1), lambda: "the outbox")
        speakers = []
        for cid, people in met:
            devices = await self._log_in(crowd, people)
            for device in devices:
                device.talk_to("group", cid)
            speakers.append([Speaker(device, size) for device in devices])
        return speakers

    def cpu_seconds(self) -> dict[str, float]:
        """Give the processor time that each part has taken."""
        found = {name: _of_tree(self.platform.pid(name)) for name in _SERVICES}
        found["people"] = _of_one(psutil.Process())
        folder = make_url(self._ledger_url).query.get("host")
        if folder is not None:
            found["postgres"] = sum(map(_of_one, _working_in(str(folder))))
        return found

    async def _people(self, crowd: Crowd, count: int) -> list[Device]:
        return await self._log_in(crowd, self._accounts(count))

    def _accounts(self, count: int) -> list[str]:
        uids = [new_id() for _ in range(count)]
        rows = [
            {"uid": uid, "name": uid, "display_name": uid, "password_hash": "", "created_at": 0}
            for uid in uids
        ]
        engine = connect(self._ledger_url)
        with engine.begin() as connection:
            connection.execute(insert(Account), rows)
        engine.dispose()
        return uids

    async def _log_in(self, crowd: Crowd, uids: list[str]) -> list[Device]:
        devices = [self._device(uid) for uid in uids]
        for device in devices:
            crowd.watch(device)
        for some in range(0, len(devices), _AT_ONCE):
            coming = devices[some : some + _AT_ONCE]
            await asyncio.gather(*(device.log_in(self.platform.mqtt) for device in coming))
        return devices

    def _device(self, uid: str) -> Device:
        device, now = new_id(), int(time.time())
        token = tokens.issue(
            self._key, sub=uid, device=device, scope="device", now=now, seconds=_HOUR
        )
        return Device(uid, device, token)


@contextmanager
def opened(store: str) -> Iterator[Place]:
    """Run a platform on one of ``STORES``."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as name:
        folder = Path(name)
        if store == "sqlite":
            with Platform(folder) as platform:
                yield Place(platform, Settings(data=str(platform.data)).ledger_url)
            return
        with Postgres() as server:
            url = server.new_database()
            with Platform(folder, f'[ledger]\nurl = "{url}"\n') as platform:
                yield Place(platform, url)


def _working_in(folder: str) -> list[psutil.Process]:
    """Find a server's processes: others may run on this machine."""
    every = psutil.process_iter(["name", "cwd"])
    found = [p for p in every if p.info["name"] == "postgres"]
    return [p for p in found if str(p.info["cwd"]).startswith(folder)]


def _of_tree(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(map(_of_one, [process, *process.children(recursive=True)]))


def _of_one(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
