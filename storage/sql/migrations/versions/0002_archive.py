"""How far each conversation has been moved to the archive."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("archived", "archived_until"):
        op.add_column(
            "conversations",
            sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"),
        )


def downgrade() -> None:
    for name in ("archived_until", "archived"):
        op.drop_column("conversations", name)
