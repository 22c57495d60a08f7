"""Contacts, blocks and reports."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.String(length=32)


def upgrade() -> None:
    for name in ("contacts", "blocks"):
        op.create_table(
            name,
            sa.Column("uid", _ID, sa.ForeignKey("accounts.uid"), primary_key=True),
            sa.Column("other", _ID, sa.ForeignKey("accounts.uid"), primary_key=True),
        )
    op.create_index("blocks_other", "blocks", ["other"])
    op.create_table(
        "reports",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("reporter", _ID, sa.ForeignKey("accounts.uid"), nullable=False),
        sa.Column("about", _ID, sa.ForeignKey("accounts.uid"), nullable=False),
        sa.Column("cid", _ID, nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("reports_open", "reports", ["handled_at", "id"])
    op.add_column(
        "conversations",
        sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("conversations", "blocked")
    for name in ("reports", "blocks", "contacts"):
        op.drop_table(name)
