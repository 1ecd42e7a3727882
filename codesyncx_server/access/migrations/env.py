"""Runs migrations on the connection that the store hands over; alembic executes this file."""

from __future__ import annotations

from alembic import context

given = context.config.attributes
context.configure(
    connection=given["connection"],
    target_metadata=given["metadata"],
    version_table=given["version_table"],
)
context.run_migrations()
