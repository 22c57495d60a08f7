"""The archive's tables, and how an older archive comes to them.

Each step may be run again, so what was cut off in the middle is simply run from there. A step
that needs a newer server is left out on an older one, and made up for once that is newer.
"""

from collections.abc import Iterator

from msgspec import Struct

from storage.archive.connection import Connection

Version = tuple[int, int]


class Step(Struct, frozen=True):
    """A statement of the schema's history, and the first server that understands it.

    One that adds a ``column`` is left out where that is there: 18.16 cannot say so itself.
    """

    name: str
    statement: str
    since: Version = (18, 16)
    column: str = ""


_STEPS = "CREATE TABLE IF NOT EXISTS schema_steps (name String) ENGINE = TinyLog"
_MESSAGES = """
CREATE TABLE IF NOT EXISTS messages (
    cid FixedString(16),
    seq UInt64,
    id FixedString(16),
    sender FixedString(16),
    device FixedString(16),
    stored_at UInt64,
    sent_at UInt64,
    type String,
    text String,
    extra String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(toDateTime(intDiv(stored_at, 1000), 'UTC'))
ORDER BY (cid, seq)
SETTINGS index_granularity = 1024
"""
_CODECS = """
ALTER TABLE messages
    MODIFY COLUMN seq UInt64 CODEC(Delta, ZSTD),
    MODIFY COLUMN id FixedString(16) CODEC(ZSTD),
    MODIFY COLUMN sender FixedString(16) CODEC(ZSTD),
    MODIFY COLUMN device FixedString(16) CODEC(ZSTD),
    MODIFY COLUMN stored_at UInt64 CODEC(Delta, ZSTD),
    MODIFY COLUMN sent_at UInt64 CODEC(Delta, ZSTD),
    MODIFY COLUMN text String CODEC(ZSTD(3)),
    MODIFY COLUMN extra String CODEC(ZSTD)
"""
# The ledger forgets what is here, so it must be on the disk and not in the system's memory.
_DURABLE = """
ALTER TABLE messages MODIFY SETTING
    fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1
"""
# What search finds: the seq of the entry with the text, 0 where it finds nothing; and its words.
_TEXT_SEQ = "ALTER TABLE messages ADD COLUMN text_seq UInt64 AFTER extra"
_WORDS = "ALTER TABLE messages ADD COLUMN words String AFTER text_seq"
_SEARCH_CODECS = """
ALTER TABLE messages
    MODIFY COLUMN text_seq UInt64 CODEC(Delta, ZSTD),
    MODIFY COLUMN words String CODEC(ZSTD(3))
"""
# For each block of a thousand messages, which words may be in it.
_TOKENS = """
ALTER TABLE messages ADD INDEX IF NOT EXISTS words words TYPE tokenbf_v1(8192, 3, 0) GRANULARITY 1
"""
STEPS = (
    Step("messages", _MESSAGES),
    Step("codecs", _CODECS, since=(20, 1)),
    Step("durable", _DURABLE, since=(21, 3)),
    Step("text_seq", _TEXT_SEQ, column="text_seq"),
    Step("words", _WORDS, column="words"),
    Step("search codecs", _SEARCH_CODECS, since=(20, 1)),
    Step("tokens", _TOKENS, since=(21, 3)),
    Step("tokens of what is there", "ALTER TABLE messages MATERIALIZE INDEX words", since=(21, 3)),
)


def migrate(connection: Connection) -> None:
    """Run the steps that the archive lacks and its server understands."""
    connection.run(_STEPS)
    for step in list(_lacking(connection)):
        if not (step.column and _has_column(connection, step.column)):
            connection.run(step.statement)
        connection.insert("schema_steps", {"name": [step.name.encode()]})


def is_current(connection: Connection) -> bool:
    """Tell whether nothing is left for ``migrate``."""
    tables = connection.ask(
        "SELECT count() FROM system.tables WHERE database = currentDatabase()"
        " AND name = 'schema_steps'"
    )
    return tables[0][0] == 1 and not list(_lacking(connection))


def _has_column(connection: Connection, name: str) -> bool:
    found = connection.ask(
        "SELECT count() FROM system.columns WHERE database = currentDatabase()"  # noqa: S608 - a step's own
        f" AND table = 'messages' AND name = '{name}'"
    )
    return bool(found[0][0])


def _lacking(connection: Connection) -> Iterator[Step]:
    done = {name for (name,) in connection.ask("SELECT name FROM schema_steps")}
    ((version,),) = connection.ask("SELECT version()")
    major, minor = (int(part) for part in version.split(".")[:2])
    return (s for s in STEPS if s.name not in done and s.since <= (major, minor))
