"""What people have deleted for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.String(length=32)


def upgrade() -> None:
    op.create_table(
        "hidden",
        sa.Column("uid", _ID, sa.ForeignKey("accounts.uid"), primary_key=True),
        sa.Column("cid", _ID, sa.ForeignKey("conversations.cid"), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
    )


def downgrade() -> None:
    op.drop_table("hidden")
