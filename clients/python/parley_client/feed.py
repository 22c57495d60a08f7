"""From what the broker delivers to what the application sees: ordered, whole, once."""

import asyncio
import logging
from collections import deque

from parley_client.api import Api
from parley_client.backoff import Backoff
from parley_client.errors import ApiError, UnreachableError
from parley_client.events import Event
from parley_client.ordering import Page, Sequencer, Start, Whole
from parley_client.store import Store
from parley_client.tasks import finish
from parley_protocol import limits, rest
from parley_protocol.payloads import ConversationChanged, Entry

_log = logging.getLogger(__name__)
_KEEP_SECONDS = 0.2
_FETCHES_AT_ONCE = 4


class Feed:
    """The events of a device. What is missing is fetched while the device is connected."""

    def __init__(self, store: Store, api: Api) -> None:
        self._store = store
        self._api = api
        self._sequencer = Sequencer(store.cursors())
        self._events: deque[Event] = deque()
        self._more = asyncio.Event()
        self._finished: dict[str, int] = {}
        self._keeping: asyncio.TimerHandle | None = None
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_FETCHES_AT_ONCE)

    def show(self, event: Event) -> None:
        """Add an event that has no number."""
        if isinstance(event, ConversationChanged) and event.change == "left":
            self._forget(event.cid)
        self._events.append(event)
        self._more.set()

    def take(self, entry: Entry) -> None:
        """Take an entry in whatever order it comes."""
        self._show_all(self._sequencer.offer(entry))
        if self._sequencer.need(entry.cid) is not None:
            self._mend(entry.cid)

    async def next(self) -> Event:
        """Wait for the next event."""
        while not self._events:
            self._more.clear()
            await self._more.wait()
        return self._events.popleft()

    def finish(self, event: Event) -> None:
        """Note that the application is done with an event; kept within a moment."""
        if isinstance(event, Entry) and self._sequencer.knows(event.cid):
            self._finished[event.cid] = event.seq
            self._keep_soon()

    async def sync(self) -> None:
        """Ask what the device lacks, and take it.

        Raises:
            UnreachableError: the API does not answer.
        """
        cursors, more = self._sequencer.cursors, True
        while more:
            question = rest.SyncQuestion(cursors=cursors)
            answer = await self._api.send("POST", "/v1/sync", question, rest.SyncAnswer)
            for synced in answer.conversations:
                self._take_synced(synced)
                cursors[synced.cid] = synced.head
            for cid in answer.left:
                cursors.pop(cid, None)
                self.show(ConversationChanged(cid=cid, change="left", type="group"))
            more = answer.more

    async def pause(self) -> None:
        """Stop fetching, as the connection is gone."""
        await finish(list(self._fetching.values()))

    def keep(self) -> None:
        """Write down how far the application has come."""
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None
        if self._finished:
            self._store.keep_cursors(self._finished)
            self._finished.clear()

    def _take_synced(self, synced: rest.Synced) -> None:
        if not self._sequencer.knows(synced.cid):
            first = synced.messages[0].seq if synced.messages else synced.head + 1
            # Written at once: after a crash the device must go on from here, not from later.
            self._store.keep_cursors({synced.cid: first - 1})
            self._show_all(self._sequencer.start(synced.cid, first - 1))
        for entry in synced.messages:
            self.take(entry)

    def _show_all(self, entries: list[Entry]) -> None:
        if entries:
            self._events.extend(entries)
            self._more.set()

    def _forget(self, cid: str) -> None:
        self._sequencer.forget(cid)
        self._finished.pop(cid, None)
        self._store.drop_cursor(cid)

    def _keep_soon(self) -> None:
        if self._keeping is None:
            self._keeping = asyncio.get_running_loop().call_later(_KEEP_SECONDS, self.keep)

    def _mend(self, cid: str) -> None:
        if cid not in self._fetching:
            task = asyncio.create_task(self._fetch(cid))
            self._fetching[cid] = task
            task.add_done_callback(lambda _: self._fetching.pop(cid, None))

    async def _fetch(self, cid: str) -> None:
        """Fetch what a conversation lacks, until nothing more is held back."""
        backoff = Backoff()
        while (need := self._sequencer.need(cid)) is not None:
            try:
                async with self._room:
                    await self._fetch_once(cid, need)
                backoff.reset()
            except UnreachableError:
                await asyncio.sleep(backoff.pause())
            except ApiError as error:
                _log.warning("cannot fetch what is missing: %s", error.problem.code)
                return

    async def _fetch_once(self, cid: str, need: Start | Page | Whole) -> None:
        path = f"/v1/conversations/{cid}/messages"
        if isinstance(need, Start):
            await self.sync()
        elif isinstance(need, Whole):
            whole = await self._api.get(f"{path}/{need.seq}", Entry)
            self._show_all(self._sequencer.offer(whole))
        else:
            page = await self._api.get(path, rest.Messages, after=need.after, limit=limits.PAGE_MAX)
            for entry in page.items:
                self._show_all(self._sequencer.offer(entry))
