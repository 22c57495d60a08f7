"""Who may do what in a group, and links into it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.String(length=32)


def upgrade() -> None:
    op.add_column("conversations", sa.Column("rights", sa.Text(), nullable=True))
    op.create_table(
        "links",
        sa.Column("code", _ID, primary_key=True),
        sa.Column("cid", _ID, sa.ForeignKey("conversations.cid"), nullable=False),
        sa.Column("maker", _ID, sa.ForeignKey("accounts.uid"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("uses_left", sa.Integer(), nullable=True),
    )
    op.create_index("links_group", "links", ["cid", "created_at"])


def downgrade() -> None:
    op.drop_table("links")
    op.drop_column("conversations", "rights")
