"""Brings an access database to the form that this version knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ...errors import AccessUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSION_TABLE = "access_version"


def upgrade(connection: Connection, *, may_begin: bool) -> None:
    """Migrate in the transaction of `connection`.

    AccessUnavailableError for a form newer than this version knows, and for an empty database
    where there was one before (`may_begin` is false).
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    found = context.get_current_revision()
    if found == scripts.get_current_head():
        return
    if found is None and not may_begin:
        raise AccessUnavailableError("the access database is empty; put the old one back")
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise AccessUnavailableError(
            f"the access database was written by a newer CodeSyncX (form {found}); update CodeSyncX"
        )
    command.upgrade(config, "head")
