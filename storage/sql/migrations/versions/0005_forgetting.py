"""What is to be forgotten: after so many days, or of whom."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UID = sa.String(length=32)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("retention_days", sa.Integer(), nullable=True))
    for name in ("forgotten", "rewrites"):
        counter = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        op.add_column("conversations", counter)
    op.create_table("erasures", sa.Column("uid", _UID, primary_key=True))
    op.create_table(
        "former_members",
        sa.Column("uid", _UID, primary_key=True),
        sa.Column("cid", _UID, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO former_members (uid, cid) SELECT DISTINCT sender, cid FROM messages "
        "WHERE NOT EXISTS (SELECT 1 FROM members "
        "WHERE members.cid = messages.cid AND members.uid = messages.sender)"
    )


def downgrade() -> None:
    op.drop_table("former_members")
    op.drop_table("erasures")
    for name in ("rewrites", "forgotten", "retention_days"):
        op.drop_column("conversations", name)
    op.drop_column("accounts", "erased_at")
