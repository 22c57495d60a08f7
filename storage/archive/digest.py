"""A checksum of messages that the ledger's side and ClickHouse compute alike. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from parley_protocol.payloads import Entry
from storage.extra import pack
from storage.search.index import Indexed, Place

NO_DEVICE = "0" * 32
"""How the archive writes that an entry comes from no device."""
NOTHING = ""
"""How the archive writes that an entry has no rare fields."""

Texts = Mapping[Place, Indexed]
"""How search finds messages; those that are left out, it does not find."""
NO_TEXTS: Texts = MappingProxyType({})


class Digest(Struct, frozen=True):
    """How many entries there are, and the MD5 of all their columns, in hex digits.

    It finds what was damaged or left out on the way, and is no defence against an attacker.
    """

    count: int
    md5: str


def digest(entries: Sequence[Entry], texts: Texts = NO_TEXTS) -> Digest:
    """Sum up entries by rising seq; ``storage.archive.queries.digests`` says the same in SQL."""
    lines = "\0".join([_line(entry, texts.get((entry.cid, entry.seq))) for entry in entries])
    md5 = hashlib.md5(lines.encode(), usedforsecurity=False)
    return Digest(len(entries), md5.hexdigest())


def _line(e: Entry, found: Indexed | None) -> str:
    # No text holds U+0000, so no two entries have one line.
    return (
        f"{e.id}{e.sender}{e.device or NO_DEVICE}{e.seq},{e.stored_at},{e.sent_at},{e.type},"
        f"{e.text}\0{pack(e) or NOTHING}\0"
        + (f"{found.text_seq},{spaced(found.words)}" if found else "0,")
    )


def spaced(words: str) -> str:
    """Write words as the archive holds them: a space before and behind each."""
    return f" {words} "
