"""Forget: what is older than its conversation keeps, and everything of a person who leaves.

A forgotten entry keeps its number, so that no conversation gets holes.
"""

from parley_protocol.payloads import AccountChanged, encode
from storage.ledger import groups
from storage.unit import Unit

PIECE = 1_000
"""Entries that one transaction forgets: others wait to write."""


def erase(unit: Unit, uid: str, now: int) -> None:
    """Close an account, and leave all groups; what was said is forgotten piece by piece, later.

    Pairs stay as they are for the other one, who cannot write there any more.
    """
    knowing = unit.acquaintances(uid) | {uid}
    for cid, conversation in unit.conversations([s.cid for s in unit.standings(uid)]).items():
        if conversation.type == "group":
            groups.remove(unit, uid, cid, uid, now)
        else:
            unit.set_role(cid, uid, "erased")
    unit.post(sorted(knowing), encode(AccountChanged(uid=uid, change="erased")))
    unit.forgetting.begin_erasure(uid, now)


def forget(unit: Unit, cid: str, span: range, sender: str | None = None) -> bool | None:
    """Forget the next piece of a span, maybe of one sender; tell whether there is more.

    ``None`` says that the indexer must go first: it would bring back what it has just read.
    """
    unit.conversations([cid])
    seqs = unit.forgetting.unforgotten(cid, span, sender, PIECE)
    reached = unit.index.reached([cid]).get(cid, 0)
    indexed = [seq for seq in seqs if seq <= reached]
    if indexed:
        unit.forgetting.forget(cid, indexed)
        unit.index.drop([(cid, seq) for seq in indexed])
    return None if len(indexed) < len(seqs) else len(seqs) == PIECE
