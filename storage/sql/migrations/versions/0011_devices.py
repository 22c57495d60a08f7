"""When and from where a session was last seen."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    seen_at = sa.Column("seen_at", sa.BigInteger(), nullable=False, server_default="0")
    address = sa.Column("address", sa.String(length=43), nullable=False, server_default="")
    op.add_column("sessions", seen_at)
    op.add_column("sessions", address)
    op.execute("UPDATE sessions SET seen_at = created_at")


def downgrade() -> None:
    op.drop_column("sessions", "address")
    op.drop_column("sessions", "seen_at")
