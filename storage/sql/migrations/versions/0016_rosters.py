"""What the bridge reads and changes for every message costs it less."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ROOM = 70
"""Percent of a page that is filled: a head or a mark that moves stays in its page, and no index
is touched for it."""


def upgrade() -> None:
    roster = sa.Column("roster", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("conversations", roster)
    _fill(_ROOM)


def downgrade() -> None:
    _fill(100)
    op.drop_column("conversations", "roster")


def _fill(percent: int) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in ("conversations", "members"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")
