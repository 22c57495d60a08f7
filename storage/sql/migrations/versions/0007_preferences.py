"""How people keep their conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID = sa.String(length=32)


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("uid", _ID, sa.ForeignKey("accounts.uid"), primary_key=True),
        sa.Column("cid", _ID, sa.ForeignKey("conversations.cid"), primary_key=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("muted_until", sa.BigInteger(), nullable=True),
        sa.Column("marked_at", sa.BigInteger(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("preferences")
