"""Backups come back whole, on either database, or not at all."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, inspect, select

from config.settings import Ledger as LedgerSettings
from config.settings import Settings
from parley.portability.backup import save as save_module
from parley.portability.backup.manifest import FORM, NAME, BackupError, File, Manifest, Table
from parley.portability.backup.pack import Pack, files_of, new_pack, verify
from parley.portability.backup.restore import SETTINGS, restore
from parley.portability.backup.save import save
from parley.prepare import prepare
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message
from storage.accounts import Account, Base, Session
from storage.archive.memory import MemoryArchive
from storage.archive.mover import Mover
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.model import Draft
from storage.sql import SqlStore
from storage.sql.engine import connect
from storage.sql.migrate import is_current
from storage.sql.tables import DERIVED, search_progress
from tests.unit.storage.conftest import index

Rows = dict[str, list[tuple[Any, ...]]]
Make = Callable[[str], Settings]
TEXTS = [
    "plain",
    "line\nline\r\n\u2028\x85\x1e",
    "🦊" * 100_000,
    'quote " and \\',
    "\x01\x7f\ufffd",
]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Give settings with a new data folder and a new database of a kind."""

    def settings(kind: str) -> Settings:
        url = "" if kind == "sqlite" else request.getfixturevalue("postgres").new_database()
        return Settings(data=str(tmp_path / new_id()), ledger=LedgerSettings(url=url))

    return settings


def fill(settings: Settings) -> None:
    """Make people, a group, messages with everything in them, and news that nobody has told."""
    prepare(settings)
    engine = connect(settings.ledger_url)
    uids = sorted(new_id() for _ in range(3))
    row = {"display_name": "Ада 🦊", "password_hash": "a hash", "created_at": 1}
    with engine.begin() as connection:
        connection.execute(insert(Account), [row | {"uid": u, "name": u} for u in uids])
        session: dict[str, object] = {
            "sid": new_id(),
            "uid": uids[0],
            "device": new_id(),
            "device_name": "",
        }
        session |= {"refresh_hash": "r", "created_at": 1, "expires_at": 2}
        connection.execute(insert(Session), [session])
    ledger = Ledger(SqlStore(engine))
    group = ledger.create_group(uids[0], "Group", uids[1:], now=1)
    for text in TEXTS:
        message = Message(id=new_id(), sent_at=2, text=text, mentions=(uids[1],))
        ledger.commit([Draft(uids[0], new_id(), "group", group.cid, message)], now=3)
    with engine.begin() as connection:
        connection.execute(insert(search_progress), [{"cid": group.cid, "seq": 3}])
    engine.dispose()


def rows_of(settings: Settings) -> Rows:
    engine = connect(settings.ledger_url)
    with engine.connect() as connection:
        found = {
            str(table.name): [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return found


@pytest.fixture
def saved(make: Make, tmp_path: Path) -> Path:
    settings = make("sqlite")
    fill(settings)
    save(settings, tmp_path / "saved.parley")
    return tmp_path / "saved.parley"


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
def test_every_row_comes_back(make: Make, tmp_path: Path, source: str, target: str) -> None:
    first, second = make(source), make(target)
    fill(first)
    made = save(first, tmp_path / "file")
    assert restore(second, tmp_path / "file") == made
    rows, originals = rows_of(second), rows_of(first)
    # The indexer begins anew: the index itself is of another form on each database.
    assert [rows.pop(name) for name in DERIVED] == [[]] * len(DERIVED)
    assert rows == {name: found for name, found in originals.items() if name not in DERIVED}
    assert is_current(second.ledger_url)
    assert made.tables["messages"].rows == 1 + len(TEXTS)
    for name in ("signing.pem", "public.pem", "bridge.token"):
        key = second.folder / "keys" / name
        assert key.read_bytes() == (first.folder / "keys" / name).read_bytes()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert msgspec.toml.decode((second.folder / SETTINGS).read_bytes(), type=Settings) == first


def moved(settings: Settings) -> tuple[Settings, MemoryArchive]:
    """Move most of what is in a ledger to an archive."""
    archive = MemoryArchive()
    engine = connect(settings.ledger_url)
    store = SqlStore(engine)
    index(Ledger(store))
    assert Mover(store, archive, keep=2, rest=lambda _: None).move(1 << 62).rows == len(TEXTS) - 1
    engine.dispose()
    return settings, archive


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_archived_comes_back_into_the_ledger(
    make: Make, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(kind), make(kind)
    fill(first)
    originals = rows_of(first)
    _, archive = moved(first)
    monkeypatch.setattr(save_module, "open_archive", lambda *_: archive)
    made = save(first, tmp_path / "file")
    assert made.tables["messages"].rows == 1 + len(TEXTS)
    restore(second, tmp_path / "file")
    rows = rows_of(second)
    assert rows["messages"] == originals["messages"]
    assert rows["conversations"] == originals["conversations"]


def test_what_is_moved_while_a_backup_is_made_is_in_it_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archiver goes on between the ledger's snapshot and the reading of the archive."""
    first, second = make("sqlite"), make("sqlite")
    fill(first)
    originals = rows_of(first)
    _, archive = moved(first)
    engine = connect(first.ledger_url)

    def open_late(*_: object) -> MemoryArchive:
        store = SqlStore(engine)
        assert Mover(store, archive, keep=0, rest=lambda _: None).move(1 << 62).rows == 2
        return archive

    monkeypatch.setattr(save_module, "open_archive", open_late)
    save(first, tmp_path / "file")
    engine.dispose()
    restore(second, tmp_path / "file")
    assert rows_of(second)["messages"] == originals["messages"]


def test_an_archive_that_is_away_or_lacks_something(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make("sqlite")
    fill(settings)
    _, archive = moved(settings)
    with pytest.raises(UnavailableError, match="no archive"):
        save(settings, tmp_path / "file")
    (cid,) = {entry[0] for entry in rows_of(settings)["messages"]}
    archive.drop({cid: range(2, 3)})
    monkeypatch.setattr(save_module, "open_archive", lambda *_: archive)
    with pytest.raises(UnavailableError, match=cid):
        save(settings, tmp_path / "file")
    assert not list(tmp_path.glob("file*"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_outbox_counts_on(make: Make, saved: Path, kind: str) -> None:
    """A number that came again would be settled before it was told."""
    settings = make(kind)
    restore(settings, saved)
    engine = connect(settings.ledger_url)
    ledger = Ledger(SqlStore(engine))
    before = [parcel.number for parcel in ledger.parcels(100)]
    ledger.create_group(rows_of(settings)["accounts"][0][0], "New", [], now=9)
    assert min(p.number for p in ledger.parcels(100)[len(before) :]) > max(before)
    engine.dispose()


def test_the_file_is_secret_and_is_written_once(make: Make, saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    settings = make("sqlite")
    prepare(settings)
    before = saved.read_bytes()
    with pytest.raises(BackupError, match="there already"):
        save(settings, saved)
    with pytest.raises(BackupError):
        save(settings, saved.parent / "nowhere" / "file")
    assert saved.read_bytes() == before


def test_what_fails_leaves_no_file(tmp_path: Path) -> None:
    def write() -> None:
        with new_pack(tmp_path / "file", 0) as pack:
            pack.add("a", b"a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.99])
def test_a_file_that_was_cut_off(make: Make, saved: Path, part: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * part)])
    refused(make("sqlite"), saved, str(saved))


def test_a_file_with_a_wrong_bit(saved: Path) -> None:
    """It is refused; or the bit meant nothing, and the same comes out."""
    content, files = saved.read_bytes(), list(files_of(saved))
    refusals = 0
    for at in range(0, len(content), max(len(content) // 200, 1)):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        saved.write_bytes(damaged)
        try:
            verify(saved)
        except BackupError:
            refusals += 1
        else:
            assert list(files_of(saved)) == files
    assert refusals > 150


def repacked(path: Path, change: Callable[[Pack, str, bytes], None]) -> Path:
    other = path.with_name("other")
    with new_pack(other, 0) as pack:
        for name, content in files_of(path):
            change(pack, name, content)
    return other


def test_what_was_changed_left_out_or_added(make: Make, saved: Path) -> None:
    def changed(pack: Pack, name: str, content: bytes) -> None:
        pack.add(name, content.replace(b"a hash", b"b hash"))

    def left_out(pack: Pack, name: str, content: bytes) -> None:
        if not name.startswith("tables/members"):
            pack.add(name, content)

    def added(pack: Pack, name: str, content: bytes) -> None:
        if name == NAME:
            pack.add("keys/../../evil", b"")
        pack.add(name, content)

    for change, word in ((changed, "accounts"), (left_out, "members"), (added, "evil")):
        other = repacked(saved, change)
        refused(make("sqlite"), other, word)
        other.unlink()


@pytest.mark.parametrize(("field", "value"), [("form", FORM + 1), ("revision", "9999")])
def test_a_backup_of_a_newer_parley(make: Make, saved: Path, field: str, value: object) -> None:
    def newer(pack: Pack, name: str, content: bytes) -> None:
        if name == NAME:
            content = json.dumps(json.loads(content) | {field: value}).encode()
        pack.add(name, content)

    refused(make("sqlite"), repacked(saved, newer), str(saved.parent))


def test_what_is_no_backup(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "file"
    refused(make("sqlite"), file, "not there")
    file.write_text("Dear diary")
    refused(make("sqlite"), file, "no backup")


def refused(settings: Settings, file: Path, words: str) -> None:
    """A refusal is one line, and leaves nothing behind."""
    with pytest.raises(BackupError, match=words) as caught:
        restore(settings, file)
    assert "\n" not in str(caught.value)
    assert not settings.folder.exists()
    assert not list(settings.folder.parent.glob("*restoring*"))


def test_a_folder_that_is_not_empty(make: Make, saved: Path) -> None:
    settings = make("sqlite")
    settings.folder.mkdir()
    (settings.folder / "mine").write_text("mine")
    with pytest.raises(BackupError, match="not empty"):
        restore(settings, saved)
    assert [file.name for file in settings.folder.iterdir()] == ["mine"]
    (settings.folder / "mine").unlink()
    restore(settings, saved)
    assert is_current(settings.ledger_url)


def test_a_database_that_is_not_empty(make: Make, saved: Path) -> None:
    settings = make("postgresql")
    prepare(msgspec.structs.replace(settings, data=f"{settings.data}-other"))
    refused(settings, saved, "not empty")


OLD_ROWS: dict[str, tuple[tuple[str, ...], list[Any]]] = {
    "accounts": (
        ("uid", "name", "display_name", "password_hash", "created_at"),
        ["a" * 32, "ada", "Ada", "hash", 1],
    ),
    "conversations": (
        ("cid", "type", "name", "head", "created_at", "moved_at"),
        ["c" * 32, "group", "Old", 1, 1, 1],
    ),
    "members": (("cid", "uid", "role", "delivered", "read"), ["c" * 32, "a" * 32, "owner", 1, 1]),
    "messages": (
        ("cid", "seq", "id", "sender", "stored_at", "sent_at", "type", "text"),
        ["c" * 32, 1, "d" * 32, "a" * 32, 1, 1, "text", "old"],
    ),
    "outbox": (("number", "recipients", "payload"), [7, "a" * 32, "e30="]),
}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_of_the_first_tables(make: Make, tmp_path: Path, kind: str) -> None:
    """Written by hand in the form that is documented: it is brought up to date."""
    with new_pack(tmp_path / "old", 0) as pack:
        for name, (_, row) in OLD_ROWS.items():
            pack.add(f"tables/{name}/000001.jsonl", json.dumps(row).encode() + b"\n")
        manifest = Manifest(
            form=FORM,
            version="0",
            made_at="2020-01-01T00:00:00+00:00",
            revision="0001",
            tables={name: Table(columns, 1) for name, (columns, _) in OLD_ROWS.items()},
            files=dict[str, File](pack.files),
        )
        pack.add(NAME, msgspec.json.encode(manifest))
    settings = make(kind)
    restore(settings, tmp_path / "old")
    assert is_current(settings.ledger_url)
    engine = connect(settings.ledger_url)
    ledger = Ledger(SqlStore(engine))
    (entry,) = ledger.messages("a" * 32, "c" * 32, after=0, before=None, limit=9)
    assert (entry.seq, entry.text) == (1, "old")
    assert [(p.number, p.payload) for p in ledger.parcels(9)] == [(7, b"{}")]
    assert "messages" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_whole_file_can_be_checked_alone(saved: Path) -> None:
    assert verify(saved).tables["accounts"].rows == 3
