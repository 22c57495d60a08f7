"""Ids: UUIDs as 32 lower-case hex digits, so that they fit into a topic level as they are."""

import re
import secrets
import time
import uuid
from functools import lru_cache

# Never changes: a pair's conversation id is derived from it on every device.
_PAIRS = uuid.UUID("6f1f4d3e-6c0b-5f7e-9a53-0d6a2f6e4b11")
_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (random >> 62) << 64
    value |= 0b10 << 62 | (random & 0x3FFF_FFFF_FFFF_FFFF)
    return f"{value:032x}"


def made_at(text: str) -> int | None:
    """Give the milliseconds since 1970 at which a UUIDv7 was made; ``None`` for another id."""
    is_v7 = text[12] == "7" and text[16] in "89ab"
    return int(text[:12], 16) if is_v7 else None


def is_id(text: str) -> bool:
    """Tell whether ``text`` is 32 lower-case hex digits."""
    return _ID.fullmatch(text) is not None


@lru_cache(maxsize=1 << 16)
def pair_cid(uid: str, peer: str) -> str:
    """Give the conversation id of two people: the UUIDv5 of their ids, sorted."""
    return uuid.uuid5(_PAIRS, "".join(sorted((uid, peer)))).hex


def client_id(uid: str, device: str) -> str:
    """Give the MQTT client id of a person's device."""
    return f"{uid}-{device}"
