"""Carry out what is to be forgotten: in the ledger, in the search index, and in the archive.

The ledger goes first. What the archive holds of the same entries, even what was copied and never
counted as archived, is forgotten after it, and only then is the job done: who dies in between
does it again, which changes nothing.
"""

import time
from collections.abc import Callable, Mapping

from storage.archive.archive import Archive
from storage.errors import UnavailableError
from storage.ledger.forgetting import forget
from storage.model import Conversation
from storage.unit import Spans, Store

_CONVERSATIONS = 500
_DAY = 24 * 3600 * 1000


class Forgetter:
    """Forgets, in small transactions; ``rest`` is called between two with the last one's seconds.

    No two may work on one ledger at a time, nor one beside a mover that is at work.
    """

    def __init__(
        self,
        store: Store,
        archive: Archive | None,
        *,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._archive = archive
        self._rest = rest
        # Whoever was here before may have died before it was done.
        self._has_traces = True
        self._wipe_due = 0

    def sweep(self, now: int) -> None:
        """Forget what is older than its conversation keeps. ``now`` is in milliseconds.

        Raises:
            UnavailableError: a database does not answer; the next sweep goes on.
        """
        after = ""
        while True:
            with self._store.reading() as unit:
                spans = unit.forgetting.outdated(now=now, after=after, limit=_CONVERSATIONS)
                found = unit.conversations(spans)
            if not spans:
                return
            self._forget_all(self._in_archive(spans, found, now), found)
            after = max(spans)

    def erase(self) -> None:
        """Forget everything of the people who have left.

        Raises:
            UnavailableError: a database does not answer; it goes on another time.
        """
        with self._store.reading() as unit:
            uids = unit.forgetting.erasures()
        for uid in uids:
            with self._store.reading() as unit:
                found = unit.conversations(unit.forgetting.ever_in(uid))
            spans = {cid: range(1, c.head + 1) for cid, c in found.items()}
            waiting = [cid for cid, span in spans.items() if not self._forget(cid, span, uid)]
            if not waiting:
                if archive := self._archive_of(found):
                    archive.forget_sender(uid, spans.keys())
                with self._store.writing() as unit:
                    for cid, conversation in found.items():
                        unit.index.drop_within(cid, range(1, conversation.archived + 1), uid)
                    unit.forgetting.end_erasure(uid)
                self._has_traces, self._wipe_due = True, 0

    def wipe(self, now: int) -> None:
        """Take what is forgotten off the disk, too: of a person at once, else once a day.

        Raises:
            UnavailableError: the database does not answer; another call goes on.
        """
        if not self._has_traces or now < self._wipe_due:
            return
        more, anew = True, True
        while more:
            begun = time.monotonic()
            with self._store.writing() as unit:
                more = unit.index.condense(anew=anew)
            anew = False
            self._rest(time.monotonic() - begun)
        if self._store.wipe():
            self._has_traces, self._wipe_due = False, now + _DAY

    def _archive_of(self, found: Mapping[str, Conversation]) -> Archive | None:
        if self._archive is None and any(c.archived for c in found.values()):
            raise UnavailableError("the settings name no archive")
        return self._archive

    def _in_archive(self, spans: Spans, found: Mapping[str, Conversation], now: int) -> Spans:
        """Shorten spans where the archive holds something that is young enough."""
        since = {cid: now - (c.retention_days or 0) * _DAY for cid, c in found.items()}
        times = {
            cid: since[cid]
            for cid, c in found.items()
            if c.archived > c.forgotten and c.archived_until >= since[cid]
        }
        archive = self._archive_of(found)
        young = archive.first_since(times) if archive and times else {}
        return {
            cid: range(span.start, min(span.stop, young.get(cid, span.stop)))
            for cid, span in spans.items()
        }

    def _forget_all(self, spans: Spans, found: Mapping[str, Conversation]) -> None:
        done = {cid: span for cid, span in spans.items() if span and self._forget(cid, span, None)}
        if not done:
            return
        if archive := self._archive_of(found):
            archive.forget(done)
        self._has_traces = True
        with self._store.writing() as unit:
            for cid in sorted(done):
                # What the index knows better than the archive is forgotten there by now.
                archived = min(done[cid].stop, found[cid].archived + 1)
                unit.index.drop_within(cid, range(1, archived))
                unit.forgetting.note_forgotten(cid, done[cid].stop - 1)

    def _forget(self, cid: str, span: range, sender: str | None) -> bool:
        """Forget in the ledger; tell whether it is done, or must wait for the indexer."""
        more: bool | None = True
        while more:
            begun = time.monotonic()
            with self._store.writing() as unit:
                more = forget(unit, cid, span, sender)
            self._rest(time.monotonic() - begun)
        return more is False
