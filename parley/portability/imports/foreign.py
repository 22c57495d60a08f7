"""Posts as messages for the ledger, under ids that are the same each time. Pure."""

import heapq
from collections.abc import Iterable, Iterator, Mapping

from parley.portability.imports.derived import derived
from parley.portability.imports.model import Post, Reaction
from parley.portability.imports.texts import clean, parts
from parley_protocol.payloads import Message
from storage.model import Foreign


def foreign(cid: str, posts: Iterable[Post], uids: Mapping[str, str]) -> Iterator[Foreign]:
    """Give the messages of a chat, by rising time; an edit comes when it was made.

    Sources keep only the last text of what was edited: the edit holds it again, and says when.
    """
    edits: list[tuple[int, str, Foreign]] = []
    for post in posts:
        while edits and edits[0][0] <= post.at:
            yield heapq.heappop(edits)[2]
        yield from _said(cid, post, uids)
        if post.edited_at is not None:
            edit = _edit(cid, post, post.edited_at)
            heapq.heappush(edits, (post.edited_at, edit.id, Foreign(uids[post.author], edit)))
    for _, _, edit_of_last in sorted(edits, key=lambda found: found[:2]):
        yield edit_of_last


def _said(cid: str, post: Post, uids: Mapping[str, str]) -> Iterator[Foreign]:
    """Give a post's message; after it the rest of a very long text, and its reactions."""
    sender = uids[post.author]
    first, *rest = parts(clean(post.text))
    message = Message(
        id=derived(cid, post.key),
        sent_at=post.at,
        text=first,
        reply_to=None if post.reply_to is None else derived(cid, post.reply_to),
        mentions=tuple(dict.fromkeys(uids[key] for key in post.mentions)),
    )
    yield Foreign(sender, message)
    for number, text in enumerate(rest, 1):
        part_id = derived(cid, post.key, str(number))
        yield Foreign(sender, Message(id=part_id, sent_at=post.at, text=text))
    for reaction in post.reactions:
        yield Foreign(uids[reaction.author], _reaction(cid, post, reaction))


def _edit(cid: str, post: Post, at: int) -> Message:
    return Message(
        id=derived(cid, post.key, "edit", str(at)),
        sent_at=at,
        type="edit",
        target=derived(cid, post.key),
        text=parts(clean(post.text))[0],
    )


def _reaction(cid: str, post: Post, reaction: Reaction) -> Message:
    return Message(
        id=derived(cid, post.key, "reaction", reaction.emoji, reaction.author),
        sent_at=post.at,
        type="reaction",
        target=derived(cid, post.key),
        emoji=reaction.emoji,
    )
