"""The tables that projects are kept in."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()


def _project() -> Column[str]:
    return Column(
        "project_id", String(32), ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )


projects = Table(
    "project",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("delete_at", Float),
    Column("revision", Integer, nullable=False),
)

members = Table(
    "project_member",
    metadata,
    _project(),
    Column("username", Text, primary_key=True),
    Column("role", String(32), nullable=False),
)
Index("project_member_by_name", members.c.username)

teams = Table("project_team", metadata, _project(), Column("name", Text, primary_key=True))

team_members = Table(
    "project_team_member",
    metadata,
    _project(),
    Column("team", Text, primary_key=True),
    Column("username", Text, primary_key=True),
)

invitations = Table(
    "project_invitation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project_id", String(32), ForeignKey("project.id", ondelete="CASCADE"), nullable=False),
    Column("role", String(32), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False),
    Column("email", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("ended", Boolean, nullable=False),
)
Index("project_invitation_by_project", invitations.c.project_id)

people = Table(
    "project_person",
    metadata,
    Column("username", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
)

#: Not tied to the project by the database: what happened to one that is gone stays.
audit = Table(
    "project_audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("time", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(32), nullable=False),
    Column("project_id", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("project_audit_by_project", audit.c.project_id, audit.c.id)
