"""The first form: projects, members, teams, invitations, people, and an audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "project",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("delete_at", sa.Float),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "project_member",
        _project(primary_key=True),
        sa.Column("username", sa.Text, primary_key=True),
        sa.Column("role", sa.String(32), nullable=False),
    )
    op.create_index("project_member_by_name", "project_member", ["username"])
    op.create_table(
        "project_team", _project(primary_key=True), sa.Column("name", sa.Text, primary_key=True)
    )
    op.create_table(
        "project_team_member",
        _project(primary_key=True),
        sa.Column("team", sa.Text, primary_key=True),
        sa.Column("username", sa.Text, primary_key=True),
    )
    op.create_table(
        "project_invitation",
        sa.Column("id", sa.String(32), primary_key=True),
        _project(nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("max_uses", sa.Integer),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
    )
    op.create_index("project_invitation_by_project", "project_invitation", ["project_id"])
    op.create_table(
        "project_person",
        sa.Column("username", sa.Text, primary_key=True),
        sa.Column("display_name", sa.Text, nullable=False),
    )
    op.create_table(
        "project_audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("project_audit_by_project", "project_audit", ["project_id", "id"])


def _project(*, primary_key: bool = False, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(
        "project_id",
        sa.String(32),
        sa.ForeignKey("project.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=nullable and not primary_key,
    )
