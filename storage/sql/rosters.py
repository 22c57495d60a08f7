"""Who is in a conversation, remembered between transactions.

A conversation names its roster by a random number, another one after every change of members and
roles, in the same transaction. So what was read with a number is true wherever that number is.
"""

import secrets
import threading
from collections import OrderedDict

from storage.model import Member

_MEMBERS_MAX = 200_000
"""About 40 MB."""


def new_roster() -> int:
    """Name a set of members and roles that has not been there before."""
    return secrets.randbits(63)


class Rosters:
    """The rosters that were used last; for all threads."""

    def __init__(self, members_max: int = _MEMBERS_MAX) -> None:
        self._most = members_max
        self._size = 0
        self._found: OrderedDict[str, tuple[int, dict[str, Member]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, cid: str, roster: int) -> dict[str, Member] | None:
        """Give a conversation's members by uid, their receipts left out."""
        with self._lock:
            found = self._found.get(cid)
            if found is None or found[0] != roster:
                return None
            self._found.move_to_end(cid)
            return found[1]

    def keep(self, cid: str, roster: int, members: dict[str, Member]) -> None:
        """Remember members. Nobody may change them afterwards."""
        with self._lock:
            self._size += len(members) - len(self._found.pop(cid, (0, {}))[1])
            self._found[cid] = roster, members
            while self._size > self._most:
                _, (_, gone) = self._found.popitem(last=False)
                self._size -= len(gone)
