"""The ledger's tables. Ids are 32 hex digits, times milliseconds since 1970."""

from typing import cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from storage.accounts import Base
from storage.personal import Block, Hidden, Preference

_ID = String(32)
# SQLite numbers rows by itself only where the key is declared INTEGER.
_COUNTER = BigInteger().with_variant(Integer, "sqlite")

conversations = Table(
    "conversations",
    Base.metadata,
    Column("cid", _ID, primary_key=True),
    Column("type", String(8), nullable=False),
    Column("name", String(64), nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("moved_at", BigInteger, nullable=False),
    # Entries up to this seq are in the archive alone, the newest of them stored at this time.
    Column("archived", BigInteger, nullable=False, server_default="0"),
    Column("archived_until", BigInteger, nullable=False, server_default="0"),
    # For how long messages are kept, none is for ever; up to which seq they are forgotten for it.
    Column("retention_days", Integer),
    Column("forgotten", BigInteger, nullable=False, server_default="0"),
    # How often entries have lost what they said.
    Column("rewrites", BigInteger, nullable=False, server_default="0"),
    # Of a pair: one of them has blocked the other.
    Column("blocked", Boolean, nullable=False, server_default=false()),
    # Which role may do what, as JSON; none is as usual.
    Column("rights", Text),
    # Another random number after every change of members and roles; see ``rosters``.
    Column("roster", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

blocks = cast("Table", Block.__table__)
hidden = cast("Table", Hidden.__table__)
preferences = cast("Table", Preference.__table__)

members = Table(
    "members",
    Base.metadata,
    Column("cid", _ID, ForeignKey("conversations.cid"), primary_key=True),
    Column("uid", _ID, ForeignKey("accounts.uid"), primary_key=True),
    Column("role", String(8), nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("read", BigInteger, nullable=False),
    Index("members_uid", "uid", "cid"),
    sqlite_with_rowid=False,
)

# Who has left a conversation may have said something in it.
former_members = Table(
    "former_members",
    Base.metadata,
    Column("uid", _ID, primary_key=True),
    Column("cid", _ID, primary_key=True),
    sqlite_with_rowid=False,
)

# People of whom not everything is forgotten yet.
erasures = Table("erasures", Base.metadata, Column("uid", _ID, primary_key=True))

messages = Table(
    "messages",
    Base.metadata,
    # Numbered under the conversation's lock, so it is there: to check it again was a third of
    # what storing a message costs.
    Column("cid", _ID, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", _ID, nullable=False),
    Column("sender", _ID, nullable=False),
    Column("device", _ID),
    Column("stored_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("type", String(8), nullable=False),
    Column("text", Text, nullable=False),
    # What few messages have, as JSON: reply_to, target, emoji, file, mentions, forwarded,
    # system.
    Column("extra", Text),
    # New ids are the greatest so far (UUIDv7), so the index grows at one end, in few pages.
    Index("messages_id", "id", "cid", unique=True),
    # Rows lie in the order of (cid, seq), so that a page of history is one place on disk.
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    Base.metadata,
    Column("number", _COUNTER, primary_key=True),
    # Uids without a separator: each has 32 digits.
    Column("recipients", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("request", String(64)),
    sqlite_autoincrement=True,
)

search_messages = Table(
    "search_messages",
    Base.metadata,
    Column("number", _COUNTER, primary_key=True, autoincrement=False),
    Column("cid", _ID, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sender", _ID, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("text_seq", BigInteger, nullable=False),
    Column("words", Text, nullable=False),
    UniqueConstraint("cid", "seq", name="search_messages_place"),
)

search_zones = Table(
    "search_zones",
    Base.metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("oldest", BigInteger, nullable=False),
    Column("newest", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
)

search_progress = Table(
    "search_progress",
    Base.metadata,
    Column("cid", _ID, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

SEARCH_TERMS = "search_terms"
"""The index of words: a virtual table of FTS5, or a GIN index. Its migration makes it."""

NAMES = frozenset(Base.metadata.tables)
"""The tables that are Parley's; others in the same database are left alone."""


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Tell Alembic whether a thing in the database is described by these tables."""
    if kind == "index":
        return name != SEARCH_TERMS
    return kind != "table" or name in NAMES


DERIVED = frozenset({"search_messages", "search_zones", "search_progress"})
"""Tables that the indexer fills from the others by itself, where they are empty."""
