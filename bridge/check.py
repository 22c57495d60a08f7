"""Check what has come in: from topic and payload to something that the ledger can decide. Pure."""

from dataclasses import dataclass

import msgspec

from parley_protocol.checks import Refusal, read_message
from parley_protocol.ids import pair_cid
from parley_protocol.payloads import Rejected, decode_receipt, decode_typing
from parley_protocol.topics import Send, parse_send
from storage.model import Draft, Mark


@dataclass(frozen=True, slots=True)
class Writing:
    """Somebody is writing in a conversation, or has stopped."""

    uid: str
    cid: str
    on: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer for a device whose message is not stored."""

    uid: str
    rejected: Rejected


Checked = Draft | Mark | Writing | Refused | None


def check(topic: str, payload: bytes) -> Checked:
    """Read one publish; ``None`` for what has no meaning and needs no answer."""
    send = parse_send(topic)
    if send is None:
        return None
    if send.kind == "message":
        return _message(send, payload)
    try:
        return _receipt(send, payload) if send.kind == "receipt" else _typing(send, payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return refuse(send.uid, send.device, Refusal("malformed", f"not a {send.kind}"))


def refuse(uid: str, device: str, refusal: Refusal) -> Refused:
    """Address a refusal to the device that it is for."""
    rejected = Rejected(id=refusal.id, code=refusal.code, detail=refusal.detail, device=device)
    return Refused(uid, rejected)


def _message(send: Send, payload: bytes) -> Draft | Refused:
    message = read_message(payload)
    if isinstance(message, Refusal):
        return refuse(send.uid, send.device, message)
    return Draft(send.uid, send.device, send.scope, send.target, message)


def _receipt(send: Send, payload: bytes) -> Mark:
    receipt = decode_receipt(payload)
    return Mark(send.uid, receipt.cid, receipt.delivered, receipt.read)


def _typing(send: Send, payload: bytes) -> Writing:
    cid = pair_cid(send.uid, send.target) if send.scope == "dm" else send.target
    return Writing(send.uid, cid, decode_typing(payload).on)
