"""Parley's rules below the core: who holds a token, and for how long."""

import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.core.core import Core
from broker.core.limits import Limits
from broker.native.rules import TokenRules
from mqtt.codes import V5, Property, Reason
from mqtt.packets import Auth, Disconnect
from parley_protocol import tokens
from parley_protocol.ids import client_id, new_id
from tests.unit.broker.core.peers import Peer

KEY = Ed25519PrivateKey.generate()
UID, DEVICE = new_id(), new_id()
METHOD = {Property.AUTHENTICATION_METHOD: "token"}


def token(device: str = DEVICE, seconds: int = 900) -> bytes:
    now = int(time.time())
    issued = tokens.issue(KEY, sub=UID, device=device, scope="device", now=now, seconds=seconds)
    return issued.encode()


def connected() -> tuple[Core, Peer]:
    core = Core(Limits(), TokenRules(KEY.public_key()))
    core.now = time.time()
    peer = Peer(core, V5)
    name = client_id(UID, DEVICE)
    answer = peer.connect(name, username=UID, password=token(), properties=METHOD)
    assert answer.reason is Reason.SUCCESS
    return core, peer


def later(core: Core, seconds: float) -> None:
    """Let time pass, in which the client is heard."""
    core.now += seconds
    for link in core.links:
        link.heard = core.now
    core.tick()


def test_a_connection_ends_with_its_token() -> None:
    core, peer = connected()
    later(core, 890)
    assert peer.take() == []
    later(core, 20)
    assert peer.take() == [Disconnect(Reason.NOT_AUTHORIZED)]


def test_a_new_token_lets_a_connection_live_on() -> None:
    core, peer = connected()
    renewed = Auth(
        Reason.REAUTHENTICATE, METHOD | {Property.AUTHENTICATION_DATA: token(seconds=1800)}
    )
    assert peer.send(renewed) == [Auth(properties=METHOD)]
    later(core, 1700)
    assert peer.take() == []
    later(core, 200)
    assert peer.take() == [Disconnect(Reason.NOT_AUTHORIZED)]


def test_another_devices_token_renews_nothing() -> None:
    _, peer = connected()
    foreign = METHOD | {Property.AUTHENTICATION_DATA: token(new_id())}
    assert peer.send(Auth(Reason.REAUTHENTICATE, foreign)) == [Disconnect(Reason.NOT_AUTHORIZED)]
