"""One publish for many inboxes: what a service hands to a broker that can fan out by itself.

The payload is the number of recipients in two bytes, big-endian, their uids in 16 bytes each, and
then what each of them receives. Only a service may publish it; no client ever sees it.
"""

from parley_protocol import topics

_COUNT = 2
_UID = 16
_INBOX = topics.inbox("").encode()
RECIPIENTS_MAX = 0xFFFF


def pack(recipients: list[str], payload: bytes) -> bytes:
    """Put recipients before a payload."""
    uids = bytes.fromhex("".join(recipients))
    return len(recipients).to_bytes(_COUNT) + uids + payload


def unpack(data: bytes) -> tuple[list[bytes], bytes]:
    """Give the topics of the recipients' inboxes, in UTF-8, and what each receives.

    Raises:
        ValueError: the data ends before the recipients do.
    """
    begin = _COUNT + _UID * int.from_bytes(data[:_COUNT])
    if len(data) < begin or len(data) < _COUNT:
        raise ValueError("ends before its recipients do")
    uids = data[_COUNT:begin].hex().encode()
    size = 2 * _UID
    inboxes = [_INBOX + uids[at : at + size] for at in range(0, len(uids), size)]
    return inboxes, data[begin:]
