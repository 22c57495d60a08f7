"""The log's files: read at the start, appended to with one ``fsync`` for many records."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from broker.journal.records import Record, unframe

_log = logging.getLogger(__name__)
_SUFFIX = ".log"


class Files:
    """A folder of segments, named by number.

    It counts how often it has called ``fsync``, how many seconds that took, and the bytes written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._open: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        self.syncs = 0
        self.sync_seconds = 0.0
        self.written_bytes = 0

    def read(self) -> Iterator[tuple[int, Record, int]]:
        """Give every whole record with its segment's number and its size.

        What is broken at a segment's end is cut off and reported: the process or the machine
        stopped in the middle of writing it, so nobody was told that it is safe.
        """
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            number, data, end = int(path.stem), path.read_bytes(), 0
            for record, record_end in unframe(data):
                yield number, record, record_end - end
                end = record_end
            if end < len(data):
                broken = {"file": path.name, "bytes": len(data) - end, "at": end}
                _log.warning("cut off a broken end", extra={"fields": broken})
                os.truncate(path, end)
            self._ends[number] = end

    def append(self, chunks: list[tuple[int, bytes]]) -> None:
        """Append to segments; on disk at return.

        Raises:
            OSError: nothing is lost by trying again.
        """
        ends = dict(self._ends)
        for number, data in chunks:
            at = ends.get(number, 0)
            written = 0
            while written < len(data):
                written += os.pwrite(self._file(number), data[written:], at + written)
            ends[number] = at + len(data)
            self.written_bytes += len(data)
        for number in {number for number, _ in chunks}:
            self._sync(self._file(number))
        self._ends = ends

    def delete(self, number: int) -> None:
        """Delete a segment."""
        if number in self._open:
            os.close(self._open.pop(number))
        self._ends.pop(number, None)
        self._path(number).unlink(missing_ok=True)

    def close(self) -> None:
        """Close all files."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def _sync(self, descriptor: int) -> None:
        begun = time.perf_counter()
        os.fdatasync(descriptor)
        self.sync_seconds += time.perf_counter() - begun
        self.syncs += 1

    def _file(self, number: int) -> int:
        if number not in self._open:
            flags = os.O_WRONLY | os.O_CREAT
            self._open[number] = os.open(self._path(number), flags, 0o600)
            folder = os.open(self._folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return self._open[number]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}{_SUFFIX}"
