"""The core's journal on files: group commit, answers when it is safe, restoring at the start."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from broker.core.figures import Figure
from broker.core.message import Message
from broker.core.session import Session
from broker.journal.files import Files
from broker.journal.log import Log, Segment
from broker.journal.records import (
    Arrived,
    Done,
    ReceivedComplete,
    Record,
    RetainedKept,
    Sent,
    SentComplete,
    SessionEnded,
    SessionKept,
    Stored,
)
from mqtt.properties import Properties

_log = logging.getLogger(__name__)
_SEGMENT_BYTES = 8 * 1024 * 1024
_RETRY_SECONDS = 1.0

Safe = Callable[[list[Message]], None]
"""Told of messages that are on disk."""


class FileJournal:
    """Implements ``broker.core.core.Journal``. While one batch is written, the next is gathered."""

    def __init__(self, folder: Path, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._files = Files(folder)
        self.log = Log(segment_bytes)
        self._recover()
        numbers = (found.number for found in self.log.records.values() if isinstance(found, Stored))
        self._next = 1 + max(numbers, default=0)
        self._chunks: list[tuple[int, bytes]] = []
        self._records: list[Record | None] = []
        self._places: dict[int, int] = {}
        self._waiting: list[Message] = []
        self._steps: list[Callable[[], None]] = []
        self._doomed: list[int] = []
        self._is_writing = False
        self._failures = 0
        self._safe: Safe = lambda _messages: None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def start(self, safe: Safe) -> None:
        """Answer to ``safe`` from now on."""
        self._safe = safe

    def stop(self) -> None:
        """Write what is left."""
        self._thread.shutdown()
        self._frame()
        self._files.append(self._chunks)
        self._chunks = []
        self._files.close()

    def store(
        self, message: Message, client_ids: list[str], origin: tuple[str, int] | None = None
    ) -> None:
        message.number = self._next
        self._next += 1
        if origin is None:
            self._places[message.number] = len(self._records)
        self._write(
            Stored(
                message.number,
                message.field,
                message.payload,
                message.qos,
                message.born,
                message.expires_at,
                _numbered(message.properties),
                client_ids,
                origin,
            )
        )
        self._waiting.append(message)

    def then(self, step: Callable[[], None]) -> None:
        self._steps.append(step)

    def sent(self, client_id: str, packet_id: int, number: int) -> None:
        self._write(Sent(client_id, packet_id, number))

    def sent_complete(self, client_id: str, packet_id: int) -> None:
        self._write(SentComplete(client_id, packet_id))

    def received_complete(self, client_id: str, packet_id: int) -> None:
        self._write(ReceivedComplete(client_id, packet_id))

    def arrived(self, message: Message, client_id: str) -> None:
        number = message.number
        if message.waiting:
            self._write(Arrived(number, client_id))
        elif (place := self._places.pop(number, None)) is not None:
            # Nobody needs it any more, and it is not even written.
            self._records[place] = None
        else:
            self._write(Done(number))

    def keep_session(self, session: Session) -> None:
        grants = {wish: tuple(grant) for wish, grant in session.subscriptions.items()}
        self._write(SessionKept(session.client_id, session.expiry, grants, session.is_service))

    def end_session(self, client_id: str) -> None:
        self._write(SessionEnded(client_id))

    def retain(self, message: Message) -> None:
        self._write(
            RetainedKept(
                message.field,
                message.payload,
                message.qos,
                message.born,
                message.expires_at,
                _numbered(message.properties),
            )
        )

    def figures(self) -> Iterator[Figure]:
        """Say how large it is, and what it has done."""
        log, files = self.log, self._files
        for name, meaning, value in (
            ("segments", "Files of the journal.", len(log.segments)),
            ("bytes", "Size of the journal.", log.total_bytes),
            ("live_bytes", "What of it is still true.", log.live_bytes),
            ("written_bytes_total", "Bytes written to the journal.", files.written_bytes),
            ("fsyncs_total", "Calls of fsync.", files.syncs),
            ("fsync_seconds_total", "Seconds that they took.", files.sync_seconds),
            ("failures_total", "Times that it could not be written.", self._failures),
        ):
            yield Figure(
                f"journal/{name.removesuffix('_total')}", f"journal_{name}", meaning, value
            )

    def _recover(self) -> None:
        segments: dict[int, Segment] = {}
        for number, record, size in self._files.read():
            if number not in segments:
                segments[number] = Segment(number)
                self.log.segments = list(segments.values())
            self.log.apply(record, size)

    def _write(self, record: Record) -> None:
        self._records.append(record)
        if not self._is_writing:
            self._is_writing = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _frame(self) -> None:
        records, self._records = self._records, []
        self._places.clear()
        self._chunks += [self.log.write(record) for record in records if record is not None]

    def _begin(self) -> None:
        self._frame()
        if self.log.is_wasteful():
            self._chunks += [self.log.write(record) for record in self.log.oldest()]
            self._doomed.append(self.log.drop_oldest())
        chunks, self._chunks = _joined(self._chunks), []
        waiting, self._waiting = self._waiting, []
        steps, self._steps = self._steps, []
        doomed, self._doomed = self._doomed, []
        writing = asyncio.get_running_loop().run_in_executor(
            self._thread, self._on_thread, chunks, doomed
        )
        writing.add_done_callback(lambda done: self._written(done, chunks, waiting, steps, doomed))

    def _on_thread(self, chunks: list[tuple[int, bytes]], doomed: list[int]) -> None:
        self._files.append(chunks)
        for number in doomed:
            self._files.delete(number)

    def _written(
        self,
        done: "asyncio.Future[None]",
        chunks: list[tuple[int, bytes]],
        waiting: list[Message],
        steps: list[Callable[[], None]],
        doomed: list[int],
    ) -> None:
        loop = asyncio.get_running_loop()
        error = done.exception()
        if error is not None:
            self._failures += 1
            _log.error("the journal cannot be written: %s", error)
            self._chunks = chunks + self._chunks
            self._waiting = waiting + self._waiting
            self._steps = steps + self._steps
            self._doomed = doomed + self._doomed
            loop.call_later(_RETRY_SECONDS, self._begin)
            return
        self._safe(waiting)
        for step in steps:
            step()
        if self._records:
            loop.call_soon(self._begin)
        else:
            self._is_writing = False


def _numbered(properties: Properties) -> dict[int, Any]:
    return {int(name): value for name, value in properties.items()}


def _joined(chunks: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Put the pieces of each segment together; they come in order."""
    pieces: dict[int, list[bytes]] = {}
    for number, data in chunks:
        pieces.setdefault(number, []).append(data)
    return [(number, b"".join(found)) for number, found in pieces.items()]
