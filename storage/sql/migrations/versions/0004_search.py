"""The search index: what is found, and by which words. It is filled in the background."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Words are folded and cut already: each is letters and digits, or one that is not ASCII.
_FTS5 = """
CREATE VIRTUAL TABLE search_terms USING fts5(
    words, content='', columnsize=0, prefix='1 2', tokenize="ascii tokenchars '@'"
)
"""
# Each word with the number of its zone in front: those of one zone lie together in the index.
_TERMS = """
CREATE FUNCTION search_terms(number bigint, cid text, sender text, words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(string_to_array((number >> 13)::text || '/@' || replace(
        rtrim(cid || ' @' || sender || ' ' || words), ' ', ' ' || (number >> 13)::text || '/'
    ), ' '))
$$
"""
_GIN = """
CREATE INDEX search_terms ON search_messages
USING gin (search_terms(number, cid, sender, words)) WITH (fastupdate = off)
"""


def upgrade() -> None:
    op.create_table(
        "search_messages",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("cid", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(length=32), nullable=False),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("text_seq", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("cid", "seq", name="search_messages_place"),
    )
    op.create_table(
        "search_zones",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("oldest", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "search_progress",
        sa.Column("cid", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cid"),
        sqlite_with_rowid=False,
    )
    for statement in [_FTS5] if op.get_bind().dialect.name == "sqlite" else [_TERMS, _GIN]:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_terms")
    op.drop_table("search_progress")
    op.drop_table("search_zones")
    op.drop_table("search_messages")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION search_terms")
