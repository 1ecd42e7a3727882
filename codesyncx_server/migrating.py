"""Brings a database to the form that this version knows, by alembic's scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, MetaData


class FormError(Exception):
    """A database whose form this version doesn't know, or that has lost what it held."""


def bring_up_to_date(
    connection: Connection,
    folder: Path,
    metadata: MetaData,
    version_table: str,
    *,
    may_begin: bool = True,
) -> None:
    """Migrate in the transaction of `connection`, by the scripts in `folder`.

    FormError for a form newer than this version knows, and for an empty database where there was
    one before (`may_begin` is false). The scripts' env.py finds all it needs in its config's
    attributes: connection, metadata, version_table.
    """
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(connection=connection, metadata=metadata, version_table=version_table)
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection, opts={"version_table": version_table})
    found = context.get_current_revision()
    if found == scripts.get_current_head():
        return
    if found is None and not may_begin:
        raise FormError("is empty; put the old one back")
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise FormError(f"was written by a newer CodeSyncX (form {found}); update CodeSyncX")
    command.upgrade(config, "head")
