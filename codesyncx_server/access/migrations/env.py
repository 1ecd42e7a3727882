"""Runs migrations on the connection that the store hands over; alembic executes this file."""

from __future__ import annotations

from alembic import context

from codesyncx_server.access.migrations import VERSION_TABLE
from codesyncx_server.access.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
