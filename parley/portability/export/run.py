"""Write exports, page by page: memory stays the same however long a conversation is."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session as Database

from parley.portability.export.files import new_folder, write
from parley.portability.export.index import Index, is_note, new_index
from parley.portability.export.names import Names, account_of
from parley.portability.export.pages import (
    PER_PAGE,
    Titled,
    file_name,
    messages_page,
    page_count,
    person_page,
)
from parley.portability.export.view import readable, view
from parley.portability.place import Place
from parley_protocol import rest
from parley_protocol.payloads import Entry, encode
from storage.errors import NotFoundError
from storage.model import Conversation
from storage.personal import Preference
from webapi.conversations import preferences
from webapi.conversations.presenter import describe, describe_member

_AT_ONCE = 1_000
_ALL = 2**31 - 1


def export_person(place: Place, name: str, folder: Path, *, overwrite: bool) -> int:
    """Write all of a person's own data; give how many conversations it has.

    Raises:
        NotFoundError: there is no such account.
        FolderError: the folder is not empty, or cannot be written to.
    """
    account, sessions = account_of(place.engine, name)
    names = Names(place.engine)
    conversations = place.ledger.conversations(account.uid, limit=_ALL)
    new_folder(folder, overwrite=overwrite)
    profile = {"account": account, "sessions": sessions}
    write(folder / "account.json", [msgspec.json.format(msgspec.json.encode(profile))])
    with Database(place.engine) as database:
        kept = preferences.of(database, account.uid, [one.cid for one in conversations])
    lines = (_line(_described(one, account.uid, names, kept.get(one.cid))) for one in conversations)
    write(folder / "conversations.jsonl", lines)
    for conversation in conversations:
        own = new_folder(folder / "conversations" / conversation.cid, overwrite=overwrite)
        _write_conversation(place, conversation, own, names)
    titled = (Titled(c.cid, _title(c, account.uid, names), c.head) for c in conversations)
    write(folder / "index.html", _utf8(person_page(account, titled)))
    return len(conversations)


def export_conversation(place: Place, cid: str, folder: Path, *, overwrite: bool) -> int:
    """Write a conversation, though nobody may be in it any more; give how many entries it has.

    Raises:
        NotFoundError: there is no such conversation.
        FolderError: the folder is not empty, or cannot be written to.
    """
    try:
        conversation = place.ledger.any_conversation(cid)
    except NotFoundError:
        raise NotFoundError(f"there is no conversation {cid}") from None
    new_folder(folder, overwrite=overwrite)
    _write_conversation(place, conversation, folder, Names(place.engine))
    return conversation.head


def _write_conversation(
    place: Place, conversation: Conversation, folder: Path, names: Names
) -> None:
    """Write the log up to the head that ``conversation`` has, and then pages from that file."""
    log = folder / "messages.jsonl"
    with new_index() as index:
        write(log, _lines(place, conversation, index))
        messages = (view(entry, index, names) for entry in _read(log) if not is_note(entry))
        title = _title(conversation, "", names)
        for page in range(page_count(index.shown)):
            own = islice(messages, PER_PAGE)
            pieces = messages_page(title, index.shown, page, own)
            write(folder / file_name(page), _utf8(pieces))


def _lines(place: Place, conversation: Conversation, index: Index) -> Iterator[bytes]:
    for entry in _entries(place, conversation):
        index.add(entry)
        yield _line(entry)


def _entries(place: Place, conversation: Conversation) -> Iterator[Entry]:
    last, head = 0, conversation.head
    while last < head:
        limit = min(_AT_ONCE, head - last)
        page = place.ledger.log(conversation.cid, after=last, limit=limit)
        yield from page
        last = page[-1].seq if page else head


def _read(log: Path) -> Iterator[Entry]:
    decode = msgspec.json.Decoder(Entry).decode
    with log.open("rb") as lines:
        for line in lines:
            yield decode(line)


def _described(
    conversation: Conversation, uid: str, names: Names, preference: Preference | None
) -> rest.Conversation:
    members = [
        describe_member(member, person)
        for member in conversation.members.values()
        if (person := names.person(member.uid)) is not None
    ]
    return describe(conversation, uid, members, preference)


def _title(conversation: Conversation, reader: str, names: Names) -> str:
    """Give a group's name; of a pair the other person, or both where no reader is named."""
    if conversation.type == "group":
        return readable(conversation.name)
    others = [uid for uid in conversation.members if uid != reader]
    return ", ".join(names(uid) for uid in others or conversation.members)


def _line(value: msgspec.Struct) -> bytes:
    return encode(value) + b"\n"


def _utf8(pieces: Iterable[str]) -> Iterator[bytes]:
    return (piece.encode() for piece in pieces)
