"""What an archive keeps: one contract for memory, Debian's ClickHouse and today's engine."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from parley_protocol.ids import new_id
from parley_protocol.payloads import Entry, Forwarded, SystemChange
from storage.archive import Archive, open_archive, queries, schema
from storage.archive.clickhouse import ClickHouseArchive
from storage.archive.connection import Connection, connect
from storage.archive.digest import digest
from storage.archive.memory import MemoryArchive
from storage.errors import UnavailableError
from storage.search.index import Indexed, Wanted
from storage.search.query import parse
from storage.search.words import words
from storage.unit import Spans
from tests.chdb import ChdbConnection
from tests.clickhouse import ClickHouse


@pytest.fixture(scope="module")
def chdb() -> Iterator[ChdbConnection]:
    """Today's engine; one a process can have."""
    with closing(ChdbConnection()) as connection:
        yield connection


@pytest.fixture(params=["memory", "clickhouse", "chdb"])
def archive(request: pytest.FixtureRequest) -> Archive:
    """An archive with new conversations to come."""
    if request.param == "memory":
        return MemoryArchive()
    if request.param == "clickhouse":
        found: ClickHouseArchive = request.getfixturevalue("clickhouse_archive")
    else:
        found = ClickHouseArchive(request.getfixturevalue("chdb"))
    found.prepare()
    found.prepare()
    return found


def entries_of(cid: str, count: int = 9) -> list[Entry]:
    """Make entries of all kinds."""
    first = Entry(
        cid=cid,
        seq=1,
        id=new_id(),
        sender=new_id(),
        stored_at=1,
        sent_at=1,
        type="system",
        system=SystemChange(action="created", uids=(new_id(),), name="Größe"),
    )
    rest = [
        Entry(
            cid=cid,
            seq=seq,
            id=new_id(),
            sender=new_id(),
            device=new_id(),
            stored_at=seq * 3_000_000_000,
            sent_at=2**53 - 1,
            text=f"'{seq}' \\ \n\t الكلام 👩‍👩‍👧‍👦",
            mentions=(new_id(),),
            reply_to=first.id,
            forwarded=Forwarded(sender=new_id(), sent_at=seq),
        )
        for seq in range(2, count + 1)
    ]
    return [first, *rest]


def test_every_field_comes_back(archive: Archive) -> None:
    cid, other = new_id(), new_id()
    entries, others = entries_of(cid), entries_of(other)
    archive.store(entries + others)
    found = archive.entries({cid: range(2, 5), other: range(1, 99), new_id(): range(1, 5)})
    assert found[cid] == entries[1:4]
    assert found[other] == others
    assert archive.entries({}) == {}


def test_messages_are_found_by_id(archive: Archive) -> None:
    cid, other = new_id(), new_id()
    entries, others = entries_of(cid), entries_of(other)
    archive.store(entries + others)
    wanted = [entries[0], entries[7], others[3]]
    keys = {(entry.cid, entry.id) for entry in wanted}
    elsewhere = {(other, entries[0].id), (cid, new_id()), (new_id(), new_id())}
    assert archive.known(keys | elsewhere) == {(e.cid, e.id): e for e in wanted}
    assert archive.known([]) == {}


def test_what_is_stored_twice_is_there_once(archive: Archive) -> None:
    cid = new_id()
    entries = entries_of(cid)
    for some in (entries[:6], entries[3:], entries):
        archive.store(some)
    assert archive.entries({cid: range(1, 99)})[cid] == entries
    key = (cid, entries[5].id)
    assert archive.known([key]) == {key: entries[5]}
    assert archive.digests({cid: range(1, 99)}) == {cid: digest(entries)}


def test_what_is_dropped_is_gone(archive: Archive) -> None:
    cid, other = new_id(), new_id()
    entries, others = entries_of(cid), entries_of(other)
    archive.store(entries + others)
    archive.drop({cid: range(3, 6)})
    found = archive.entries({cid: range(1, 99), other: range(1, 99)})
    assert found[cid] == entries[:2] + entries[5:]
    assert found[other] == others


MONTH = 31 * 24 * 3600 * 1000


def said(cid: str, seq: int, text: str, sender: str) -> Entry:
    return Entry(
        cid=cid, seq=seq, id=new_id(), sender=sender, stored_at=seq * MONTH, sent_at=1, text=text
    )


def found_in(archive: Archive, spans: Spans, query: str, limit: int = 9, **of: Any) -> list[int]:
    """Give the seqs that are found, in their order."""
    asked = {"cid": None, "sender": None, "since": 0, "until": 99 * MONTH, "before": None} | of
    besides = asked.pop("besides", frozenset())
    wanted = Wanted(new_id(), parse(query), **asked)
    return [message.seq for message in archive.find(wanted, spans, besides, limit)]


def test_words_are_found_the_newest_first(archive: Archive) -> None:
    cid, other, ada = new_id(), new_id(), new_id()
    lines = [
        "Hello, Ada",
        "hello again",
        "Привет, мир",
        "東京都",
        "no words",
        "hello there",
        "a hello",
    ]
    entries = [said(cid, seq, text, new_id()) for seq, text in enumerate(lines, 1)]
    entries[1] = replace(entries[1], sender=ada)
    entries += [said(other, 1, "hello", ada)]
    texts = {
        (e.cid, e.seq): Indexed(e.cid, e.seq, e.sender, e.stored_at, e.seq, words(e.text))
        for e in entries
        if e.text != "no words"
    }
    for _ in range(2):
        archive.store(entries, texts)
    own, both = {cid: range(1, 7)}, {cid: range(1, 7), other: range(1, 2)}
    assert found_in(archive, own, "hello") == [6, 2, 1]
    assert found_in(archive, own, "hello", limit=2) == [6, 2]
    assert found_in(archive, own, "hello", before=(6 * MONTH, cid, 6)) == [2, 1]
    assert found_in(archive, own, "hello", since=2 * MONTH, until=6 * MONTH) == [2]
    assert found_in(archive, own, "hello", limit=1, besides=frozenset({(cid, 6)})) == [2]
    assert found_in(archive, both, "hello", sender=ada) == [2, 1]
    for query, seqs in (("hel*", [6, 2, 1]), ('"hello a"*', [2, 1]), ("ello", []), ("word*", [])):
        assert found_in(archive, own, query) == seqs
    assert (found_in(archive, own, "МИР"), found_in(archive, own, "京都")) == ([3], [4])
    assert archive.shown([(cid, 1), (cid, 5), (other, 9)]) == {(cid, 1)}
    assert archive.digests({cid: range(1, 8)}) == {cid: digest(entries[:7], texts)}
    archive.forget_sender(ada, [cid])
    archive.forget({cid: range(1, 2)})
    assert found_in(archive, both, "hello") == [6, 1]
    places = [(cid, 6), (other, 1), (other, 2)]
    assert archive.numbered(places) == {(cid, 6): entries[5], (other, 1): entries[7]}


def test_todays_engine_skips_blocks_without_the_word(chdb: ChdbConnection) -> None:
    ClickHouseArchive(chdb).prepare()
    wanted = Wanted(new_id(), parse("hello"), None, None, 0, 1, None)
    explained = f"EXPLAIN indexes = 1 {queries.matches(wanted, [new_id()], 1)}"
    plan = chdb.ask(f"SELECT hex(explain) FROM ({explained})")
    assert any(b"tokenbf_v1" in bytes.fromhex(line) for (line,) in plan)


@pytest.mark.parametrize("archive", ["clickhouse", "chdb"], indirect=True)
def test_two_that_differ_under_one_seq_are_noticed(archive: Archive) -> None:
    cid = new_id()
    first = entries_of(cid)
    second = [replace(e, stored_at=e.stored_at + 9_000_000_000, text="other") for e in first]
    archive.store(first)
    archive.store(second)
    found = archive.digests({cid: range(1, 99)})[cid]
    assert found.count == len(first) + len(second)


def test_many_conversations_at_once(archive: Archive) -> None:
    logs = {new_id(): entries_of("") for _ in range(40)}
    logs = {cid: [replace(entry, cid=cid) for entry in log] for cid, log in logs.items()}
    archive.store([entry for log in logs.values() for entry in log])
    found = archive.digests({cid: range(2, 6) for cid in logs})
    assert found == {cid: digest(log[1:5]) for cid, log in logs.items()}


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
IDS = st.binary(min_size=16, max_size=16).filter(any).map(bytes.hex)


@st.composite
def logs(draw: st.DrawFn) -> list[Entry]:
    count = draw(st.integers(1, 5))
    return [
        Entry(
            cid="",
            seq=seq,
            id=draw(IDS),
            sender=draw(IDS),
            device=draw(st.none() | IDS),
            stored_at=draw(st.integers(0, 2**40)),
            sent_at=draw(st.integers(0, 2**53 - 1)),
            text=draw(TEXTS),
            emoji=draw(st.none() | TEXTS),
        )
        for seq in range(1, count + 1)
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(log=logs(), changed=st.integers(0, 4), kind=st.sampled_from(["text", "id", "device"]))
def test_the_digest_is_the_same_on_both_sides_and_sees_a_change(
    archive: Archive, log: Sequence[Entry], changed: int, kind: str
) -> None:
    cid = new_id()
    own = [replace(entry, cid=cid) for entry in log]
    archive.store(own)
    span = {cid: range(1, 99)}
    assert archive.entries(span)[cid] == own
    assert archive.digests(span) == {cid: digest(own)}
    other = own[changed % len(own)]
    value = f"{other.text}." if kind == "text" else new_id()
    other = replace(other, **{kind: value})
    assert digest([other if e.seq == other.seq else e for e in own]) != digest(own)


def test_the_schema_knows_its_own_state(clickhouse: ClickHouse) -> None:
    with closing(connect(clickhouse.new_database(), 60)) as connection:
        assert not schema.is_current(connection)
        schema.migrate(connection)
        assert schema.is_current(connection)
        assert steps(connection) == {"messages", "text_seq", "words"}


def test_a_newer_server_gets_what_it_alone_understands(chdb: ChdbConnection) -> None:
    schema.migrate(chdb)
    assert schema.is_current(chdb)
    assert steps(chdb) == {step.name for step in schema.STEPS}
    ((made,),) = chdb.ask("SELECT create_table_query FROM system.tables WHERE name = 'messages'")
    assert "`seq` UInt64 CODEC(Delta(8), ZSTD(1))" in made
    assert "fsync_after_insert = 1" in made


def steps(connection: Connection) -> set[str]:
    return {name for (name,) in connection.ask("SELECT name FROM schema_steps")}


def test_a_server_that_is_away_hangs_or_refuses_is_unavailable(clickhouse: ClickHouse) -> None:
    url = clickhouse.new_database()
    with closing(connect(url, 1)) as connection:
        archive = ClickHouseArchive(connection)
        archive.prepare()
        cid = new_id()
        archive.store(entries_of(cid))
        span = {cid: range(1, 3)}
        clickhouse.freeze()
        with pytest.raises(UnavailableError):
            archive.entries(span)
        clickhouse.thaw()
        assert len(archive.entries(span)[cid]) == 2
        clickhouse.kill()
        with pytest.raises(UnavailableError):
            archive.entries(span)
        clickhouse.start()
        assert len(archive.entries(span)[cid]) == 2
        connection.run("DROP TABLE messages")
        with pytest.raises(UnavailableError, match="60"):
            archive.entries(span)


def test_no_archive_says_so() -> None:
    archive = open_archive("")
    with pytest.raises(UnavailableError):
        archive.entries({new_id(): range(1, 2)})
    with pytest.raises(UnavailableError):
        archive.known([(new_id(), new_id())])
