"""Where history passes from the ledger to the archive. Pure.

A conversation's entries up to ``archived`` are in the archive alone, all others in the ledger.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from parley_protocol.ids import made_at
from parley_protocol.payloads import Entry
from storage.model import Conversation
from storage.search.index import Place
from storage.unit import Key, Spans, Unit

_CLOCK_SLACK = 7 * 24 * 60 * 60 * 1000
"""Milliseconds by which a device's clock may be ahead without a repeat being taken for new."""


class Reading(Struct, frozen=True):
    """What the ledger has of some spans, and which ``old`` seqs the archive has.

    ``hidden`` are those that the reader has deleted for themself.
    """

    recent: dict[str, list[Entry]]
    old: Spans
    hidden: Collection[Place] = ()


class Recalled(Struct, frozen=True):
    """What the archive said to ``keys``, when conversations were ``archived`` so far.

    ``shown`` are those of the entries that search finds there.
    """

    keys: frozenset[Key]
    archived: Mapping[str, int]
    entries: Mapping[Key, Entry]
    shown: frozenset[Place] = frozenset()


NOTHING_RECALLED = Recalled(frozenset(), {}, {})


def read(
    unit: Unit, spans: Spans, archived: Mapping[str, int], reader: str | None = None
) -> Reading:
    """Read what is recent of spans; a conversation that ``archived`` leaves out has nothing old."""
    old, recent = {}, {}
    for cid, span in spans.items():
        stop = min(span.stop, archived.get(cid, 0) + 1)
        if span.start < stop:
            old[cid] = range(span.start, stop)
        if stop < span.stop:
            recent[cid] = range(max(span.start, stop), span.stop)
    hidden = unit.hidden(reader, spans) if reader is not None else ()
    return Reading(unit.entries(recent), old, hidden)


def doubtful(conversation: Conversation, keys: Iterable[Key], recalled: Recalled) -> frozenset[Key]:
    """Give those of ids that are not in the ledger which may be in the archive.

    What the archive has said counts as long as nothing has been moved there since.
    """
    if not conversation.archived:
        return frozenset()
    holds = recalled.archived.get(conversation.cid) == conversation.archived
    answered = recalled.keys if holds else frozenset()
    until = conversation.archived_until + _CLOCK_SLACK
    return frozenset(key for key in keys if key not in answered and _is_older(key[1], until))


def _is_older(message_id: str, until: int) -> bool:
    # A device makes an id before the ledger stores the message.
    made = made_at(message_id)
    return made is None or made <= until
