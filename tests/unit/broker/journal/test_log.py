"""What is written is there again, whatever the tail of the files looks like."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.journal.files import Files
from broker.journal.log import Log
from broker.journal.records import (
    Arrived,
    Done,
    Key,
    ReceivedComplete,
    Record,
    RetainedKept,
    Sent,
    SentComplete,
    SessionEnded,
    SessionKept,
    Stored,
    frame,
    unframe,
)

_NUMBERS = st.integers(1, 5)
_NAMES = st.sampled_from(["ada", "bob", "carl"])
_PAYLOADS = st.binary(max_size=60)


def stored(number: int, payload: bytes = b"x", origin: tuple[str, int] | None = None) -> Stored:
    return Stored(number, b"\0\1a", payload, 1, 1.5, None, {}, ["ada", "bob"], origin)


records = st.one_of(
    st.builds(stored, _NUMBERS, _PAYLOADS, st.none() | st.tuples(_NAMES, _NUMBERS)),
    st.builds(Sent, _NAMES, _NUMBERS, _NUMBERS),
    st.builds(SentComplete, _NAMES, _NUMBERS),
    st.builds(ReceivedComplete, _NAMES, _NUMBERS),
    st.builds(Arrived, _NUMBERS, _NAMES),
    st.builds(Done, _NUMBERS),
    st.builds(
        SessionKept, _NAMES, st.integers(1, 9), st.just({"a/+": (1, False, True, 7)}), st.booleans()
    ),
    st.builds(SessionEnded, _NAMES),
    st.builds(
        RetainedKept,
        st.sampled_from([b"\0\1a", b"\0\1b"]),
        _PAYLOADS,
        st.just(1),
        st.just(1.0),
        st.just(None),
        st.just({38: [["a", "b"]]}),
    ),
)


def plain(found: dict[Key, Record]) -> dict[Key, bytes]:
    return {key: frame(record) for key, record in found.items()}


def reread(folder: Path, segment_bytes: int = 200) -> Log:
    log, files, number = Log(segment_bytes), Files(folder), 1
    for segment, record, size in files.read():
        while number < segment:
            number += 1
            log.segments.append(type(log.current)(number))
        log.apply(record, size)
    files.close()
    return log


@settings(max_examples=50)
@given(st.lists(records, max_size=60))
def test_frames_come_back(written: list[Record]) -> None:
    data = b"".join(map(frame, written))
    assert [record for record, _ in unframe(data)] == written


@settings(max_examples=50, deadline=None)
@given(written=st.lists(records, max_size=60))
def test_a_log_read_again_is_the_log(
    tmp_path_factory: pytest.TempPathFactory, written: list[Record]
) -> None:
    """However much of it was cleaned away on the way."""
    folder = tmp_path_factory.mktemp("log")
    log, files = Log(200), Files(folder)
    for record in written:
        chunks = [log.write(record)]
        if log.is_wasteful():
            chunks += [log.write(old) for old in log.oldest()]
            files.append(chunks)
            files.delete(log.drop_oldest())
        else:
            files.append(chunks)
    files.close()
    again = reread(folder)
    assert plain(again.records) == plain(log.records)


def test_a_log_stays_small(tmp_path: Path) -> None:
    log, files = Log(1_000), Files(tmp_path)
    for number in range(5_000):
        chunks = [log.write(stored(number, b"y" * 50)), log.write(Done(number))]
        if log.is_wasteful():
            chunks += [log.write(old) for old in log.oldest()]
            files.append(chunks)
            files.delete(log.drop_oldest())
        else:
            files.append(chunks)
    files.close()
    assert not log.records
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 5_000


@pytest.mark.parametrize("damage", ["cut", "changed", "zeros", "rubbish"])
def test_a_broken_tail_is_cut_off_and_reported(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    log, files = Log(10_000), Files(tmp_path)
    files.append([log.write(stored(number)) for number in (1, 2, 3)])
    files.close()
    (file,) = tmp_path.iterdir()
    data, size = file.read_bytes(), len(frame(stored(3)))
    broken = {
        "cut": data[:-3],
        "changed": data[:-1] + bytes((data[-1] ^ 1,)),
        "zeros": data[:-size] + bytes(size),
        "rubbish": data[:-size] + b"\xff" * 300,
    }[damage]
    file.write_bytes(broken)
    again = reread(tmp_path)
    assert sorted(again.records) == [("m", 1), ("m", 2)]
    assert "cut off" in caplog.text
    files = Files(tmp_path)
    list(files.read())
    files.append([again.write(stored(4))])
    files.close()
    assert sorted(reread(tmp_path).records) == [("m", 1), ("m", 2), ("m", 4)]


def test_receivers_that_have_it_are_not_asked_for_again(tmp_path: Path) -> None:
    log, files = Log(10_000), Files(tmp_path)
    files.append([log.write(stored(1)), log.write(Arrived(1, "ada"))])
    files.close()
    record = reread(tmp_path).records["m", 1]
    assert isinstance(record, Stored)
    assert record.receivers == ["bob"]
