"""Receipts of erasures, and the keyed hashes of what was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("project_id", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("block", sa.Boolean, nullable=False),
        sa.Column("installs", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("places", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("requested_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
    )
    op.create_index("ix_erasures_project_id", "erasures", ["project_id"])
    op.create_index("ix_erasures_state", "erasures", ["state"])
    op.create_table(
        "erased_installs",
        sa.Column("erasure_id", sa.String(32), sa.ForeignKey("erasures.id"), primary_key=True),
        sa.Column("mark", sa.String(64), primary_key=True),
    )
    op.create_index("ix_erased_installs_mark", "erased_installs", ["mark"])


def downgrade() -> None:
    op.drop_table("erased_installs")
    op.drop_table("erasures")
