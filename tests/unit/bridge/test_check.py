"""From a publish to something that the ledger can decide."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.check import Refused, Writing, check
from parley_protocol import topics
from parley_protocol.ids import new_id, pair_cid
from parley_protocol.payloads import Message, Receipt, Typing, encode
from storage.model import Draft, Mark

ADA, DEVICE, GRACE, GROUP = (new_id() for _ in range(4))


def topic(scope: topics.Scope, target: str, kind: topics.Kind) -> str:
    return str(topics.Send(ADA, DEVICE, scope, target, kind))


def test_a_message_takes_its_sender_from_the_topic() -> None:
    message = Message(id=new_id(), sent_at=1, text="hello")
    forged = encode(message)[:-1] + b',"from":"' + GRACE.encode() + b'"}'
    assert check(topic("dm", GRACE, "message"), forged) == Draft(ADA, DEVICE, "dm", GRACE, message)


def test_a_receipt_and_typing() -> None:
    receipt = encode(Receipt(cid=GROUP, delivered=4, read=2))
    assert check(topic("group", GROUP, "receipt"), receipt) == Mark(ADA, GROUP, 4, 2)
    typing = encode(Typing(on=True))
    assert check(topic("group", GROUP, "typing"), typing) == Writing(ADA, GROUP, on=True)
    pair = Writing(ADA, pair_cid(ADA, GRACE), on=True)
    assert check(topic("dm", GRACE, "typing"), typing) == pair


def test_a_broken_message_is_answered_to_its_device() -> None:
    secret = "do not repeat this"
    message = new_id()
    payload = f'{{"id":"{message}","sent_at":"{secret}","text":"{secret}"}}'.encode()
    refused = check(topic("dm", GRACE, "message"), payload)
    assert isinstance(refused, Refused)
    assert refused.uid == ADA
    assert (refused.rejected.id, refused.rejected.code) == (message, "malformed")
    assert refused.rejected.device == DEVICE
    assert secret not in refused.rejected.detail


@given(payload=st.binary(), kind=st.sampled_from(["message", "receipt", "typing"]))
def test_no_bytes_raise(payload: bytes, kind: topics.Kind) -> None:
    check(topic("group", GROUP, kind), payload)


@given(st.text())
def test_no_topic_raises(text: str) -> None:
    assert check(text, b"") is None
