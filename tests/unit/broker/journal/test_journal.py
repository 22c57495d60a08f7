"""What need not survive is not written; everything else is there after a restart."""

import asyncio
from pathlib import Path

from broker.core.message import Message, field_of
from broker.journal.journal import FileJournal
from broker.journal.records import Stored


async def written(journal: FileJournal) -> list[Message]:
    """Wait until all that was noted is on disk; give the messages that are safe by that."""
    safe: list[Message] = []
    journal.start(safe.extend)
    done = asyncio.Event()
    journal.then(done.set)
    await done.wait()
    return safe


def message(text: str) -> Message:
    return Message(field_of("a"), text.encode(), 1.0)


def kept(folder: Path) -> list[tuple[bytes, list[str]]]:
    records = FileJournal(folder).log.records.values()
    return [(found.payload, found.receivers) for found in records if isinstance(found, Stored)]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def test_what_everybody_has_before_it_is_written_is_not_written(tmp_path: Path) -> None:
    journal, quick, slow = FileJournal(tmp_path), message("quick"), message("slow")
    journal.store(quick, ["ada"])
    journal.store(slow, ["ada", "bob"])
    journal.arrived(quick, "ada")
    slow.waiting = 1
    journal.arrived(slow, "ada")
    assert slow in await written(journal)
    assert kept(tmp_path) == [(b"slow", ["bob"])]
    before = size(tmp_path)
    journal.store(message("quick again"), ["ada"])
    slow.waiting = 0
    journal.arrived(slow, "bob")
    await written(journal)
    assert size(tmp_path) > before
    assert [payload for payload, _ in kept(tmp_path)] == [b"quick again"]
    journal.stop()


async def test_by_which_packet_id_something_came_is_written_in_any_case(tmp_path: Path) -> None:
    journal, twice = FileJournal(tmp_path), message("exactly once")
    journal.store(twice, ["ada"], ("bob", 7))
    journal.arrived(twice, "ada")
    await written(journal)
    assert ("i", "bob", 7) in FileJournal(tmp_path).log.records
    journal.stop()
