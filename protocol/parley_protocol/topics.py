"""Topics, built and parsed in one place (MQTT 5.0, section 4.7)."""

import re
from typing import Literal, NamedTuple

Scope = Literal["dm", "group"]
Kind = Literal["message", "receipt", "typing"]

ROOT = "chat/v1"
ROLL_CALL = f"{ROOT}/system/roll-call"

DELIVER = f"{ROOT}/deliver"
"""Where a service hands over one payload for many inboxes; see ``parley_protocol.fanout``."""

CONTROL = f"{ROOT}/control"
"""Where a service gives the broker orders; see ``parley_protocol.control``."""

SENT_MESSAGES = f"{ROOT}/send/+/+/+/+/+"
"""The filter under which the bridge receives messages, receipts and typing."""

_SEND = re.compile(
    rf"{ROOT}/send/(?P<uid>[0-9a-f]{{32}})/(?P<device>[0-9a-f]{{32}})"
    r"/(?P<scope>dm|group)/(?P<target>[0-9a-f]{32})/(?P<kind>message|receipt|typing)"
)


class Send(NamedTuple):
    """What the topic of a device's publish says: who sends which kind of thing to whom.

    ``target`` is the other person's uid in a ``dm`` and the gid in a ``group``.
    """

    uid: str
    device: str
    scope: Scope
    target: str
    kind: Kind

    def __str__(self) -> str:
        return f"{send_prefix(self.uid, self.device)}{self.scope}/{self.target}/{self.kind}"


def parse_send(topic: str) -> Send | None:
    """Read a topic below ``chat/v1/send``; ``None`` where it is not of the contract's form."""
    match = _SEND.fullmatch(topic)
    return Send(*match.groups()) if match else None  # type: ignore[arg-type]


def send_prefix(uid: str, device: str) -> str:
    """Give the prefix below which a device publishes, with its closing slash."""
    return f"{ROOT}/send/{uid}/{device}/"


def status(uid: str, device: str) -> str:
    """Give the topic of a device's birth message and last will."""
    return f"{send_prefix(uid, device)}status"


def inbox(uid: str) -> str:
    """Give the topic of everything that is queued for a person."""
    return f"{ROOT}/inbox/{uid}"


def quality(topic: str) -> int:
    """Give the QoS of a topic: 0 for what is worth nothing later, 1 for everything else."""
    fleeting = topic.startswith(f"{ROOT}/live/") or topic.endswith("/typing")
    return 0 if fleeting or topic == ROLL_CALL else 1


def live(uid: str) -> str:
    """Give the topic of everything that is worth nothing later: typing, presence."""
    return f"{ROOT}/live/{uid}"
