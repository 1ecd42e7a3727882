"""Grants and groups say where they come from: from people here, or from a Hub's projects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the origin; what is there was made by people."""
    for table in ("access_grant", "access_group"):
        op.add_column(table, sa.Column("origin", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "access_roster",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
