"""What a service tells the broker itself, on ``topics.CONTROL``; no client ever sees it."""

import msgspec
from msgspec import Struct

from parley_protocol.ids import client_id
from parley_protocol.payloads import Id


class EndedSession(Struct, frozen=True, kw_only=True):
    """A device's session has ended: its tokens are worth nothing from now on.

    ``sid`` is in all of them, and the last expires at ``until``, in seconds since 1970. Of a
    session that ``is_over``, what is queued for the device goes, too; another may have taken its
    place on the same device.
    """

    uid: Id
    device: Id
    sid: Id
    until: int
    is_over: bool

    @property
    def client_id(self) -> str:
        """The MQTT client id that the session's tokens open."""
        return client_id(self.uid, self.device)


class EndedSessions:
    """Sessions whose tokens have not all expired yet. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._until: dict[str, int] = {}

    def add(self, ended: EndedSession, now: float) -> None:
        """Note a session."""
        while self._until and next(iter(self._until.values())) <= now:
            del self._until[next(iter(self._until))]
        self._until[ended.sid] = ended.until

    def __contains__(self, sid: str) -> bool:
        return sid in self._until

    def __len__(self) -> int:
        return len(self._until)


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(EndedSession).decode


def decode(payload: bytes) -> EndedSession:
    """Read an order.

    Raises:
        ValueError: it is not one.
    """
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueError("not an order") from None
