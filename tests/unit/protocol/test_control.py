"""Orders to the broker."""

import pytest

from parley_protocol import control
from parley_protocol.control import EndedSession, EndedSessions
from parley_protocol.ids import client_id, new_id

_ENDED = EndedSession(uid=new_id(), device=new_id(), sid=new_id(), until=100, is_over=True)


def test_an_order_is_read_as_it_was_written() -> None:
    assert control.decode(control.encode(_ENDED)) == _ENDED
    assert _ENDED.client_id == client_id(_ENDED.uid, _ENDED.device)


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"\xff", control.encode(_ENDED).replace(_ENDED.sid.encode(), b"")],
)
def test_what_is_no_order(payload: bytes) -> None:
    with pytest.raises(ValueError, match="not an order"):
        control.decode(payload)


def test_sessions_are_known_until_their_last_token_expires() -> None:
    ended = EndedSessions()
    ended.add(_ENDED, 50)
    assert _ENDED.sid in ended
    for second in range(51, 200):
        later = EndedSession(
            uid=new_id(), device=new_id(), sid=new_id(), until=second + 50, is_over=True
        )
        ended.add(later, second)
        assert later.sid in ended
    assert _ENDED.sid not in ended
    assert len(ended) == 50
