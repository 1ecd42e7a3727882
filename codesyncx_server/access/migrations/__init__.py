"""Brings an access database to the form that this version knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import AccessUnavailableError
from ...migrating import FormError, bring_up_to_date
from ..tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERSION_TABLE = "access_version"


def upgrade(connection: Connection, *, may_begin: bool) -> None:
    """Migrate in the transaction of `connection`.

    AccessUnavailableError for a form newer than this version knows, and for an empty database
    where there was one before (`may_begin` is false).
    """
    folder = Path(__file__).parent
    try:
        bring_up_to_date(connection, folder, metadata, VERSION_TABLE, may_begin=may_begin)
    except FormError as error:
        raise AccessUnavailableError(f"the access database {error}") from error
