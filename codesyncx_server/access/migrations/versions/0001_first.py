"""The first form: grants, groups, links, guests, ranges, people, and an audit that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SQLITE_GUARD = """
CREATE TRIGGER access_audit_no_{word} BEFORE {word} ON access_audit
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE FUNCTION access_audit_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$
"""
_POSTGRESQL_GUARD = """
CREATE TRIGGER access_audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON access_audit
FOR EACH STATEMENT EXECUTE FUNCTION access_audit_guard()
"""


def upgrade() -> None:
    """Make every table, and forbid the database itself to change the audit."""
    op.create_table(
        "access_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO access_state (id, revision) VALUES (1, 0)")
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_name", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("range_id", sa.String(64)),
        sa.Column("role", sa.String(32)),
        sa.Column("permissions", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("granted_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table("access_group", sa.Column("name", sa.Text, primary_key=True))
    op.create_table(
        "access_member",
        sa.Column("group_name", sa.Text, sa.ForeignKey("access_group.name"), primary_key=True),
        sa.Column("username", sa.Text, primary_key=True),
    )
    op.create_table(
        "access_link",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("grant_id", sa.Integer, nullable=False),
        sa.Column("max_uses", sa.Integer),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("ended", sa.String(16)),
    )
    op.create_table(
        "access_guest",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("link_id", sa.String(32), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("joined_at", sa.Float, nullable=False),
    )
    op.create_table(
        "access_range",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("anchor", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "access_person",
        sa.Column("username", sa.Text, primary_key=True),
        sa.Column("display_name", sa.Text, nullable=False),
    )
    op.create_table(
        "access_audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("subject_kind", sa.String(16)),
        sa.Column("subject_name", sa.Text),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("access_audit_by_time", "access_audit", ["time"])
    if op.get_bind().dialect.name == "sqlite":
        for word in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_GUARD.format(word=word))
    else:
        op.execute(_POSTGRESQL_FUNCTION)
        op.execute(_POSTGRESQL_GUARD)
