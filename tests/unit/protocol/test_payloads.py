"""Ids, topics and payloads."""

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley_protocol import limits, payloads, topics
from parley_protocol.checks import Refusal, read_message
from parley_protocol.ids import client_id, is_id, new_id, pair_cid
from parley_protocol.payloads import Entry, Message, decode_down, encode, for_delivery

IDS = st.uuids().map(lambda value: value.hex)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def test_new_ids_are_uuids_of_version_7_in_order_of_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(is_id(text) and uuid.UUID(text).version == 7 for text in ids)
    assert all(uuid.UUID(text).variant == uuid.RFC_4122 for text in ids)
    stamps = [text[:12] for text in ids]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("text", ["", "x" * 32, "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n"])
def test_what_is_no_id(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": text, "sent_at": 1}, Message)


@given(IDS, IDS)
def test_a_pair_has_one_conversation(ada: str, grace: str) -> None:
    assert pair_cid(ada, grace) == pair_cid(grace, ada)
    assert is_id(pair_cid(ada, grace))


def test_the_pairs_id_never_changes() -> None:
    assert pair_cid("0" * 32, "1" * 32) == "47456b9f3b265c7e83ca1c988d9834b9"


@given(IDS, IDS, st.sampled_from(["dm", "group"]), IDS, st.sampled_from(["message", "typing"]))
def test_topics_are_read_as_they_are_built(
    uid: str, device: str, scope: topics.Scope, target: str, kind: topics.Kind
) -> None:
    send = topics.Send(uid, device, scope, target, kind)
    assert topics.parse_send(str(send)) == send
    assert str(send).startswith(topics.send_prefix(uid, device))
    for broken in (f"{send}/", f"/{send}", f"{send}\n", str(send).upper()):
        assert topics.parse_send(broken) is None


@given(IDS, IDS)
def test_a_client_id_names_person_and_device(uid: str, device: str) -> None:
    assert client_id(uid, device) == f"{uid}-{device}"


@given(TEXTS)
def test_any_text_arrives_as_it_was(text: str) -> None:
    message = Message(id=new_id(), sent_at=1, text=text)
    assert read_message(encode(message)) == message


@pytest.mark.parametrize("character", ["x", "🦊", "ب", "é", "e\u0301"[1], "\u200f", "\x08"])
def test_the_longest_text_of_any_script(character: str) -> None:
    longest = Message(id=new_id(), sent_at=1, text=character * limits.TEXT_MAX)
    assert read_message(encode(longest)) == longest
    too_long = encode({"id": new_id(), "sent_at": 1, "text": character * (limits.TEXT_MAX + 1)})
    refused = read_message(too_long)
    assert isinstance(refused, Refusal)
    assert refused.code == "too_long"


def test_control_characters_fit_the_largest_payload() -> None:
    worst = encode(Message(id=new_id(), sent_at=1, text="\x01" * limits.TEXT_MAX))
    assert len(worst) < limits.PAYLOAD_MAX
    assert isinstance(read_message(worst), Message)


def test_non_ascii_is_not_escaped_and_unknown_fields_are_ignored() -> None:
    message = Message(id=new_id(), sent_at=1, text="ü")
    assert "ü".encode() in encode(message)
    assert read_message(encode(message)[:-1] + b',"later":{"x":[1]}}') == message


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": "a\0b"},
        {"text": 5},
        {"text": None},
        {"type": "system"},
        {"type": "edit", "text": "x"},
        {"type": "edit", "text": "", "target": "0" * 32},
        {"type": "reaction", "target": "0" * 32},
        {"type": "reaction", "target": "0" * 32, "emoji": ""},
        {"type": "delete"},
        {"type": "file"},
        {"sent_at": -1},
        {"sent_at": "now"},
        {"reply_to": "nothing"},
        {"mentions": ["0" * 32] * 101},
    ],
)
def test_malformed_messages_are_refused_under_their_id(fields: dict[str, object]) -> None:
    message_id = new_id()
    payload = encode({"id": message_id, "sent_at": 1, "text": "hello"} | fields)
    refused = read_message(payload)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.id) == ("malformed", message_id)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"id":"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": "0", "sent_at": 1, "text": "\\ud800"}',
        b'{"id": "0", "sent_at": 1, "text": "\xed\xa0\x80"}',
    ],
)
def test_broken_payloads_are_refused(payload: bytes) -> None:
    assert isinstance(read_message(payload), Refusal)


def test_an_oversized_payload_is_refused_unread() -> None:
    refused = read_message(b" " * (limits.PAYLOAD_MAX + 1))
    assert isinstance(refused, Refusal)
    assert refused.code == "too_long"


@given(st.binary())
def test_no_bytes_raise(payload: bytes) -> None:
    read_message(payload)


@given(st.text(min_size=5))
def test_a_refusal_never_repeats_what_was_sent(secret: str) -> None:
    secret = f"secret {secret}"
    for payload in (
        {"id": secret},
        {"id": new_id(), "sent_at": secret},
        {"text": [secret]},
        {"id": new_id(), "sent_at": 1, "type": secret},
        {"id": new_id(), "sent_at": 1, "text": "x", "mentions": [secret]},
    ):
        refused = read_message(encode(payload))
        assert isinstance(refused, Refusal)
        assert secret not in refused.detail


@given(TEXTS)
def test_delivery_cuts_long_texts_alone(text: str) -> None:
    for candidate in (text, text * 5000):
        whole = candidate[: limits.TEXT_MAX]
        entry = Entry(
            cid=new_id(), seq=1, id=new_id(), sender=new_id(), stored_at=1, sent_at=1, text=whole
        )
        delivered = for_delivery(entry)
        is_long = len(whole.encode()) > limits.PARTIAL_OVER
        assert delivered.partial == is_long
        assert delivered.text == (whole[: limits.PARTIAL_CHARACTERS] if is_long else whole)
        assert decode_down(encode(delivered)) == delivered


def test_what_comes_down_says_what_it_is() -> None:
    moved = payloads.ReceiptMoved(cid=new_id(), uid=new_id(), read=3)
    assert decode_down(encode(moved)) == moved
    assert msgspec.json.decode(encode(moved))["kind"] == "receipt"
