"""A second factor: a shared secret, and codes for when it is lost."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UID = sa.String(length=32)


def upgrade() -> None:
    op.add_column("accounts", sa.Column("second_factor_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "second_factors",
        sa.Column("uid", _UID, sa.ForeignKey("accounts.uid", ondelete="CASCADE"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(length=64), primary_key=True),
        sa.Column("uid", _UID, sa.ForeignKey("accounts.uid", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("recovery_codes_account", "recovery_codes", ["uid"])


def downgrade() -> None:
    op.drop_index("recovery_codes_account", table_name="recovery_codes")
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
    op.drop_column("accounts", "second_factor_at")
