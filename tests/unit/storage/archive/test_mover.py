"""Moving to the archive: what goes, what stays, and that nobody can tell, whatever dies when."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from parley_protocol.checks import Refusal
from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry
from storage.archive import Archive, mover
from storage.archive.digest import NO_TEXTS, Digest, Texts
from storage.archive.memory import MemoryArchive
from storage.archive.mover import KEEP, Mover
from storage.errors import UnavailableError
from storage.ledger import Ledger
from storage.memory import MemoryStore
from storage.model import Conversation, Stored, Undecided
from storage.search.index import Indexed, Place, Wanted
from storage.unit import Key, Spans, Store, Unit
from tests.unit.storage.conftest import STORES, Setting, draft_group, index

ALL = 1 << 62
# The archive is the test's own.
pytestmark = pytest.mark.parametrize("setting", STORES, indirect=True)


class House:
    """A ledger with an archive, and a group in it whose owner talks."""

    def __init__(self, setting: Setting, archive: Archive | None = None) -> None:
        self.store: Store = setting.store
        self.archive = archive or MemoryArchive()
        self.ledger = Ledger(self.store, self.archive)
        self.ada = setting.add_people(1)[0]
        self.cid = self.ledger.create_group(self.ada, "Compilers", [], now=1).cid

    def talk(self, count: int, now: int) -> None:
        self.ledger.commit([draft_group(self.ada, self.cid, str(n)) for n in range(count)], now)

    def move(self, before: int = ALL, keep: int = 0) -> int:
        index(self.ledger)
        return Mover(self.store, self.archive, keep=keep, rest=lambda _: None).move(before).rows

    def history(self) -> list[Entry]:
        return self.ledger.messages(self.ada, self.cid, after=0, before=None, limit=500)

    def conversation(self) -> Conversation:
        return self.ledger.conversation(self.ada, self.cid)

    def recent(self) -> list[int]:
        """Give the seqs that the ledger itself has."""
        with self.store.reading() as unit:
            return [e.seq for e in unit.entries({self.cid: range(1, 500)}).get(self.cid, [])]


def test_what_is_old_goes_and_what_is_new_stays(setting: Setting) -> None:
    house = House(setting)
    house.talk(4, now=10)
    house.talk(3, now=20)
    before = house.history()
    assert house.move(before=10) == 1
    assert house.move(before=10) == 0
    assert house.move(before=20) == 4
    assert house.recent() == [6, 7, 8]
    assert house.history() == before
    assert (house.conversation().archived, house.conversation().archived_until) == (5, 10)


def test_what_is_behind_something_new_stays(setting: Setting) -> None:
    house = House(setting)
    for now in (10, 30, 10, 30):
        house.talk(1, now)
    assert house.move(before=20) == 2
    assert house.recent() == [3, 4, 5]


def test_the_last_page_stays_however_old(setting: Setting) -> None:
    house = House(setting)
    house.talk(KEEP + 4, now=10)
    before = house.history()
    assert house.move(keep=KEEP) == 5
    assert len(house.recent()) == KEEP
    assert house.history() == before


def test_a_copy_that_differs_is_reported_and_nothing_is_pruned(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    archive = Damaging()
    house, other = House(setting, archive), House(setting, archive)
    house.talk(5, now=10)
    other.talk(5, now=10)
    before = house.history()
    archive.damaged = house.cid
    index(house.ledger)
    moved = Mover(house.store, archive, keep=0, rest=lambda _: None).move(ALL)
    assert (moved.rows, moved.differ) == (6, [house.cid])
    assert house.cid in caplog.text
    assert len(house.recent()) == 6
    assert other.recent() == []
    assert house.history() == before
    archive.damaged = ""
    assert house.move() == 6
    assert house.history() == before


def test_what_was_rewritten_meanwhile_is_not_pruned(setting: Setting) -> None:
    house = House(setting, Interrupting())
    house.talk(3, now=10)
    assert isinstance(house.archive, Interrupting)
    house.archive.store_, house.archive.cid = house.store, house.cid
    assert house.move() == 0
    assert house.recent() == [1, 2, 3, 4]


def test_what_is_left_of_before_a_restore_is_not_history(setting: Setting) -> None:
    """The archive holds other messages under seqs that the ledger has given anew."""
    house = House(setting)
    house.talk(3, now=10)
    stale = [replace(entry, id=new_id(), text="stale") for entry in house.history()[1:]]
    house.move(before=10)
    house.archive.store(stale)
    lost = draft_group(house.ada, house.cid)
    lost = replace(lost, message=replace(lost.message, id=stale[0].id))
    assert not house.ledger.commit_old([lost], now=1)[0].duplicate  # type: ignore[union-attr]
    before = house.history()
    house.move()
    house.move()
    assert house.recent() == []
    assert house.history() == before


def test_a_repeat_and_a_change_of_what_is_archived(setting: Setting) -> None:
    house = House(setting)
    draft = draft_group(house.ada, house.cid, "teh")
    (first,) = house.ledger.commit([draft], now=10)
    house.talk(2, now=10)
    house.move()
    edit = draft_group(house.ada, house.cid, "the", type="edit", target=draft.message.id)
    lost = draft_group(house.ada, house.cid, "", type="delete", target=new_id())
    new = replace(draft, message=replace(draft.message, id=new_id()))
    assert isinstance(first, Stored)
    outcomes = house.ledger.commit([draft, edit, lost, new], now=20)
    assert [type(o) for o in outcomes] == [Undecided, Undecided, Undecided, Stored]
    repeated, edited, refused = house.ledger.commit_old([draft, edit, lost], now=30)
    assert repeated == replace(first, duplicate=True)
    assert isinstance(edited, Stored)
    assert edited.entry.target == draft.message.id
    assert isinstance(refused, Refusal)
    assert refused.code == "not_found"


def test_without_the_archive_recent_history_works(setting: Setting) -> None:
    house = House(setting)
    draft = draft_group(house.ada, house.cid)
    house.ledger.commit([draft], now=10)
    house.talk(300, now=10)
    house.move(keep=KEEP)
    alone = Ledger(house.store)
    page = alone.messages(house.ada, house.cid, after=None, before=None, limit=KEEP)
    assert page[-1].seq == 302
    assert alone.sync(house.ada, {}).conversations[0].entries[-1].seq == 302
    assert alone.message(house.ada, house.cid, 302).seq == 302
    with pytest.raises(UnavailableError):
        alone.messages(house.ada, house.cid, after=None, before=page[0].seq, limit=1)
    with pytest.raises(UnavailableError):
        alone.message(house.ada, house.cid, 1)
    with pytest.raises(UnavailableError):
        alone.commit_old([draft], now=20)


def test_whatever_dies_at_any_step_nothing_is_lost_or_doubled(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call of the archive and every transaction fails once, before and after its work."""
    # So small that the steps are many.
    monkeypatch.setattr(mover, "_BLOCK", 8)
    monkeypatch.setattr(mover, "_PRUNE", 3)
    step, is_over = 0, False
    while not is_over:
        faults = Faults(step)
        house = House(setting)
        other = House(setting, house.archive)
        for one in (house, other):
            one.talk(6, now=10)
        before = [house.history(), other.history()]
        index(house.ledger)
        dying = Mover(
            FailingStore(house.store, faults),
            FailingArchive(house.archive, faults),
            keep=1,
            rest=lambda _: None,
        )
        try:
            dying.move(ALL)
            is_over = True
        except DeathError:
            pass
        assert house.history()[-1] == before[0][-1]
        house.move(keep=1)
        assert [house.history(), other.history()] == before
        assert house.recent() == [7]
        step += 1
    assert step > 20


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_moves_at_any_time_change_nothing_for_a_reader(
    setting: Setting, data: st.DataObject
) -> None:
    """A ledger that moves now and then answers as one that never does."""
    moving = House(setting)
    twin = MemoryStore()
    twin.add_people(moving.ada)
    still = Ledger(twin)
    with moving.store.reading() as unit, twin.writing() as copy:
        copy.open([replace(moving.conversation(), head=0)])
        copy.append(unit.entries({moving.cid: range(1, 2)})[moving.cid])
    sent = [draft_group(moving.ada, moving.cid, str(n)) for n in range(6)]
    places = st.none() | st.integers(0, 20)
    for now in range(2, data.draw(st.integers(3, 12))):
        if data.draw(st.booleans()):
            moving.move(before=data.draw(st.integers(0, now)), keep=data.draw(st.integers(0, 3)))
        some = data.draw(st.lists(st.sampled_from(sent), max_size=4))
        assert moving.ledger.commit_old(some, now) == still.commit(some, now)
        after, before = data.draw(places), data.draw(places)
        for of in ({"after": after, "before": None}, {"after": None, "before": before}):
            page = [
                one.messages(moving.ada, moving.cid, limit=3, **of)
                for one in (moving.ledger, still)
            ]
            assert page[0] == page[1]
        cursor = {moving.cid: data.draw(st.integers(0, 20))}
        mine, theirs = (one.sync(moving.ada, cursor) for one in (moving.ledger, still))
        assert [m.entries for m in mine.conversations] == [m.entries for m in theirs.conversations]
        assert (mine.left, mine.more) == (theirs.left, theirs.more)


class Damaging(MemoryArchive):
    """An archive that writes something else for one conversation."""

    damaged = ""

    def store(self, entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> None:
        damaged = [replace(e, text="?") if e.cid == self.damaged else e for e in entries]
        super().store(damaged, texts)


class Interrupting(MemoryArchive):
    """While something is copied, somebody is forgotten in the ledger."""

    store_: Store
    cid = ""

    def digests(self, spans: Spans) -> dict[str, Digest]:
        with self.store_.writing() as unit:
            unit.forgetting.forget(self.cid, [2])
        return super().digests(spans)


class DeathError(Exception):
    """The process ends here."""


class Faults:
    """Ends the process at one step of many."""

    def __init__(self, at: int) -> None:
        self._left = at

    def pass_one(self) -> None:
        self._left -= 1
        if self._left < 0:
            self._left = ALL
            raise DeathError


class FailingStore:
    """A store whose transactions fail before, or after they are durable."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        self._faults.pass_one()
        with self._store.reading() as unit:
            yield unit

    @contextmanager
    def writing(self) -> Iterator[Unit]:
        with self._store.writing() as unit:
            yield unit
            self._faults.pass_one()
        self._faults.pass_one()

    def wipe(self) -> bool:
        return self._store.wipe()


class FailingArchive:
    """An archive that fails before and after it has stored, half of it at first."""

    def __init__(self, archive: Archive, faults: Faults) -> None:
        self._archive = archive
        self._faults = faults

    def prepare(self) -> None:
        self._archive.prepare()

    def store(self, entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> None:
        self._faults.pass_one()
        self._archive.store(entries[: len(entries) // 2], texts)
        self._faults.pass_one()
        self._archive.store(entries, texts)
        self._faults.pass_one()

    def digests(self, spans: Spans) -> dict[str, Digest]:
        self._faults.pass_one()
        return self._archive.digests(spans)

    def drop(self, spans: Spans) -> None:
        self._archive.drop(spans)

    def entries(self, spans: Spans) -> dict[str, list[Entry]]:
        return self._archive.entries(spans)

    def numbered(self, places: Collection[Place]) -> dict[Place, Entry]:
        return self._archive.numbered(places)

    def known(self, keys: Collection[Key]) -> dict[Key, Entry]:
        return self._archive.known(keys)

    def shown(self, places: Collection[Place]) -> set[Place]:
        return self._archive.shown(places)

    def find(
        self, wanted: Wanted, spans: Spans, besides: frozenset[Place], limit: int
    ) -> list[Indexed]:
        return self._archive.find(wanted, spans, besides, limit)

    def first_since(self, times: Mapping[str, int]) -> dict[str, int]:
        return self._archive.first_since(times)

    def forget(self, spans: Spans) -> None:
        self._archive.forget(spans)

    def forget_sender(self, uid: str, cids: Collection[str]) -> None:
        self._archive.forget_sender(uid, cids)
