"""Slack exports: a folder a conversation, and in it a file a day.

Source: https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports. ``channels.json``,
``groups.json`` (private), ``mpims.json`` and ``dms.json`` say who is in what. Who joined, topics,
pins and what was deleted are no messages here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from parley.portability.imports.folder import Folder
from parley.portability.imports.model import Author, Chat, Post, Reaction, Source, UnreadableError
from parley.portability.imports.slack_text import emojis, readable
from parley_protocol import limits

_SAID = {None, "bot_message", "me_message", "thread_broadcast", "file_share", "file_comment"}
_T = TypeVar("_T")


class _Profile(Struct):
    display_name: str | None = None
    real_name: str | None = None
    email: str | None = None


class _User(Struct):
    id: str
    name: str | None = None
    real_name: str | None = None
    profile: _Profile = msgspec.field(default_factory=_Profile)


class _Conversation(Struct):
    id: str
    name: str = ""
    creator: str | None = None
    members: list[str] | None = None


class _Reaction(Struct):
    name: str
    users: list[str] = []


class _Edited(Struct):
    ts: str


class _File(Struct):
    name: str | None = None
    title: str | None = None


class _Attachment(Struct):
    fallback: str | None = None


class _Message(Struct):
    ts: str
    type: str = "message"
    subtype: str | None = None
    user: str | None = None
    bot_id: str | None = None
    username: str | None = None
    text: str | None = None
    thread_ts: str | None = None
    edited: _Edited | None = None
    reactions: list[_Reaction] = []
    files: list[_File | None] | None = None
    attachments: list[_Attachment] | None = None


@dataclass(frozen=True, slots=True)
class _Names:
    """What ids in texts stand for."""

    people: Mapping[str, str]
    channels: Mapping[str, str]


def read_slack(folder: Folder) -> Source:
    """Read who and what is in an export; posts are read when they are asked for.

    Raises:
        UnreadableError: it is no Slack export.
    """
    root = _root(folder)
    users = _list(folder, root / "users.json", _User)
    authors = {user.id: _author(user) for user in users}
    source = Source("slack", [], authors)
    listed: list[tuple[Literal["dm", "group"], str, _Conversation]] = []
    for file in ("channels.json", "groups.json", "mpims.json"):
        found = _list(folder, root / file, _Conversation)
        listed += [("group", _title(one, file, authors), one) for one in found]
    listed += [("dm", "", one) for one in _list(folder, root / "dms.json", _Conversation)]
    names = _Names(
        {user: author.name for user, author in authors.items()},
        {conversation.id: conversation.name for _, _, conversation in listed},
    )
    for kind, title, one in listed:
        days = sorted(folder.within(root / (one.name or one.id), ".json"))
        posts = partial(_posts, folder, days, names, source)
        members = tuple(dict.fromkeys(one.members)) if one.members is not None else None
        source.chats.append(Chat(one.id, kind, title, posts, members, one.creator))
    for missing in {m for chat in source.chats for m in chat.members or ()} - authors.keys():
        authors[missing] = Author(missing, missing, (missing,))
    return source


def _root(folder: Folder) -> PurePosixPath:
    """Find where the export begins: some pack the folder itself."""
    found = [path for name in folder.names if (path := PurePosixPath(name)).name == "users.json"]
    if not found:
        raise UnreadableError(f"{folder.path} is no Slack export: it has no users.json")
    return min(found, key=lambda path: len(path.parts)).parent


def _list(folder: Folder, path: PurePosixPath, kind: type[_T]) -> list[_T]:
    name = str(path)
    if name not in folder.names:
        return []
    try:
        return msgspec.json.decode(folder.read(name), type=list[kind])  # type: ignore[valid-type]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{folder.path}: {name}: {error}") from None


def _author(user: _User) -> Author:
    profile = user.profile
    name = profile.display_name or profile.real_name or user.real_name or user.name or user.id
    mailbox = (profile.email or "").partition("@")[0]
    accounts = tuple(dict.fromkeys(filter(None, (user.name, mailbox, name))))
    return Author(user.id, name, accounts)


def _title(one: _Conversation, file: str, authors: Mapping[str, Author]) -> str:
    if file != "mpims.json":
        return one.name
    people = (authors[user].name for user in one.members or () if user in authors)
    return ", ".join(people)[: limits.NAME_MAX] or one.name


def _posts(
    folder: Folder, days: Sequence[str], names: _Names, source: Source
) -> Iterator[Post | None]:
    seen: set[str] = set()
    for day in days:
        messages = _list(folder, PurePosixPath(day), _Message)
        for message in sorted(messages, key=lambda one: _milliseconds(one.ts, day)):
            post = _post(message, names, source, seen)
            if post is not None:
                seen.add(post.key)
            yield post


def _post(message: _Message, names: _Names, source: Source, seen: set[str]) -> Post | None:
    author = _writer(message, source)
    said, mentions = readable(_said(message), names.people, names.channels)
    text = "\n".join(filter(None, [said, *_files(message)]))
    if author is None or not text or message.subtype not in _SAID or message.type != "message":
        return None
    reactions = (_reactions(one, source) for one in message.reactions)
    return Post(
        key=message.ts,
        author=author,
        at=_milliseconds(message.ts, message.ts),
        text=f"/me {text}" if message.subtype == "me_message" else text,
        reply_to=message.thread_ts if message.thread_ts in seen else None,
        mentions=mentions[: limits.MENTIONS_MAX],
        edited_at=_milliseconds(message.edited.ts, message.ts) if message.edited else None,
        reactions=tuple(reaction for found in reactions for reaction in found),
    )


def _writer(message: _Message, source: Source) -> str | None:
    """Give the author's key; bots and guests from elsewhere stand in no list."""
    key = message.user or message.bot_id or message.username
    if key is not None and key not in source.authors:
        name = message.username or key
        source.authors[key] = Author(key, name, (name,))
    return key


def _said(message: _Message) -> str:
    """Give the text; what programs post may have it in attachments alone."""
    fallbacks = (one.fallback for one in message.attachments or ())
    return message.text or "\n".join(filter(None, fallbacks))


def _files(message: _Message) -> Iterator[str]:
    for file in filter(None, message.files or ()):
        yield f"[file: {file.name or file.title or 'without a name'}]"


def _reactions(reaction: _Reaction, source: Source) -> Iterator[Reaction]:
    shown = emojis("".join(f":{name}:" for name in reaction.name.split("::")))
    for user in reaction.users:
        source.authors.setdefault(user, Author(user, user, (user,)))
        yield Reaction(user, shown[: limits.EMOJI_MAX])


def _milliseconds(ts: str, where: str) -> int:
    seconds, _, fraction = ts.partition(".")
    try:
        return max(int(seconds) * 1000 + int(f"{fraction:0<3}"[:3]), 0)
    except ValueError:
        raise UnreadableError(f"{where}: {ts!r} is no time") from None
