"""What makes a sent message well-formed, beyond the types of its fields."""

import re
from dataclasses import dataclass

import msgspec

from parley_protocol import limits
from parley_protocol.ids import is_id
from parley_protocol.payloads import Message, RejectedCode, decode_message

_QUOTED = re.compile(r" '.*'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message is not stored: a code for programs and a sentence for people."""

    code: RejectedCode
    detail: str
    id: str = ""


class _Loose(msgspec.Struct):
    """As much of a broken message as its answer needs."""

    id: object = ""
    text: object = ""


def read_message(payload: bytes) -> Message | Refusal:
    """Decode and check a sent message; never raises on what came over the wire."""
    if len(payload) > limits.PAYLOAD_MAX:
        return Refusal("too_long", f"the payload is over {limits.PAYLOAD_MAX:,} bytes")
    try:
        message = decode_message(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _explain(payload, error)
    return _fault(message) or message


def _explain(payload: bytes, error: Exception) -> Refusal:
    try:
        loose = msgspec.json.decode(payload, type=_Loose)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = _Loose()
    message_id = loose.id if isinstance(loose.id, str) and is_id(loose.id) else ""
    if isinstance(loose.text, str) and len(loose.text) > limits.TEXT_MAX:
        return Refusal("too_long", f"the text is over {limits.TEXT_MAX:,} characters", message_id)
    # What is left names fields and types, and no values: it may go into logs.
    return Refusal("malformed", _QUOTED.sub("", str(error)), message_id)


def _fault(message: Message) -> Refusal | None:
    needs_text = message.type in ("text", "edit")
    if needs_text and not message.text:
        return Refusal("malformed", f"a message of type {message.type} needs text", message.id)
    if "\0" in message.text:
        return Refusal("malformed", "the text holds U+0000", message.id)
    if message.type in ("edit", "delete", "reaction") and message.target is None:
        return Refusal("malformed", f"a message of type {message.type} needs target", message.id)
    if message.type == "reaction" and message.emoji is None:
        return Refusal("malformed", "a message of type reaction needs emoji", message.id)
    if message.type == "file" and message.file is None:
        return Refusal("malformed", "a message of type file needs file", message.id)
    return None
