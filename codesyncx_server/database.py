"""How our databases are opened: SQLite in a file, or PostgreSQL.

A transaction that writes is the only one that does; reading never waits for it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from .errors import InvalidRequestError

_WAIT_S = 2
_READS_ONLY = "codesyncx_reading"
_POSTGRESQL_LIMITS: dict[str, Any] = {
    "connect_timeout": _WAIT_S,
    "tcp_user_timeout": 5000,
    "options": "-c statement_timeout=5000 -c lock_timeout=2000",
}


def read_url(url: str | sa.URL, name: str) -> sa.URL:
    """Read the URL of a database; InvalidRequestError, which calls it `name`, for a bad one."""
    try:
        read = sa.make_url(url)
    except SQLAlchemyError as error:  # without its text, which may hold a password
        raise InvalidRequestError(f"{name} is not a database's URL") from error
    match read.get_backend_name():
        case "postgresql":
            return read if "+" in read.drivername else read.set(drivername="postgresql+psycopg")
        case "sqlite" if read.database:
            return read
    raise InvalidRequestError(f"{name}: only sqlite and postgresql can be used")


def make_engine(url: sa.URL) -> sa.Engine:
    """Give the engine of a database, with one connection; it opens nothing yet."""
    if url.get_backend_name() == "postgresql":
        return sa.create_engine(
            url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=_POSTGRESQL_LIMITS
        )
    engine = sa.create_engine(
        url, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def reading(url: sa.URL) -> dict[str, Any]:
    """Give the options of a connection that only reads, and sees one moment throughout."""
    if url.get_backend_name() == "postgresql":
        return {"isolation_level": "REPEATABLE READ"}
    return {_READS_ONLY: True}


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins, not sqlite3: see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_WAIT_S * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that begins by reading couldn't write any more once another process wrote.
    reads_only = connection.get_execution_options().get(_READS_ONLY)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
