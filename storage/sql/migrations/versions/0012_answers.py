"""Answers that are kept for repeats."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("uid", sa.String(length=32), primary_key=True),
        sa.Column("key_hash", sa.String(length=64), primary_key=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["accounts.uid"], ondelete="CASCADE"),
    )
    op.create_index("kept_answers_age", "kept_answers", ["created_at"])


def downgrade() -> None:
    op.drop_table("kept_answers")
