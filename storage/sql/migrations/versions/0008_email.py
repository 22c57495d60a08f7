"""E-mail addresses of accounts, mails to be sent, and what a mailed code is for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("email", sa.String(length=254), nullable=True))
    op.create_index("accounts_email", "accounts", ["email"], unique=True)
    op.create_table(
        "tickets",
        sa.Column("code_hash", sa.String(length=64), primary_key=True),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["uid"], ["accounts.uid"], ondelete="CASCADE"),
    )
    op.create_index("tickets_account", "tickets", ["uid"])
    op.create_table(
        "mails",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("mails")
    op.drop_index("tickets_account", table_name="tickets")
    op.drop_table("tickets")
    op.drop_index("accounts_email", table_name="accounts")
    op.drop_column("accounts", "email")
