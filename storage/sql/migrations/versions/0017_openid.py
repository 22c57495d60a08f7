"""Whom OpenID Connect providers vouch for."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_UID = sa.String(length=32)


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=255), primary_key=True),
        sa.Column("subject", sa.String(length=255), primary_key=True),
        sa.Column("uid", _UID, sa.ForeignKey("accounts.uid", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("identities_account", "identities", ["uid"])


def downgrade() -> None:
    op.drop_index("identities_account", table_name="identities")
    op.drop_table("identities")
