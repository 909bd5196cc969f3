"""Projects, write keys, API tokens, sign-in links, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("version_property", sa.String(200), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
    )
    for table, column, length in (("write_keys", "key", 200), ("api_tokens", "hash", 64)):
        op.create_table(
            table,
            sa.Column(column, sa.String(length), primary_key=True),
            sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
            sa.Column("name", sa.String(100), nullable=False),
            sa.Column("created_at", _INSTANT, nullable=False),
            sa.Column("revoked_at", _INSTANT),
        )
        op.create_index(f"ix_{table}_project_id", table, ["project_id"])
    op.create_table(
        "sign_in_links",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
    )


def downgrade() -> None:
    for table in ("sessions", "sign_in_links", "api_tokens", "write_keys", "projects"):
        op.drop_table(table)
