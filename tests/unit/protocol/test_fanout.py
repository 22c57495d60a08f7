"""One publish for many inboxes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_protocol import fanout, topics

_UIDS = st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), max_size=5)


@given(_UIDS, st.binary(max_size=50))
def test_what_is_packed_comes_out(uids: list[str], payload: bytes) -> None:
    inboxes, received = fanout.unpack(fanout.pack(uids, payload))
    assert (inboxes, received) == ([topics.inbox(uid).encode() for uid in uids], payload)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\1", b"\0\1" + bytes(15)])
def test_what_ends_too_early(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends before"):
        fanout.unpack(data)
