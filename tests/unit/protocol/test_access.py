"""Tokens, and what they open."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from parley_protocol import access, tokens, topics
from parley_protocol.ids import client_id
from parley_protocol.tokens import Claims, InvalidTokenError

KEY = Ed25519PrivateKey.generate()
ADA, PHONE, GRACE, OTHER = (f"019a0000000070008000{n:012x}" for n in range(4))
DEVICE = Claims(sub=ADA, device=PHONE, scope="device", iat=0, exp=9, jti="x")
BRIDGE = Claims(sub="bridge", device=PHONE, scope="service", iat=0, exp=9, jti="x")


def token(key: Ed25519PrivateKey = KEY) -> str:
    return tokens.issue(key, sub=ADA, device=PHONE, scope="device", now=100, seconds=60)


def test_a_token_says_who_holds_it_until_it_expires() -> None:
    claims = tokens.verify(KEY.public_key(), token(), now=159)
    assert (claims.sub, claims.device, claims.scope) == (ADA, PHONE, "device")
    assert (claims.iat, claims.exp) == (100, 160)
    with pytest.raises(InvalidTokenError, match="expired"):
        tokens.verify(KEY.public_key(), token(), now=160)


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, {"sub": ADA, "scope": "service", "exp": 10**12}]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b""]).decode()


@pytest.mark.parametrize(
    "broken",
    [
        token(Ed25519PrivateKey.generate()),
        unsigned(),
        token()[:-4] + "AAAA",
        token().replace(".", ".A", 1),
        "",
        "a.b.c",
        "é",
    ],
)
def test_other_tokens_open_nothing(broken: str) -> None:
    with pytest.raises(InvalidTokenError):
        tokens.verify(KEY.public_key(), broken, now=100)


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(InvalidTokenError):
        tokens.verify(KEY.public_key(), text, now=100)


@pytest.mark.parametrize(
    ("client", "username", "allowed"),
    [
        (client_id(ADA, PHONE), ADA, True),
        (client_id(ADA, OTHER), ADA, False),
        (client_id(GRACE, PHONE), ADA, False),
        (client_id(ADA, PHONE), GRACE, False),
        (ADA, ADA, False),
        ("", "", False),
    ],
)
def test_a_client_id_belongs_to_its_token(client: str, username: str, *, allowed: bool) -> None:
    assert access.may_connect(DEVICE, client_id=client, username=username) is allowed


def send(uid: str, device: str, kind: topics.Kind = "message") -> str:
    return str(topics.Send(uid, device, "group", GRACE, kind))


@pytest.mark.parametrize(
    ("topic", "device", "bridge"),
    [
        (send(ADA, PHONE), True, False),
        (send(ADA, PHONE, "typing"), True, False),
        (topics.status(ADA, PHONE), True, False),
        (send(ADA, OTHER), False, False),
        (send(GRACE, PHONE), False, False),
        (topics.status(GRACE, PHONE), False, False),
        (topics.send_prefix(ADA, PHONE) + "anything", False, False),
        (topics.send_prefix(ADA, PHONE) + "#", False, False),
        (topics.inbox(ADA), False, True),
        (topics.inbox(GRACE), False, True),
        (topics.live(GRACE), False, True),
        (topics.ROLL_CALL, False, True),
        (topics.inbox("+"), False, False),
        ("$SYS/broker", False, False),
        ("else", False, False),
        ("", False, False),
    ],
)
def test_who_may_publish_where(topic: str, *, device: bool, bridge: bool) -> None:
    assert access.may_publish(DEVICE, topic) is device
    assert access.may_publish(BRIDGE, topic) is bridge


@pytest.mark.parametrize(
    ("topic_filter", "device", "bridge"),
    [
        (topics.inbox(ADA), True, False),
        (topics.live(ADA), True, False),
        (topics.ROLL_CALL, True, False),
        (topics.inbox(GRACE), False, False),
        (topics.live(GRACE), False, False),
        (topics.inbox("+"), False, False),
        ("chat/v1/inbox/#", False, False),
        ("#", False, False),
        ("+/v1/inbox/" + ADA, False, False),
        ("$SYS/#", False, False),
        (f"$share/x/{topics.inbox(ADA)}", False, False),
        (send(ADA, PHONE), False, False),
        (topics.SENT_MESSAGES, False, True),
    ],
)
def test_who_may_subscribe_to_what(topic_filter: str, *, device: bool, bridge: bool) -> None:
    assert access.may_subscribe(DEVICE, topic_filter) is device
    assert access.may_subscribe(BRIDGE, topic_filter) is bridge
