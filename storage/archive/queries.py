"""What ClickHouse is asked, in SQL that 18.16 and today's server both understand. Pure.

A row may be there twice until the server merges the two, so a reader takes one of each; they
are equal, or the archiver's digest finds it. Seqs have no holes, so a page is a range of the
primary key. ``PREWHERE`` reads the key's columns first, and the others only where it is met.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from parley_protocol.payloads import Entry
from storage.archive.digest import NO_DEVICE, NO_TEXTS, NOTHING, Texts, spaced
from storage.extra import pack, unpack
from storage.search.index import Indexed, Place, Wanted
from storage.search.query import Pattern
from storage.unit import Key, Spans

_COLUMNS = "hex(cid), seq, hex(id), hex(sender), hex(device), stored_at, sent_at, type, text, extra"
_LINE = (
    "concat(lower(hex(id)), lower(hex(sender)), lower(hex(device)), toString(seq), ',',"
    " toString(stored_at), ',', toString(sent_at), ',', type, ',', text, '\\0', extra, '\\0',"
    " toString(text_seq), ',', words)"
)

_TELLS = "type NOT IN ('erased', 'system')"
REWRITING = (
    "SELECT mutation_id FROM system.mutations"
    " WHERE database = currentDatabase() AND table = 'messages' AND NOT is_done LIMIT 1"
)
"""Ask whether rows are still being rewritten."""


def entries(spans: Iterable[tuple[str, range]]) -> str:
    """Ask for the entries with these seqs of conversations, by rising seq."""
    return (
        f"SELECT {_COLUMNS} FROM messages PREWHERE {within(spans)}"  # noqa: S608 - ids are checked
        " ORDER BY cid, seq LIMIT 1 BY cid, seq"
    )


def numbered(places_: Collection[Place]) -> str:
    """Ask for entries by conversation and seq."""
    return f"SELECT {_COLUMNS} FROM messages PREWHERE {_at(places_)} LIMIT 1 BY cid, seq"  # noqa: S608 - likewise


def shown(places_: Collection[Place]) -> str:
    """Ask which of these messages search can find."""
    return f"SELECT DISTINCT hex(cid), seq FROM messages PREWHERE ({_at(places_)}) AND text_seq > 0"  # noqa: S608 - likewise


def matches(wanted: Wanted, cids: Collection[str], limit: int) -> str:
    """Ask for the newest messages in conversations in which something stands.

    The time comes first: it names the partitions. ``LIKE`` has the server skip, by their filters,
    blocks that hold none of the whole words (``storage.archive.schema``).
    """
    meets = [
        f"cid IN ({', '.join(map(_id, cids))})",
        f"stored_at >= {wanted.since}",
        f"stored_at < {wanted.until}",
        "text_seq > 0",
        *(f"words LIKE {_pattern(pattern)}" for pattern in wanted.query),
    ]
    if wanted.sender is not None:
        meets.append(f"sender = {_id(wanted.sender)}")
    if wanted.before is not None:
        time, cid, seq = wanted.before
        meets.append(f"(stored_at, cid, seq) < ({time}, {_id(cid)}, {seq})")
    return (
        "SELECT hex(cid), seq, hex(sender), stored_at, text_seq, words FROM messages"  # noqa: S608 - ids are checked, words are letters and digits
        f" PREWHERE {' AND '.join(meets)}"
        " ORDER BY stored_at DESC, cid DESC, seq DESC LIMIT 1 BY cid, seq"
        f" LIMIT {limit}"
    )


def places(keys: Collection[Key]) -> str:
    """Ask for the seqs of the entries that bear these ids; only the columns of ids are read."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for cid, message_id in sorted(keys):
        ids[cid].append(_id(message_id))
    found = " OR ".join(
        f"(cid = {_id(cid)} AND id IN ({', '.join(of)}))" for cid, of in ids.items()
    )
    return f"SELECT DISTINCT hex(cid), seq FROM messages PREWHERE {found}"  # noqa: S608 - likewise


def digests(spans: Spans) -> str:
    """Ask for what ``storage.archive.digest.digest`` computes."""
    lines = f"SELECT DISTINCT cid, seq, {_LINE} AS line FROM messages"  # noqa: S608 - ids are checked
    lines += f" PREWHERE {within(spans.items())}"
    sorted_ = "arrayMap(r -> r.2, arraySort(r -> r.1, groupArray((seq, line))))"
    md5 = f"hex(MD5(arrayStringConcat({sorted_}, '\\0')))"
    return f"SELECT hex(cid), count(), {md5} FROM ({lines}) GROUP BY cid"  # noqa: S608 - likewise


def dropping(which: str) -> str:
    """Have rows taken out."""
    return f"ALTER TABLE messages DELETE WHERE {which}"


def first_since(times: Mapping[str, int]) -> str:
    """Ask, per conversation, for the first seq that was stored at a time or later."""
    young = " OR ".join(f"(cid = {_id(cid)} AND stored_at >= {at})" for cid, at in times.items())
    return f"SELECT hex(cid), min(seq) FROM messages PREWHERE {young} GROUP BY cid"  # noqa: S608 - likewise


def telling(spans: Iterable[tuple[str, range]]) -> str:
    """Describe the rows with these seqs that still tell something."""
    return f"({within(spans)}) AND {_TELLS}"


def telling_of(uid: str, cids: Iterable[str]) -> str:
    """Describe a person's rows in conversations that still tell something."""
    places = ", ".join(map(_id, cids))
    return f"cid IN ({places}) AND sender = {_id(uid)} AND {_TELLS}"


def some(telling: str) -> str:
    """Ask whether there are such rows."""
    return f"SELECT 1 FROM messages WHERE {telling} LIMIT 1"  # noqa: S608 - likewise


def forgetting(telling: str) -> str:
    """Have such rows emptied, as ``parley_protocol.payloads.emptied`` does."""
    return (
        "ALTER TABLE messages UPDATE type = 'erased', text = '', extra = '', text_seq = 0,"
        f" words = '', device = {_id(NO_DEVICE)}, sent_at = stored_at WHERE {telling}"
    )


def columns(entries_: Sequence[Entry], texts: Texts = NO_TEXTS) -> dict[str, list[Any]]:
    """Give entries as the columns of the table."""
    found = [texts.get((e.cid, e.seq)) for e in entries_]
    return {
        "cid": _ids([e.cid for e in entries_]),
        "seq": [e.seq for e in entries_],
        "id": _ids([e.id for e in entries_]),
        "sender": _ids([e.sender for e in entries_]),
        "device": _ids([e.device or NO_DEVICE for e in entries_]),
        "stored_at": [e.stored_at for e in entries_],
        "sent_at": [e.sent_at for e in entries_],
        "type": [e.type.encode() for e in entries_],
        "text": [e.text.encode() for e in entries_],
        "extra": [(pack(e) or NOTHING).encode() for e in entries_],
        "text_seq": [f.text_seq if f else 0 for f in found],
        "words": [spaced(f.words).encode() if f else b"" for f in found],
    }


def entry(row: Sequence[Any]) -> Entry:
    """Give the entry in a row that ``entries`` has asked for."""
    cid, seq, message_id, sender, device, stored_at, sent_at, kind, text, packed = row
    extra = unpack(packed)
    return Entry(
        cid=cid.lower(),
        seq=seq,
        id=message_id.lower(),
        sender=sender.lower(),
        device=None if device == NO_DEVICE else device.lower(),
        stored_at=stored_at,
        sent_at=sent_at,
        type=kind,
        text=text,
        reply_to=extra.reply_to,
        target=extra.target,
        emoji=extra.emoji,
        file=extra.file,
        mentions=extra.mentions,
        forwarded=extra.forwarded,
        system=extra.system,
    )


def indexed(row: Sequence[Any]) -> Indexed:
    """Give the message in a row that ``matches`` has asked for."""
    cid, seq, sender, stored_at, text_seq, words = row
    return Indexed(cid.lower(), seq, sender.lower(), stored_at, text_seq, words.strip())


def within(spans: Iterable[tuple[str, range]]) -> str:
    return " OR ".join(
        f"(cid = {_id(cid)} AND seq >= {span.start} AND seq < {span.stop})" for cid, span in spans
    )


def _at(places_: Collection[Place]) -> str:
    seqs: defaultdict[str, list[str]] = defaultdict(list)
    for cid, seq in sorted(places_):
        seqs[cid].append(str(seq))
    return " OR ".join(
        f"(cid = {_id(cid)} AND seq IN ({', '.join(of)}))" for cid, of in seqs.items()
    )


def _pattern(pattern: Pattern) -> str:
    # No word holds a quote, a backslash, a percent sign or an underscore: they are no letters.
    return f"'%{pattern.needle}%'"


def _id(text: str) -> str:
    # There and back, so that nothing but hex digits gets into a statement.
    return f"toFixedString(unhex('{bytes.fromhex(text).hex()}'), 16)"


def _ids(texts: Sequence[str]) -> list[bytes]:
    whole = bytes.fromhex("".join(texts))
    return [whole[at : at + 16] for at in range(0, len(whole), 16)]
