"""People who talk, and what they see: every message once and in order, and how long it took."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from bench.path.device import Device
from parley_protocol.ids import new_id
from parley_protocol.payloads import Message, encode

_TEXT = "What is said here is as long as what people say in a chat, most of the time. " * 2
_TICK_SECONDS = 0.002
_PATIENCE_SECONDS, _LOOK_SECONDS = 60.0, 0.002


class _Heard(msgspec.Struct):
    """As much of what comes to an inbox as is looked at."""

    kind: str
    cid: str = ""
    seq: int = 0
    id: str = ""


_decode = msgspec.json.Decoder(_Heard).decode


@dataclass(eq=False)
class Speaker:
    """Somebody who sends, and how many people get it."""

    device: Device
    receivers: int


@dataclass
class Latencies:
    """In nanoseconds: until the sender's own copy came, and until everybody else's did."""

    stored: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, float]:
        """Give medians and 99th percentiles in milliseconds."""
        found = {}
        for name, taken in (("stored", self.stored), ("delivered", self.delivered)):
            ranked = sorted(taken) or [0]
            found[f"{name}_median_ms"] = round(ranked[len(ranked) // 2] / 1e6, 1)
            found[f"{name}_p99_ms"] = round(ranked[len(ranked) * 99 // 100] / 1e6, 1)
        return found


async def until(condition: Callable[[], bool], story: Callable[[], str]) -> None:
    """Wait until something is so.

    Raises:
        SystemExit: it takes too long.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"it takes too long: {story()}")
        await asyncio.sleep(_LOOK_SECONDS)


class Crowd:
    """Counts and times what its devices send and hear."""

    def __init__(self) -> None:
        self.sent = self.stored = self.delivered = self.owed = 0
        self.taken = self.repeats = 0
        self.faults: list[str] = []
        self.latencies = Latencies()
        self.again: Callable[[Speaker], None] = lambda _speaker: None
        self._due: dict[str, tuple[Speaker, int]] = {}
        self._heads: dict[tuple[str, str], int] = {}

    def watch(self, device: Device) -> None:
        """Look at everything that a device hears."""
        device.heard, device.taken, device.lost = self._hear, self._take, self._lose

    def send(self, speaker: Speaker, due: int = 0) -> None:
        """Say something that was to be said at ``due``, or now."""
        message = Message(id=new_id(), sent_at=time.time_ns() // 1_000_000, text=_TEXT)
        self._due[message.id] = (speaker, due or time.monotonic_ns())
        self.sent += 1
        self.owed += speaker.receivers
        speaker.device.send(encode(message))

    async def keep_rate(self, speakers: list[Speaker], rate: float, until: asyncio.Event) -> None:
        """Let the speakers take turns, so many messages a second together.

        Times are taken from when a message was due: a slow generator hides nothing.
        """
        begun, count = time.monotonic_ns(), 0
        while not until.is_set():
            due = (time.monotonic_ns() - begun) * rate / 1e9
            while count < due:
                self.send(speakers[count % len(speakers)], begun + int(count * 1e9 / rate))
                count += 1
            await asyncio.sleep(_TICK_SECONDS)

    async def settle(self) -> None:
        """Wait until everything that was said has come to everybody, in order.

        Raises:
            SystemExit: it does not come, or not as it should.
        """
        await until(lambda: self.delivered >= self.owed or bool(self.faults), self.story)
        if self.faults or self.delivered != self.owed or self.stored != self.sent:
            raise SystemExit(f"not all, or not in order: {self.story()}")

    def story(self) -> str:
        """Say what has come, and what should not have."""
        return f"{self.delivered:,} of {self.owed:,} came; {self.faults[:3]}"

    def _take(self, _device: Device) -> None:
        self.taken += 1

    def _lose(self, device: Device) -> None:
        self.faults.append(f"{device.uid} has lost its connection")

    def _hear(self, device: Device, payload: bytes) -> None:
        heard = _decode(payload)
        if heard.kind == "rejected":
            self.faults.append(payload.decode())
        if heard.kind != "message":
            return
        where = (device.uid, heard.cid)
        last = self._heads.get(where)
        if last is not None and heard.seq <= last:
            self.repeats += 1
            return
        if last is not None and heard.seq != last + 1:
            self.faults.append(f"{heard.seq} after {last}")
        self._heads[where] = heard.seq
        found = self._due.get(heard.id)
        if found is None:
            return
        speaker, due = found
        self.delivered += 1
        if speaker.device is device:
            self.stored += 1
            self.latencies.stored.append(time.monotonic_ns() - due)
            self.again(speaker)
        else:
            self.latencies.delivered.append(time.monotonic_ns() - due)
