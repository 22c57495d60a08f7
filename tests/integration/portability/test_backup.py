"""``parley backup`` while people talk, and what a platform is like that was restored from it."""

import asyncio
from dataclasses import replace
from pathlib import Path

from parley.cli import run
from parley.replay.command import load_plan
from parley.replay.run import Replay
from parley_client import Client
from parley_client.store import Store
from parley_protocol.payloads import Entry
from storage.ledger import Ledger
from storage.sql import SqlStore
from storage.sql.engine import connect
from tests.integration.conftest import Type
from tests.integration.platform.people import Person
from tests.integration.platform.test_replay import no_progress
from tests.logs import GARDEN
from tests.platform import Platform


def log_of(data: Path, uid: str, cid: str) -> list[Entry]:
    engine = connect(f"sqlite:///{data / 'parley.db'}")
    log = Ledger(SqlStore(engine)).messages(uid, cid, after=0, before=None, limit=10_000)
    engine.dispose()
    return log


def move(store: Path, platform: Platform) -> None:
    """Let a device find the platform at its new place."""
    device = Store(store)
    held = device.credentials()
    assert held is not None
    device.keep_credentials(replace(held, broker=f"mqtt://127.0.0.1:{platform.mqtt}"))
    device.close()


async def test_a_backup_in_the_middle_of_a_talk(tmp_path: Path) -> None:
    """The log is a beginning of what was said, and devices that are ahead of it lose nothing new.

    People go on with the sessions, keys and cursors that they have.
    """
    first, second, devices = (tmp_path / name for name in ("first", "second", "devices"))
    for folder in (first, second, devices):
        folder.mkdir()
    plan, file = load_plan(GARDEN), str(tmp_path / "file")
    half = plan.groups[0].lines[len(plan.groups[0].lines) // 2].line
    with Platform(first) as platform:
        async with Replay(plan, platform.url, devices, no_progress) as replay:
            await replay.talk(to_line=half)
            backup = ["backup", file, "--data", str(platform.data)]
            rest = asyncio.create_task(replay.talk(from_line=half))
            assert await asyncio.to_thread(run, backup) == 0
            await rest
            yuki, owner = replay.people["yuki"], replay.people[plan.groups[0].members[0]]
            cid = replay.cids[0]
            await (await owner.client.send(cid, "after the backup")).stored()
            await yuki.has_received(2 + len(plan.groups[0].lines))
        whole = log_of(platform.data, yuki.uid, cid)
    assert run(["restore", file, "--data", str(second / "data")]) == 0
    kept = log_of(second / "data", yuki.uid, cid)
    assert kept == whole[: len(kept)]
    assert len(plan.groups[0].lines) // 2 < len(kept) < len(whole)
    assert [entry.seq for entry in kept] == list(range(1, len(kept) + 1))

    stores = [devices / f"{person.account}.db" for person in (yuki, owner)]
    with Platform(second) as restored:
        for store in stores:
            move(store, restored)
        reader, writer = (Client(restored.url, store=store) for store in stores)
        async with reader, writer:
            seen = Person(reader, yuki.account)
            held = [(await seen.next(Entry)).seq]
            while held[-1] < len(kept):
                held.append((await seen.next(Entry)).seq)
            assert held == list(range(held[0], len(kept) + 1))
            assert await Person(writer, owner.account).say(cid, "said anew") == len(kept) + 1
            new = await seen.next(Entry)
            assert (new.seq, new.text) == (len(kept) + 1, "said anew")


def test_mistakes(data: Path, tmp_path: Path, type_: Type) -> None:
    file = tmp_path / "file"
    status, out, _ = type_("backup", file, "--data", data)
    assert (status, "Keep it secret" in out) == (0, True)
    for arguments, words in [
        (["backup", file, "--data", data], "there already"),
        (["backup", tmp_path / "other", "--data", tmp_path / "nowhere"], "run parley setup first"),
        (["restore", file, "--data", data], "not empty"),
        (["restore", tmp_path / "other", "--data", tmp_path / "new"], "not there"),
        (["restore", __file__, "--data", tmp_path / "new"], "no backup"),
    ]:
        status, out, error = type_(*arguments)
        assert (status, out, error.count("\n")) == (2, "", 1)
        assert words in error
    assert not (tmp_path / "new").exists()
