"""The log: keyed records in segments, and what of them is still true. The files are elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from broker.journal.records import (
    Arrived,
    Done,
    Key,
    Received,
    ReceivedComplete,
    Record,
    RetainedKept,
    Sent,
    SentComplete,
    SessionEnded,
    SessionKept,
    Stored,
    frame,
)

_SLACK = 2
_OF_CLIENTS = ("o", "i")
"""Kinds of keys that end with a client's session."""


@dataclass
class Segment:
    """A file of the log: its number, its size in bytes, and the live records in it."""

    number: int
    size: int = 0
    live: dict[Key, int] = field(default_factory=dict)


class Log:
    """Where each live record is. ``write`` gives the bytes to be appended."""

    def __init__(self, segment_bytes: int) -> None:
        self.segments = [Segment(1)]
        self.records: dict[Key, Record] = {}
        self._home: dict[Key, Segment] = {}
        self._of_client: dict[str | int, tuple[Key, ...]] = {}
        self._segment_bytes = segment_bytes
        self.live_bytes = 0

    @property
    def current(self) -> Segment:
        """The segment that is written."""
        return self.segments[-1]

    @property
    def total_bytes(self) -> int:
        """The size of all segments."""
        return sum(segment.size for segment in self.segments)

    def write(self, record: Record) -> tuple[int, bytes]:
        """Append a record: give the segment's number and the bytes."""
        data = frame(record)
        if self.current.size and self.current.size + len(data) > self._segment_bytes:
            self.segments.append(Segment(self.current.number + 1))
        self.apply(record, len(data))
        return self.current.number, data

    def apply(self, record: Record, size: int) -> None:
        """Take note of a record at the end of the current segment."""
        self.current.size += size
        match record:
            case Arrived():
                stored = self.records.get(("m", record.number))
                if isinstance(stored, Stored) and record.client_id in stored.receivers:
                    stored.receivers.remove(record.client_id)
            case Done():
                self._forget(("m", record.number))
            case SentComplete():
                self._forget(("o", record.client_id, record.packet_id))
            case ReceivedComplete():
                self._forget(("i", record.client_id, record.packet_id))
            case SessionEnded():
                for key in (("s", record.client_id), *self._of_client.get(record.client_id, ())):
                    self._forget(key)
            case RetainedKept(payload=b""):
                self._forget(_key(record))
            case _:
                self._place(_key(record), record, size)
        if isinstance(record, Stored) and record.origin is not None:
            received, record.origin = Received(*record.origin), None
            self._place(_key(received), received, 0)

    def is_wasteful(self) -> bool:
        """Tell whether much more is kept than is live."""
        return len(self.segments) > _SLACK and self.total_bytes > _SLACK * (
            self.live_bytes + self._segment_bytes
        )

    def oldest(self) -> Iterator[Record]:
        """Give what is live in the oldest segment; written again, it is no longer there."""
        for key in list(self.segments[0].live):
            yield self.records[key]

    def drop_oldest(self) -> int:
        """Forget the oldest segment; give its number."""
        return self.segments.pop(0).number

    def _place(self, key: Key, record: Record, size: int) -> None:
        self._forget(key)
        self.records[key] = record
        self._home[key] = self.current
        self.current.live[key] = size
        self.live_bytes += size
        if key[0] in _OF_CLIENTS:
            self._of_client[key[1]] = (*self._of_client.get(key[1], ()), key)

    def _forget(self, key: Key) -> None:
        home = self._home.pop(key, None)
        if home is not None:
            self.live_bytes -= home.live.pop(key)
            del self.records[key]
            if key[0] in _OF_CLIENTS:
                left = tuple(found for found in self._of_client.pop(key[1]) if found != key)
                if left:
                    self._of_client[key[1]] = left


def _key(record: Record) -> Key:
    match record:
        case Stored():
            return "m", record.number
        case Sent():
            return "o", record.client_id, record.packet_id
        case Received():
            return "i", record.client_id, record.packet_id
        case SessionKept():
            return "s", record.client_id
        case RetainedKept():
            return "r", record.field.decode()
    raise TypeError(f"{type(record).__name__} is about another record")
