"""How a member keeps a conversation: pinned, archived, muted, marked as unread, with a draft."""

from collections.abc import Collection

from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session as Database

from parley_protocol import rest
from storage.ledger.conversations import of_member
from storage.ledger.outbox import tell_preferences
from storage.model import Conversation
from storage.personal import Preference
from storage.sql import SqlUnit
from webapi.database import writing
from webapi.times import stamp, utc


def of(database: Database, uid: str, cids: Collection[str]) -> dict[str, Preference]:
    """Read how somebody keeps conversations; who keeps one as it comes has nothing noted."""
    query = select(Preference).where(Preference.uid == uid, Preference.cid.in_(cids))
    return {found.cid: found for found in database.scalars(query)}


def describe(preference: Preference | None, read: int) -> rest.Preferences:
    """Describe how somebody keeps a conversation that is read up to a seq."""
    if preference is None:
        return rest.Preferences()
    return rest.Preferences(
        pinned=preference.pinned,
        archived=preference.archived,
        muted_until=None if preference.muted_until is None else utc(preference.muted_until),
        marked_unread=preference.marked_at == read,
        draft=preference.draft,
    )


def change(uid: str, cid: str, wanted: rest.ChangePreferences) -> Conversation:
    """Keep a conversation otherwise, and tell one's other devices.

    Raises:
        NotFoundError: the asker is not in such a conversation.
    """
    with writing() as database:
        unit = SqlUnit(database.connection(), locking=True)
        conversation = of_member(unit, uid, cid)
        kept = database.get(Preference, (uid, cid)) or Preference(
            uid=uid, cid=cid, pinned=False, archived=False, draft=""
        )
        _apply(kept, wanted, conversation.members[uid].read)
        database.add(kept)
        database.flush()
        tell_preferences(unit, cid, conversation.type, uid)
    return conversation


def _apply(kept: Preference, wanted: rest.ChangePreferences, read: int) -> None:
    if wanted.pinned is not UNSET:
        kept.pinned = wanted.pinned
    if wanted.archived is not UNSET:
        kept.archived = wanted.archived
    if wanted.draft is not UNSET:
        kept.draft = wanted.draft
    if wanted.marked_unread is not UNSET:
        kept.marked_at = read if wanted.marked_unread else None
    if wanted.muted_until is not UNSET:
        kept.muted_until = stamp(wanted.muted_until) if wanted.muted_until else None
