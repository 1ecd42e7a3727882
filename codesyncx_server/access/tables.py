"""The tables that access is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

metadata = MetaData()

#: One row; its revision grows with every change, so that other processes notice.
state = Table(
    "access_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)

grants = Table(
    "access_grant",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject_kind", String(16), nullable=False),
    Column("subject_name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("range_id", String(64)),
    Column("role", String(32)),
    Column("permissions", Text, nullable=False),
    Column("expires_at", Float),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", Float, nullable=False),
    Column("origin", String(16), nullable=False, server_default=""),
    sqlite_autoincrement=True,  # the audit names grants by number, so none comes twice
)

groups = Table(
    "access_group",
    metadata,
    Column("name", Text, primary_key=True),
    Column("origin", String(16), nullable=False, server_default=""),
)

members = Table(
    "access_member",
    metadata,
    Column("group_name", Text, ForeignKey("access_group.name"), primary_key=True),
    Column("username", Text, primary_key=True),
)

#: One row, once a Hub has told who is in the project: the revision of what it told last.
roster = Table(
    "access_roster",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)

#: A link's path, rights and end are those of its grant; what it was stays for those who come late.
links = Table(
    "access_link",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("grant_id", Integer, nullable=False),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("ended", String(16)),
)

guests = Table(
    "access_guest",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("link_id", String(32), nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("joined_at", Float, nullable=False),
)

ranges = Table(
    "access_range",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("path", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("anchor", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

people = Table(
    "access_person",
    metadata,
    Column("username", Text, primary_key=True),
    Column("display_name", Text, nullable=False),
)

audit = Table(
    "access_audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("time", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(32), nullable=False),
    Column("subject_kind", String(16)),
    Column("subject_name", Text),
    Column("path", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)

Index("access_audit_by_time", audit.c.time)


def below(column: Column[Any], folder: str) -> ColumnElement[bool]:
    """Whether a path lies in `folder`, at any depth."""
    # Not by LIKE, whose wildcards a path may hold.
    return func.substr(column, 1, len(folder) + 1) == f"{folder}/"
