"""Users and their rights, invitations, the audit log; sessions and tokens know whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("password", sa.String(200)),
        sa.Column("admin", sa.Boolean, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("disabled_at", _INSTANT),
    )
    op.create_table(
        "members",
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
    )
    op.create_table(
        "invitations",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor", sa.String(300), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("project_id", sa.Integer),
        sa.Column("subject", sa.String(300), nullable=False),
    )
    op.create_index("ix_audit_project_id", "audit", ["project_id", "id"])
    op.add_column("sessions", sa.Column("user_id", sa.Integer))
    op.add_column("write_keys", sa.Column("last_used_at", _INSTANT))
    op.add_column("api_tokens", sa.Column("id", sa.String(32)))
    op.add_column("api_tokens", sa.Column("scope", sa.String(16)))
    op.add_column("api_tokens", sa.Column("last_used_at", _INSTANT))
    # A token's hash tells nothing of the token: its beginning names those that are there already.
    op.execute("UPDATE api_tokens SET id = substr(hash, 1, 16), scope = 'admin'")


def downgrade() -> None:
    for column in ("last_used_at", "scope", "id"):
        op.drop_column("api_tokens", column)
    op.drop_column("write_keys", "last_used_at")
    op.drop_column("sessions", "user_id")
    op.drop_index("ix_audit_project_id", "audit")
    for table in ("audit", "invitations", "members", "users"):
        op.drop_table(table)
