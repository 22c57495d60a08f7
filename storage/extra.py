"""What few messages have, as one JSON text, which is a column in every store. Pure."""

import msgspec

from parley_protocol.payloads import Entry, Forwarded, SystemChange


class Extra(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields that few messages have."""

    reply_to: str | None = None
    target: str | None = None
    emoji: str | None = None
    file: str | None = None
    mentions: tuple[str, ...] = ()
    forwarded: Forwarded | None = None
    system: SystemChange | None = None


_NONE = Extra()
_NO = (None, None, None, None, (), None, None)
_decode = msgspec.json.Decoder(Extra).decode
_encode = msgspec.json.Encoder().encode


def pack(entry: Entry) -> str | None:
    """Give an entry's rare fields as JSON, or ``None`` where it has none."""
    # Most have none, and then a comparison is ten times as fast as an object.
    if (
        entry.reply_to,
        entry.target,
        entry.emoji,
        entry.file,
        entry.mentions,
        entry.forwarded,
        entry.system,
    ) == _NO:
        return None
    extra = Extra(
        reply_to=entry.reply_to,
        target=entry.target,
        emoji=entry.emoji,
        file=entry.file,
        mentions=entry.mentions,
        forwarded=entry.forwarded,
        system=entry.system,
    )
    return _encode(extra).decode()


def unpack(text: str | None) -> Extra:
    """Give the rare fields that ``pack`` has written."""
    return _decode(text) if text else _NONE
