"""Search, on every store: what is found, by whom, in which order, indexed or not yet."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley_protocol.payloads import Entry
from storage.archive.memory import MemoryArchive
from storage.archive.mover import Mover
from storage.errors import NotFoundError, QueryError, UnavailableError
from storage.ledger import Ledger
from storage.model import Found, Stored
from storage.search.index import Indexed, Moment, Place
from storage.search.query import parse
from storage.search.words import words
from tests.logs import ubuntu
from tests.unit.storage.conftest import Setting, draft_dm, draft_group, index
from tests.unit.storage.search.texts import few_words, texts

Indexing = Callable[[Ledger], None]


@pytest.fixture(params=["indexed", "not indexed yet"])
def indexing(request: pytest.FixtureRequest) -> Indexing:
    """Index, or leave all to the search itself: what is found must be the same."""
    return index if request.param == "indexed" else lambda _ledger: None


def texts_of(found: Found) -> list[str]:
    return [hit.entry.text for hit in found.hits]


def find(ledger: Ledger, uid: str, query: str, **options: object) -> list[str]:
    found = ledger.search(uid, query, **{"limit": 100} | options)  # type: ignore[arg-type]
    assert (found.next, found.left_out) == (None, 0)
    return texts_of(found)


def say(ledger: Ledger, sender: str, cid: str, text: str, now: int, **fields: object) -> Entry:
    (outcome,) = ledger.commit([draft_group(sender, cid, text, **fields)], now)
    assert isinstance(outcome, Stored)
    return outcome.entry


def test_words_phrases_and_beginnings(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, *_ = people
    said = ["The first compiler", "a second compilation", "the compiler, the first"]
    for now, text in enumerate(said):
        ledger.commit([draft_dm(ada, grace, text)], now)
    indexing(ledger)
    first, second, third = said
    assert find(ledger, grace, "compiler") == [third, first]
    assert find(ledger, ada, "compil*") == [third, second, first]
    assert find(ledger, ada, "THE Cómpiler") == [third, first]
    assert find(ledger, ada, '"first compiler"') == [first]
    assert find(ledger, ada, '"first comp"*') == [first]
    assert find(ledger, ada, "first second") == []
    assert find(ledger, ada, "interpreter") == []


def test_a_hit_is_the_message_with_the_place_of_the_words(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, *_ = people
    (outcome,) = ledger.commit([draft_dm(ada, grace, "Hello, Grace!")], now=7)
    indexing(ledger)
    (hit,) = ledger.search(grace, "grace", limit=1).hits
    assert isinstance(outcome, Stored)
    assert (hit.entry, hit.edited) == (outcome.entry, False)
    assert (hit.snippet.text, hit.snippet.start) == ("Hello, Grace!", 0)
    assert hit.snippet.highlights == ((7, 12),)


def test_only_who_is_a_member_now_finds(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, edith, eve, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    say(ledger, ada, cid, "a secret", 2)
    indexing(ledger)
    assert find(ledger, grace, "secret") == ["a secret"]
    assert find(ledger, eve, "secret") == []
    with pytest.raises(NotFoundError):
        find(ledger, eve, "secret", cid=cid)
    ledger.remove_member(ada, cid, grace, now=3)
    assert find(ledger, grace, "secret") == []
    with pytest.raises(NotFoundError):
        find(ledger, grace, "secret", cid=cid)
    ledger.add_members(ada, cid, [edith], now=4)
    assert find(ledger, edith, "secret") == find(ledger, edith, "secret", cid=cid) == ["a secret"]


def test_narrowed_by_conversation_person_and_time(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, edith, *_ = people
    one, other = (ledger.create_group(ada, name, [grace], now=1).cid for name in "ab")
    for now, (who, cid) in enumerate([(ada, one), (grace, one), (ada, other), (grace, other)], 10):
        say(ledger, who, cid, f"tea at {now}", now)
    indexing(ledger)
    assert find(ledger, ada, "tea") == ["tea at 13", "tea at 12", "tea at 11", "tea at 10"]
    assert find(ledger, ada, "tea", cid=one) == ["tea at 11", "tea at 10"]
    assert find(ledger, ada, "tea", sender=grace) == ["tea at 13", "tea at 11"]
    assert find(ledger, ada, "tea", sender=grace, cid=other) == ["tea at 13"]
    assert find(ledger, ada, "tea", sender=edith) == []
    assert find(ledger, ada, "tea", since=11, until=13) == ["tea at 12", "tea at 11"]


def test_a_words_search_does_not_find_ids(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, *_ = people
    cid = ledger.create_group(ada, "Compilers", [], now=1).cid
    say(ledger, ada, cid, "tea", 2)
    indexing(ledger)
    for query in (ada, cid, f"@{ada}", f"{ada[:6]}*"):
        assert find(ledger, ada, query) == []


def test_an_edited_message_is_found_by_its_new_text_alone(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    first = say(ledger, ada, cid, "old words", 2)
    indexing(ledger)
    say(ledger, ada, cid, "newer words", 3, type="edit", target=first.id)
    say(ledger, ada, cid, "newest words", 4, type="edit", target=first.id)
    assert find(ledger, grace, "old") == find(ledger, grace, "newer") == []
    indexing(ledger)
    assert find(ledger, grace, "old") == find(ledger, grace, "newer") == []
    (hit,) = ledger.search(grace, "words", limit=10).hits
    assert (hit.entry.id, hit.entry.seq, hit.entry.text) == (first.id, first.seq, "newest words")
    assert hit.edited
    assert hit.snippet.text == "newest words"


def test_a_deleted_message_is_not_found_whatever_is_edited_later(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, *_ = people
    cid = ledger.create_group(ada, "Compilers", [grace], now=1).cid
    first = say(ledger, ada, cid, "regretted", 2)
    indexing(ledger)
    say(ledger, ada, cid, "", 3, type="delete", target=first.id)
    assert find(ledger, grace, "regretted") == []
    indexing(ledger)
    say(ledger, ada, cid, "regretted again", 4, type="edit", target=first.id)
    assert find(ledger, grace, "regretted") == []
    indexing(ledger)
    assert find(ledger, grace, "regretted") == []


def test_what_is_no_message_is_not_found(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, *_ = people
    cid = ledger.create_group(ada, "Compilers", [], now=1).cid
    first = say(ledger, ada, cid, "tea", 2)
    say(ledger, ada, cid, "biscuit", 3, type="reaction", target=first.id, emoji="🍪")
    ledger.rename(ada, cid, "Biscuits", now=4)
    indexing(ledger)
    assert find(ledger, ada, "biscuit*") == find(ledger, ada, "🍪") == []


def test_what_cannot_be_looked_for_is_said(ledger: Ledger, people: list[str]) -> None:
    with pytest.raises(QueryError):
        ledger.search(people[0], "?", limit=1)


def test_the_longest_texts_are_found_by_their_last_word(ledger: Ledger, people: list[str]) -> None:
    ada, grace, *_ = people
    long = [
        "".join(f"{n:x} " for n in range(17_000))[:99_994] + " needle",
        "".join(map(chr, range(0x20000, 0x2A000)))[:40_000] + "needle",
    ]
    ledger.commit([draft_dm(ada, grace, text) for text in long], now=1)
    index(ledger)
    assert len(ledger.search(ada, "needle", limit=10).hits) == 2
    assert len(ledger.search(ada, "needle", limit=10, sender=ada).hits) == 2


def pages(ledger: Ledger, uid: str, query: str, limit: int) -> Iterator[list[str]]:
    before: Moment | None = None
    while True:
        found = ledger.search(uid, query, limit=limit, before=before)
        yield texts_of(found)
        if found.next is None:
            return
        before = found.next


def test_pages_go_on_where_the_last_ended_whatever_comes_in_between(
    ledger: Ledger, people: list[str], indexing: Indexing
) -> None:
    ada, grace, *_ = people
    for now in range(7):
        ledger.commit([draft_dm(ada, grace, f"tea {now}")], now)
    indexing(ledger)
    seen = []
    for page in pages(ledger, ada, "tea", 3):
        seen.append(page)
        ledger.commit([draft_dm(ada, grace, "tea, again")], 10)
    assert seen == [["tea 6", "tea 5", "tea 4"], ["tea 3", "tea 2", "tea 1"], ["tea 0"]]


def test_what_is_brought_in_late_is_found_by_its_time(
    setting: Setting, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zones of the index may overlap in time; here they are full with two messages."""
    for module in ("storage.search.zones", "storage.sql.search"):
        monkeypatch.setattr(f"{module}.SIZE", 2)
    ledger = setting.ledger
    ada, grace, *_ = people
    for now in (50, 10, 90, 30, 70, 20, 80, 40, 60, *range(100, 1000, 10)):
        ledger.commit([draft_dm(ada, grace, f"tea {now}")], now)
        if now <= 100 or now % 100 == 0:
            index(ledger)
    index(ledger)
    every = [f"tea {now}" for now in range(990, 0, -10)]
    assert find(ledger, ada, "tea") == every
    assert list(pages(ledger, ada, "tea", 40)) == [every[:40], every[40:80], every[80:]]
    assert find(ledger, ada, "tea", since=30, until=60) == every[-5:-2]
    assert find(ledger, ada, "40") == ["tea 40"]


def test_much_that_is_not_indexed_yet_is_counted(setting: Setting, people: list[str]) -> None:
    ledger, (ada, *_) = setting.ledger, people
    cid = ledger.create_group(ada, "Busy", [], now=1).cid
    ledger.commit([draft_group(ada, cid, f"tea {n}") for n in range(700)], now=2)
    found = ledger.search(ada, "tea", limit=1)
    assert found.left_out == 701 - 500 - ledger.conversation(ada, cid).archived
    index(ledger)
    found = ledger.search(ada, "tea", limit=1)
    assert (texts_of(found), found.left_out) == (["tea 699"], 0)
    assert len(texts_of(ledger.search(ada, "tea", limit=800))) == 700


def test_an_indexer_that_comes_second_changes_nothing(ledger: Ledger, people: list[str]) -> None:
    ada, *_ = people
    cid = ledger.create_group(ada, "Compilers", [], now=1).cid
    first = say(ledger, ada, cid, "old", 2)
    late = ledger.unindexed()
    say(ledger, ada, cid, "new", 3, type="edit", target=first.id)
    index(ledger)
    for portion in late:
        ledger.index(portion)
    assert find(ledger, ada, "old") == []
    assert find(ledger, ada, "new") == ["new"]


def test_an_indexer_that_is_killed_loses_and_doubles_nothing(
    setting: Setting, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, (ada, grace, *_) = setting.ledger, people
    ledger.commit([draft_dm(ada, grace, f"tea {n}") for n in range(5)], now=2)

    def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched, setting.store.reading() as unit:
        patched.setattr(type(unit.index), "advance", die)
        for portion in ledger.unindexed():
            with pytest.raises(RuntimeError):
                ledger.index(portion)
    index(ledger)
    assert len(find(ledger, ada, "tea")) == 5


class Divided:
    """A group of whose history the ledger has the newest, and an archive all else."""

    def __init__(self, setting: Setting) -> None:
        self.archive = setting.archive or MemoryArchive()
        self.store = setting.store
        self.ledger = Ledger(setting.store, self.archive)
        self.archive.prepare()
        self.ada, self.grace, self.eve = setting.add_people(3)
        self.cid = self.ledger.create_group(self.ada, "Old", [self.grace], now=1).cid

    def say(self, text: str, now: int, **fields: object) -> Entry:
        draft = draft_group(self.ada, self.cid, text, **fields)
        (outcome,) = self.ledger.commit_old([draft], now)
        assert isinstance(outcome, Stored)
        return outcome.entry

    def move(self, keep: int = 0) -> None:
        Mover(self.store, self.archive, keep=keep, rest=lambda _: None).move(1 << 62)

    def find(self, query: str, uid: str = "") -> list[str]:
        return find(self.ledger, uid or self.grace, query)

    def indexed(self) -> dict[Place, Indexed]:
        with self.store.reading() as unit:
            return unit.index.at([(self.cid, seq) for seq in range(1, 100)])


def test_what_is_archived_is_found_and_leaves_the_index(setting: Setting) -> None:
    house = Divided(setting)
    for now in range(2, 9):
        house.say(f"tea {now}", now)
    index(house.ledger)
    house.move(keep=2)
    assert len(house.indexed()) == 2
    assert house.find("tea") == [f"tea {now}" for now in range(8, 1, -1)]
    assert house.find("tea", house.eve) == []
    assert list(pages(house.ledger, house.ada, "tea", 3)) == [
        ["tea 8", "tea 7", "tea 6"],
        ["tea 5", "tea 4", "tea 3"],
        ["tea 2"],
    ]


def test_what_is_archived_can_be_edited_and_deleted(setting: Setting, indexing: Indexing) -> None:
    """By later entries, which the ledger has, or which are archived in their turn."""
    house = Divided(setting)
    first, second, third = (house.say(f"tea {now}", now) for now in (2, 3, 4))
    house.say("", 5, type="delete", target=first.id)
    index(house.ledger)
    house.move()
    house.say("tea again", 6, type="edit", target=first.id)
    house.say("", 7, type="delete", target=second.id)
    house.say("tea and more", 8, type="edit", target=second.id)
    house.say("coffee", 9, type="edit", target=third.id)
    indexing(house.ledger)
    for _ in range(2):
        assert house.find("tea") == []
        assert house.find("coffee") == ["coffee"]
        (hit,) = house.ledger.search(house.ada, "coffee", limit=1).hits
        assert (hit.entry.id, hit.entry.stored_at, hit.edited) == (third.id, 4, True)
        index(house.ledger)
        house.move()
    house.say("water", 10, type="edit", target=third.id)
    assert (house.find("coffee"), house.find("water")) == ([], ["water"])


def test_an_edit_that_the_indexer_has_not_read_keeps_its_message_in_the_ledger(
    setting: Setting,
) -> None:
    house = Divided(setting)
    first = house.say("tea", 2)
    index(house.ledger)
    house.say("coffee", 3, type="edit", target=first.id)
    house.move()
    assert (house.find("tea"), house.find("coffee")) == ([], ["coffee"])
    index(house.ledger)
    # The first one may find what was copied before, which differs by now, and drop it.
    for _ in range(2):
        house.move()
        assert (house.find("tea"), house.find("coffee")) == ([], ["coffee"])
    assert house.indexed() == {}


def test_a_message_whose_edit_is_not_archived_yet(setting: Setting) -> None:
    house = Divided(setting)
    first = house.say("tea", 2)
    house.say("milk", 3)
    house.say("coffee", 4, type="edit", target=first.id)
    index(house.ledger)
    house.move(keep=1)
    assert (house.find("tea"), house.find("coffee")) == ([], ["coffee"])
    house.move()
    assert (house.find("tea"), house.find("coffee")) == ([], ["coffee"])


def test_without_the_archive_a_page_of_what_is_newer_is_found(setting: Setting) -> None:
    house = Divided(setting)
    for now in range(2, 9):
        house.say(f"tea {now}", now)
    index(house.ledger)
    house.move(keep=3)
    alone = Ledger(house.store)
    assert texts_of(alone.search(house.ada, "tea", limit=2)) == ["tea 8", "tea 7"]
    assert find(alone, house.ada, "tea", since=7) == ["tea 8", "tea 7"]
    with pytest.raises(UnavailableError):
        alone.search(house.ada, "tea", limit=3)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_search_equals_a_look_at_every_message(setting: Setting, data: st.DataObject) -> None:
    """In any script, with edits, deletions and any part indexed: found is what reads so now."""
    ledger, (ada, grace, eve) = setting.ledger, setting.add_people(3)
    groups = [ledger.create_group(ada, name, [grace], now=1).cid for name in "ab"]
    now_read: dict[str, tuple[Moment, str, str]] = {}
    said: list[Entry] = []
    for now in range(2, 2 + data.draw(st.integers(1, 8))):
        kinds = ["text", "text", "edit", "delete"] if said else ["text"]
        kind, text = data.draw(st.sampled_from(kinds)), data.draw(texts)
        if kind == "text":
            sender, cid = (
                data.draw(st.sampled_from([ada, grace])),
                data.draw(st.sampled_from(groups)),
            )
            entry = say(ledger, sender, cid, text, now // 2)
            said.append(entry)
            now_read[entry.id] = (entry.stored_at, cid, entry.seq), sender, text
        else:
            old = data.draw(st.sampled_from(said))
            say(ledger, old.sender, old.cid, text, now // 2, type=kind, target=old.id)
            if kind == "delete":
                now_read.pop(old.id, None)
            elif old.id in now_read:
                now_read[old.id] = *now_read[old.id][:2], text
        if data.draw(st.booleans()):
            index(ledger)
    query = " ".join(data.draw(few_words)[:2]) if data.draw(st.booleans()) else data.draw(texts)
    query = data.draw(st.sampled_from([query, f'"{query}"', f"{query}*"]))
    in_one = data.draw(st.sampled_from([None, *groups]))
    of_one = data.draw(st.sampled_from([None, ada]))
    try:
        patterns = parse(query)
    except QueryError:
        return
    expected = [
        (moment, text)
        for moment, by, text in sorted(now_read.values(), reverse=True)
        if all(pattern.matches(words(text)) for pattern in patterns)
        and in_one in {None, moment[1]}
        and of_one in {None, by}
    ]
    found = ledger.search(grace, query, limit=100, cid=in_one, sender=of_one)
    hits = [((h.entry.stored_at, h.entry.cid, h.entry.seq), h.entry.text) for h in found.hits]
    assert hits == expected
    assert all(hit.snippet.highlights for hit in found.hits)
    assert ledger.search(eve, query, limit=100).hits == []


@pytest.mark.parametrize("log", ubuntu()[:1], ids=lambda file: file.name)
def test_real_group_chat(ledger: Ledger, people: list[str], log: Path) -> None:
    ada, grace, *_ = people
    lines = [line for line in log.read_text().splitlines() if line]
    for at in range(0, len(lines), 300):
        ledger.commit([draft_dm(ada, grace, line) for line in lines[at : at + 300]], now=at)
    index(ledger)
    for query in ("ubuntu", "the", '"in the"', "inst*", "the and", "nvidia driver", "zebra"):
        patterns = parse(query)
        naive = [line for line in lines if all(p.matches(words(line)) for p in patterns)]
        found = ledger.search(grace, query, limit=len(lines))
        assert sorted(texts_of(found)) == sorted(naive), query
