from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from support.postgresql import running_postgresql

from codesyncx_server.access import changes, migrations, tables
from codesyncx_server.access.audit import AuditQuery, Entry, What
from codesyncx_server.access.changes import Change, Invitation, Terms
from codesyncx_server.access.model import (
    EVERYONE,
    PROJECT,
    ROLES,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.access.snapshot import RangeRecord
from codesyncx_server.access.store import AccessStore
from codesyncx_server.errors import AccessUnavailableError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.postgresql import PostgreSQL

OWNER = Person("grace", is_owner=True)
ADA = Subject(SubjectKind.USER, "ada")
VIEWER = Terms(ROLES["viewer"], "viewer")
EDITOR = Terms(ROLES["editor"], "editor")
NOW = 1000.0


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str | sa.URL:
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database()
    return sqlite_in(tmp_path)


def sqlite_in(folder: Path) -> sa.URL:
    return sa.URL.create("sqlite", database=str(folder / "access.sqlite"))


@pytest.fixture
def open_store(url: str | sa.URL, tmp_path: Path) -> Iterator[Callable[[], AccessStore]]:
    """Give something that opens the database, as one more process would."""
    opened: list[AccessStore] = []

    def open_one() -> AccessStore:
        opened.append(AccessStore(url, tmp_path / "access.begun"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


def act(store: AccessStore, work: Callable[[Change], Any], by: Person = OWNER) -> Any:
    with store.change() as (connection, snapshot):
        return work(Change(connection, snapshot, by, NOW))


def test_what_one_process_grants_another_one_knows(open_store: Callable[[], AccessStore]) -> None:
    here, there = open_store(), open_store()
    assert here.read().revision == there.read().revision == 0
    grant = act(here, lambda change: changes.add_grant(change, ADA, Resource("ä/b c"), EDITOR))
    found = there.read()
    assert found.policy.grants == (grant,)
    assert (found.revision, found.grant(grant.id)) == (1, grant)
    assert there.read() is found

    act(there, lambda change: changes.change_grant(change, grant.id, VIEWER))
    assert here.read().policy.grants[0].role == "viewer"
    act(here, lambda change: changes.revoke(change, grant.id))
    assert there.read().policy.grants == ()
    with pytest.raises(NotFoundError):
        act(there, lambda change: changes.revoke(change, grant.id))
    again = act(here, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    assert again.id > grant.id


def test_what_is_refused_leaves_nothing(open_store: Callable[[], AccessStore]) -> None:
    store = open_store()
    with pytest.raises(RefusedError):
        act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER), Person("ada"))
    assert store.read().revision == 0
    assert store.audit_page(AuditQuery()) == []


def test_two_at_once_use_up_a_link_only_once(open_store: Callable[[], AccessStore]) -> None:
    invitation = Invitation(PROJECT, EDITOR, max_uses=3)
    _, _, secret = act(open_store(), lambda change: changes.add_link(change, invitation))
    answers: list[str] = []

    def join(store: AccessStore, name: str) -> None:
        try:
            act(store, lambda change: changes.redeem(change, secret, name, None))
        except RefusedError:
            answers.append("refused")
        else:
            answers.append("in")

    threads = [
        threading.Thread(target=join, args=(open_store(), f"guest {number}")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["in"] * 3 + ["refused"] * 5
    snapshot = open_store().read()
    assert len(snapshot.guests) == 3
    assert [link.uses for link in snapshot.links.values()] == [3]


def test_the_audit_log_only_grows_whatever_program_tries(
    open_store: Callable[[], AccessStore],
) -> None:
    store = open_store()
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    before = store.audit_page(AuditQuery())
    assert [entry.what for entry in before] == [What.GRANTED]
    statements = ["UPDATE access_audit SET who = 'eve'", "DELETE FROM access_audit"]
    if store._opened().dialect.name == "postgresql":
        statements.append("TRUNCATE access_audit")
    for statement in statements:
        with (
            pytest.raises(sa.exc.DBAPIError, match="the audit log only grows"),
            store._opened().begin() as connection,
        ):
            connection.exec_driver_sql(statement)
    assert store.audit_page(AuditQuery()) == before


def test_audit_entries_are_found_by_what_they_tell(open_store: Callable[[], AccessStore]) -> None:
    store = open_store()
    entries = [
        Entry(1.0, "ada", What.REFUSED, path="labs", detail={"permission": "read"}),
        Entry(2.0, "bob", What.REFUSED, path="labs/a_.py"),
        Entry(3.0, "ada", What.GRANTED, EVERYONE, "labsx"),
        Entry(4.0, "x" * 9999, What.REFUSED, path="z", detail={"ä": "ö" * 9999}),
    ]
    store.write_audit(entries)

    def found(**query: Any) -> list[float]:
        return [entry.time for entry in store.audit_page(AuditQuery(**query))]

    assert found() == [4, 3, 2, 1]
    assert found(limit=2) == [4, 3]
    assert found(path="labs") == [2, 1]
    assert found(who="ada") == [3, 1]
    assert found(what="granted") == [3]
    assert found(after=0) == [1, 2, 3, 4]
    assert found(before=store.audit_page(AuditQuery())[1].id) == [2, 1]
    assert store.audit_page(AuditQuery(what="granted"))[0].subject == EVERYONE
    longest = store.audit_page(AuditQuery())[0]
    assert len(longest.who) == 512
    assert len(str(longest.detail)) < 2048


def test_grants_and_ranges_move_with_what_they_are_on(
    open_store: Callable[[], AccessStore],
) -> None:
    store = open_store()
    paths = ["a_b", "a_b/c", "a_b/ü/c", "axb/c", "a_bc", "é%"]
    for path in paths:
        resource = Resource(path)
        act(store, lambda change, at=resource: changes.add_grant(change, ADA, at, VIEWER))
    store.put_ranges([RangeRecord("r1", "a_b/c", "lines", {"text": "é"})])
    with store.change() as (connection, _):
        changes.follow_rename(connection, "a_b", "né/w")
    snapshot = store.read()
    moved = [grant.resource.path for grant in snapshot.policy.grants]
    assert sorted(moved) == sorted(["né/w", "né/w/c", "né/w/ü/c", "axb/c", "a_bc", "é%"])
    assert snapshot.ranges["r1"].path == "né/w/c"
    assert snapshot.ranges["r1"].anchor == {"text": "é"}


def test_ranges_and_names_are_kept_without_a_word_to_others(
    open_store: Callable[[], AccessStore],
) -> None:
    store = open_store()
    record = RangeRecord("r1", "a.py", "lines", {"start": 1}, "open", "ada", 5.0)
    store.put_ranges([record])
    lost = replace(record, state="lost", anchor={})
    assert store.put_ranges([lost]).ranges == {"r1": lost}
    assert store.remember({"ada": "Ada", "bob": "Bob"}).people["ada"] == "Ada"
    assert store.remember({"ada": "Ada L."}).people == {"ada": "Ada L.", "bob": "Bob"}
    fresh = open_store().read()
    assert (fresh.revision, fresh.ranges, fresh.people["ada"]) == (0, {"r1": lost}, "Ada L.")
    assert store.delete_range("r1").ranges == {}


def test_the_end_of_a_link_is_the_end_of_its_guests(open_store: Callable[[], AccessStore]) -> None:
    store = open_store()
    terms = replace(EDITOR, expires_at=NOW + 10)
    link, _, secret = act(
        store, lambda change: changes.add_link(change, Invitation(PROJECT, terms))
    )
    admission, is_new = act(store, lambda change: changes.redeem(change, secret, "Ed", None))
    again, is_new_again = act(
        store, lambda change: changes.redeem(change, secret, "Ed", admission.token)
    )
    assert (is_new, is_new_again) == (True, False)
    assert again.guest == admission.guest
    guest = Subject(SubjectKind.USER, admission.guest.id)
    act(store, lambda change: changes.add_grant(change, guest, Resource("a.py"), VIEWER))

    with store.change() as (connection, snapshot):
        changes.expire(connection, snapshot, NOW + 10)
    snapshot = store.read()
    assert (snapshot.policy.grants, snapshot.guests) == ((), {})
    assert snapshot.links[link.id].ended == "expired"
    with pytest.raises(RefusedError, match="This link has expired"):
        act(store, lambda change: changes.redeem(change, secret, "Ed", None))
    told = [entry.what for entry in store.audit_page(AuditQuery(after=0))]
    assert told == [What.LINK_CREATED, What.JOINED, What.GRANTED, What.EXPIRED]


@pytest.mark.parametrize(
    "wrong", ["", ".", "x", "\ud800", "x" * 100_000, "LINK", "LINK.", "LINK.wrong", "LINK.é"]
)
def test_a_guessed_secret_opens_nothing(tmp_path: Path, wrong: str) -> None:
    store = AccessStore(sqlite_in(tmp_path), tmp_path / "access.begun")
    link, _, secret = act(
        store, lambda change: changes.add_link(change, Invitation(PROJECT, EDITOR))
    )
    for guess in (wrong.replace("LINK", link.id), secret[:-1], secret + "x", secret.upper()):
        with pytest.raises(RefusedError, match=r"This link isn't valid\."):
            act(store, lambda change, it=guess: changes.redeem(change, it, "Mallory", None))
    assert store.read().links[link.id].uses == 0
    store.close()


def test_neither_secrets_nor_tokens_are_on_the_disk(tmp_path: Path) -> None:
    store = AccessStore(sqlite_in(tmp_path), tmp_path / "access.begun")
    _, _, secret = act(store, lambda change: changes.add_link(change, Invitation(PROJECT, EDITOR)))
    admission, _ = act(store, lambda change: changes.redeem(change, secret, "Ed", None))
    files = list(tmp_path.iterdir())
    written = b"".join(file.read_bytes() for file in files)
    assert b"Ed" in written
    for hidden in (secret, secret.partition(".")[2], admission.token):
        assert hidden.encode() not in written
    assert not (tmp_path / "access.sqlite").stat().st_mode & 0o077
    store.close()


# -- the form of the database ---------------------------------------------------------------------


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(
    open_store: Callable[[], AccessStore],
) -> None:
    store = open_store()
    store.read()
    with store._opened().connect() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []


def test_a_newer_database_is_left_alone(open_store: Callable[[], AccessStore]) -> None:
    store = open_store()
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    with store._opened().begin() as connection:
        version = "SELECT version_num FROM access_version"
        form = connection.exec_driver_sql(version).scalar_one()
        connection.exec_driver_sql("UPDATE access_version SET version_num = '9999'")
    store.close()
    with pytest.raises(
        AccessUnavailableError, match=r"written by a newer CodeSyncX \(form 9999\); update"
    ):
        open_store().read()
    with store._make_engine().begin() as connection:
        connection.execute(sa.text("UPDATE access_version SET version_num = :it"), {"it": form})
    assert len(store.read().policy.grants) == 1


def test_what_an_older_version_has_kept_is_kept(open_store: Callable[[], AccessStore]) -> None:
    store = open_store()
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    act(store, lambda change: changes.put_group(change, "red", ["ada"], must_be_new=True))
    before = store.read()
    with store._opened().begin() as connection:
        connection.exec_driver_sql("UPDATE access_version SET version_num = '0001'")
        connection.exec_driver_sql("DROP TABLE access_roster")
        for table in ("access_grant", "access_group"):
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN origin")
    store.close()
    after = open_store().read()
    assert (after.policy.grants, after.groups) == (before.policy.grants, before.groups)


# -- a database that fails ------------------------------------------------------------------------


def test_a_postgresql_that_goes_away_fails_and_comes_back(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    store = AccessStore(postgresql.new_database(), tmp_path / "access.begun")
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    postgresql.stop()
    with pytest.raises(AccessUnavailableError, match="the access database can't be used"):
        store.read()
    postgresql.start()
    assert len(store.read().policy.grants) == 1
    store.close()


def test_an_empty_database_in_the_place_of_the_old_one_is_not_trusted(
    open_store: Callable[[], AccessStore], url: str | sa.URL
) -> None:
    store = open_store()
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    with store._opened().begin() as connection:
        for table in [*reversed(tables.metadata.sorted_tables), sa.table("access_version")]:
            connection.exec_driver_sql(f"DROP TABLE {table.name}")
    store.close()
    with pytest.raises(AccessUnavailableError, match="is empty; put the old one back"):
        store.read()
    assert str(url)


def test_a_file_that_is_gone_isnt_begun_anew_until_somebody_says_so(tmp_path: Path) -> None:
    file, aside = tmp_path / "access.sqlite", tmp_path / "aside"
    store = AccessStore(sqlite_in(tmp_path), tmp_path / "access.begun")
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    store.close()
    file.rename(aside)
    with pytest.raises(AccessUnavailableError, match=r"is gone; put it back, or delete access\.be"):
        store.read()
    assert not file.exists()
    aside.rename(file)
    assert len(store.read().policy.grants) == 1
    file.rename(aside)
    with pytest.raises(AccessUnavailableError, match="is gone"):
        store.read()

    (tmp_path / "access.begun").unlink()
    assert store.read().policy.grants == ()
    store.close()


def test_a_truncated_or_damaged_file_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "access.sqlite"
    for content in (b"", b"no database at all" * 500):
        store = AccessStore(sqlite_in(tmp_path), tmp_path / "access.begun")
        (tmp_path / "access.begun").unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        store.read()
        store.close()
        file.write_bytes(content)
        with pytest.raises(AccessUnavailableError):
            store.read()
        assert content in file.read_bytes()
        store.close()


def test_what_makes_no_sense_in_the_database_is_not_guessed(tmp_path: Path) -> None:
    store = AccessStore(sqlite_in(tmp_path), tmp_path / "access.begun")
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    store.close()
    with sqlite3.connect(tmp_path / "access.sqlite") as database:
        database.execute("UPDATE access_grant SET permissions = 'fly'")
    database.close()
    with pytest.raises(AccessUnavailableError, match="'fly' is not a valid Permission"):
        store.read()


def test_a_locked_file_fails_and_works_again_once_it_is_free(tmp_path: Path) -> None:
    store = AccessStore(sqlite_in(tmp_path), tmp_path / "access.begun")
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, VIEWER))
    other = sqlite3.connect(tmp_path / "access.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert len(store.read().policy.grants) == 1
    with pytest.raises(AccessUnavailableError, match="database is locked"):
        act(store, lambda change: changes.add_grant(change, ADA, PROJECT, EDITOR))
    other.execute("ROLLBACK")
    other.close()
    act(store, lambda change: changes.add_grant(change, ADA, PROJECT, EDITOR))
    assert len(store.read().policy.grants) == 2
    store.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("mysql://user:secret@host/x", "only sqlite and postgresql"),
        ("sqlite://", "only sqlite and postgresql"),
        ("secret secret", "access_database_url is not a database's URL"),
        ("sqlite:////proc/nowhere/secret.sqlite", "unable to open database file"),
    ],
)
def test_a_wrong_url_is_told_without_its_password(tmp_path: Path, wrong: str, message: str) -> None:
    store = AccessStore(wrong, tmp_path / "access.begun")
    with pytest.raises(AccessUnavailableError, match=message) as refused:
        store.read()
    assert "secret" not in str(refused.value)
