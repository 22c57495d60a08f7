"""Messages by id first, so that the index grows at one end; and no check of their conversation.

They are numbered under the conversation's lock, so it is there. The check was a third of storing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("messages", copy_from=_messages()) as table:
        table.drop_constraint("messages_id", type_="unique")
        table.drop_constraint("messages_cid_fkey", type_="foreignkey")
    op.create_index("messages_id", "messages", ["id", "cid"], unique=True)


def downgrade() -> None:
    op.drop_index("messages_id", table_name="messages")
    with op.batch_alter_table("messages", copy_from=_messages()) as table:
        table.create_unique_constraint("messages_id", ["cid", "id"])
        table.create_foreign_key("messages_cid_fkey", "conversations", ["cid"], ["cid"])


def _messages() -> sa.Table:
    # SQLite makes the table anew; how, it cannot tell of a table without row ids.
    return sa.Table(
        "messages",
        sa.MetaData(),
        sa.Column("cid", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sender", sa.String(length=32), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=True),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["cid"], ["conversations.cid"], name="messages_cid_fkey"),
        sa.PrimaryKeyConstraint("cid", "seq"),
        sa.UniqueConstraint("cid", "id", name="messages_id"),
        sqlite_with_rowid=False,
    )
