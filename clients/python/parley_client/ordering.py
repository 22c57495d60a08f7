"""Each message once and in order, by its number. Pure.

A conversation's cursor is the seq of its last entry that was shown. The next is ``cursor + 1``;
what is not newer is dropped; what is too new is held until what is missing has been fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from parley_protocol.payloads import Entry


@dataclass(frozen=True, slots=True)
class Start:
    """The conversation is new to the device: ask where it stands."""


@dataclass(frozen=True, slots=True)
class Page:
    """Entries are missing: fetch those after ``after``."""

    after: int


@dataclass(frozen=True, slots=True)
class Whole:
    """Only the beginning of a long text has come: fetch all of ``seq``."""

    seq: int


Need = Start | Page | Whole


class Sequencer:
    """Turns what arrives, in whatever order and however often, into the log."""

    def __init__(self, cursors: Mapping[str, int]) -> None:
        self._cursors = dict(cursors)
        self._held: dict[str, dict[int, Entry]] = {}

    @property
    def cursors(self) -> dict[str, int]:
        """The seq of the last entry that was shown, per conversation."""
        return dict(self._cursors)

    def knows(self, cid: str) -> bool:
        """Tell whether a conversation has a cursor."""
        return cid in self._cursors

    def start(self, cid: str, seq: int) -> list[Entry]:
        """Begin a conversation behind ``seq``; give what can be shown now."""
        self._cursors.setdefault(cid, seq)
        return self._release(cid)

    def offer(self, entry: Entry) -> list[Entry]:
        """Take an entry; give what can be shown now, in order."""
        cid, seq = entry.cid, entry.seq
        cursor = self._cursors.get(cid)
        if cursor is None and seq == 1:
            cursor = self._cursors[cid] = 0
        if cursor is not None and seq <= cursor:
            return []
        held = self._held.setdefault(cid, {})
        if seq not in held or held[seq].partial:
            held[seq] = entry
        return self._release(cid)

    def forget(self, cid: str) -> None:
        """Drop a conversation that the person is no longer in."""
        self._cursors.pop(cid, None)
        self._held.pop(cid, None)

    def need(self, cid: str) -> Need | None:
        """Say what has to be fetched before more of a conversation can be shown."""
        held = self._held.get(cid)
        if not held:
            return None
        cursor = self._cursors.get(cid)
        if cursor is None:
            return Start()
        return Whole(cursor + 1) if cursor + 1 in held else Page(cursor)

    def _release(self, cid: str) -> list[Entry]:
        held = self._held.get(cid, {})
        cursor = self._cursors.get(cid)
        if cursor is None:
            return []
        for seq in [seq for seq in held if seq <= cursor]:
            del held[seq]
        shown: list[Entry] = []
        while (entry := held.get(cursor + 1)) is not None and not entry.partial:
            shown.append(held.pop(cursor + 1))
            cursor += 1
        self._cursors[cid] = cursor
        if not held:
            self._held.pop(cid, None)
        return shown
