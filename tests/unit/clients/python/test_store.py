"""A device's file: what was kept is there after a restart."""

from pathlib import Path

import pytest

from parley_client import StoreInUseError
from parley_client.outbox import Outgoing
from parley_client.store import Credentials, Store

_HELD = Credentials("u", "d", "access", 12.5, "refresh", "mqtt://h:1")


def outgoing(number: int) -> Outgoing:
    return Outgoing(str(number), "c", "t", b"\0\xff")


def test_everything_is_there_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "device.db")
    store.keep_credentials(_HELD)
    for number in range(3):
        store.put(outgoing(number))
    store.drop("1")
    store.keep_cursors({"a": 1, "b": 2})
    store.keep_cursors({"a": 5})
    store.drop_cursor("b")
    store.keep_place("c", "dm", "bob")
    store.close()
    store = Store(tmp_path / "device.db")
    assert store.credentials() == _HELD
    assert store.outbox() == [outgoing(0), outgoing(2)]
    assert store.cursors() == {"a": 5}
    assert store.place("c") == ("dm", "bob")
    assert store.place("unknown") is None
    store.close()


def test_another_person_finds_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "device.db")
    store.keep_credentials(_HELD)
    store.put(outgoing(1))
    store.keep_cursors({"a": 1})
    store.keep_place("c", "dm", "bob")
    store.forget_person()
    assert store.credentials() is None
    assert (store.outbox(), store.cursors(), store.place("c")) == ([], {}, None)
    store.close()


def test_a_device_has_one_client(tmp_path: Path) -> None:
    store = Store(tmp_path / "device.db")
    with pytest.raises(StoreInUseError):
        Store(tmp_path / "device.db")
    store.close()
    Store(tmp_path / "device.db").close()


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    Store(tmp_path / "device.db").close()
    assert (tmp_path / "device.db").stat().st_mode & 0o077 == 0
