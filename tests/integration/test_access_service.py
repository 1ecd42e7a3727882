from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from codesyncx_server.access import changes, decider
from codesyncx_server.access import service as service_module
from codesyncx_server.access.audit import AuditQuery, What
from codesyncx_server.access.changes import Invitation, Terms
from codesyncx_server.access.model import (
    PROJECT,
    ROLES,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.access.service import AccessService
from codesyncx_server.access.snapshot import RangeRecord
from codesyncx_server.access.store import AccessStore
from codesyncx_server.errors import AccessUnavailableError, RefusedError, TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWNER = Person("grace", is_owner=True)
ADA = Person("ada")


class Told:
    """Counts the calls of `changed`."""

    count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def service(
    tmp_path: Path, told: Told, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[AccessService]:
    url = sa.URL.create("sqlite", database=str(tmp_path / "access.sqlite"))
    one = AccessService(AccessStore(url, tmp_path / "access.begun"), told)
    jp_asyncio_loop.run_until_complete(one.start())
    yield one
    jp_asyncio_loop.run_until_complete(one.stop())


def role(name: str, expires_at: float | None = None) -> Terms:
    return Terms(ROLES[name], name, expires_at)


def user(name: str) -> Subject:
    return Subject(SubjectKind.USER, name)


async def test_a_grant_is_decided_by_at_once_and_until_it_is_taken_back(
    service: AccessService, told: Told
) -> None:
    with pytest.raises(RefusedError, match=r"You may not see a\.py: nobody has given you access"):
        service.require(ADA, Permission.READ, Resource("a.py"))
    before = told.count
    grant = await service.grant(OWNER, user("ada"), PROJECT, role("viewer"))
    assert told.count == before + 1
    service.require(ADA, Permission.READ, Resource("a.py"))
    await service.revoke(OWNER, grant.id)
    assert not service.allows(ADA, Permission.READ, Resource("a.py"))


async def test_a_guest_has_what_their_link_gives_until_it_is_taken_back(
    service: AccessService,
) -> None:
    link, _, secret = await service.create_link(
        OWNER, Invitation(Resource("docs"), role("editor"), max_uses=1)
    )
    admission = await service.redeem(secret, "Edsger")
    guest = service.guest_of(admission.token)
    assert guest == admission.guest
    person = Person(guest.id, link=guest.link_id)
    assert service.allows(person, Permission.EDIT, Resource("docs/a.md"))
    assert not service.allows(person, Permission.READ, Resource("a.py"))
    with pytest.raises(RefusedError, match="used as often"):
        await service.redeem(secret, "Mallory")

    await service.revoke_link(OWNER, link.id)
    assert service.guest_of(admission.token) is None
    with pytest.raises(RefusedError, match="taken back"):
        await service.redeem(secret, "Edsger")


async def test_what_is_granted_on_a_folder_follows_it_and_stays_so(
    service: AccessService, tmp_path: Path
) -> None:
    await service.grant(OWNER, user("ada"), Resource("a/b%_"), role("viewer"))
    service.follow_rename("a", "b")
    assert service.allows(ADA, Permission.READ, Resource("b/b%_/x"))
    assert not service.allows(ADA, Permission.READ, Resource("a/b%_/x"))
    await service.look()
    url = sa.URL.create("sqlite", database=str(tmp_path / "access.sqlite"))
    other = await asyncio.to_thread(AccessStore(url, tmp_path / "access.begun").read)
    assert other.policy.grants[0].resource.path == "b/b%_"


async def test_a_rename_is_written_without_waiting_for_the_next_look(
    service: AccessService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "LOOK_S", 600)
    await service.grant(OWNER, user("ada"), Resource("a"), role("viewer"))
    other = sqlite3.connect(tmp_path / "access.sqlite")
    paths = "SELECT path FROM access_grant"
    for old, new in (("a", "b"), ("b", "c")):
        # The look before may have begun with the usual wait.
        await service.look()
        service.follow_rename(old, new)
        await until(lambda new=new: other.execute(paths).fetchall() == [(new,)])
    service.follow_rename("c", "d")
    await service.renames_written()
    assert other.execute(paths).fetchall() == [("d",)]
    other.close()


async def test_what_is_being_written_when_a_rename_comes_is_moved_by_it(
    service: AccessService,
) -> None:
    await service.ranges.put(RangeRecord("r1", "a.py", "lines", {"at": 1}))
    record = service.ranges.get("r1")
    assert record is not None
    held = threading.Event()
    holding = asyncio.get_running_loop().run_in_executor(service._thread, held.wait)
    jobs = [
        asyncio.ensure_future(work)
        for work in (
            service.look(),
            service.ranges.put(replace(record, anchor={"at": 2})),
            service.ranges.put(RangeRecord("r2", "a.py", "lines", {})),
            service.grant(OWNER, user("ada"), Resource("a.py"), role("viewer")),
        )
    ]
    await asyncio.sleep(0)
    service.follow_rename("a.py", "b.py")
    seen = []
    service._changed = lambda: seen.append({one.path for one in service.snapshot.ranges.values()})
    held.set()
    await asyncio.gather(*jobs, holding)
    await service.renames_written()
    assert all(paths == {"b.py"} for paths in seen)
    await service.ranges.put(replace(record, anchor={"at": 3}))  # it was read before the rename
    await service.look()
    found = service.snapshot.ranges
    assert {key: one.path for key, one in found.items()} == {"r1": "b.py", "r2": "b.py"}
    assert found["r1"].anchor == {"at": 3}
    assert [grant.resource.path for grant in service.policy.grants] == ["b.py"]


# -- when the database fails ----------------------------------------------------------------------


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it waits for the database
            await asyncio.sleep(0.02)


async def test_without_its_database_only_the_servers_owner_gets_in_until_it_is_back(
    service: AccessService, told: Told, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner_by_grant = Person("eve")
    await service.grant(OWNER, user("ada"), PROJECT, role("editor"))
    await service.grant(OWNER, user("eve"), PROJECT, role("owner"))
    link, _, secret = await service.create_link(OWNER, Invitation(PROJECT, role("viewer")))
    admission = await service.redeem(secret, "Ed")
    file, aside = tmp_path / "access.sqlite", tmp_path / "aside"
    before = told.count
    file.rename(aside)

    await until(lambda: not service.is_available)
    assert told.count == before + 1
    for person in (ADA, owner_by_grant):
        assert not service.allows(person, Permission.READ, PROJECT)
        assert not service.is_trusted(person)
        assert not service.reaches(person, "")
        assert service.permissions(person, PROJECT) == frozenset()
        with pytest.raises(AccessUnavailableError, match="access can't be checked right now"):
            service.require(person, Permission.READ, PROJECT)
    assert service.guest_of(admission.token) is None
    with pytest.raises(AccessUnavailableError):
        assert service.policy
    with pytest.raises(AccessUnavailableError):
        await service.redeem(secret, "Mallory")
    with pytest.raises(AccessUnavailableError):
        await service.grant(OWNER, user("bob"), PROJECT, role("viewer"))
    service.require(OWNER, Permission.ADMIN, PROJECT)
    assert service.is_trusted(OWNER)
    await service.look()
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(lines) == 1
    assert lines[0].startswith("Nobody but the server's owner is let in: the access database")
    assert "\n" not in lines[0]

    aside.rename(file)
    await until(lambda: service.is_available)
    service.require(ADA, Permission.EDIT, PROJECT)
    assert service.guest_of(admission.token) == admission.guest
    assert told.count == before + 2
    assert link.id in service.snapshot.links


async def test_a_database_that_is_locked_refuses_changes_and_goes_on_deciding(
    service: AccessService, tmp_path: Path
) -> None:
    await service.grant(OWNER, user("ada"), PROJECT, role("editor"))
    other = sqlite3.connect(tmp_path / "access.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(AccessUnavailableError, match="can't be changed right now"):
        await service.grant(OWNER, user("bob"), PROJECT, role("viewer"))
    service.require(ADA, Permission.EDIT, PROJECT)
    other.execute("ROLLBACK")
    other.close()
    await service.grant(OWNER, user("bob"), PROJECT, role("viewer"))


async def test_a_database_that_never_answers_counts_as_gone(
    service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decider, "STALE_S", 1.0)
    await service.grant(OWNER, user("ada"), PROJECT, role("editor"))
    hangs = threading.Event()
    service._thread.submit(hangs.wait, 20)
    assert service.allows(ADA, Permission.EDIT, PROJECT)
    await until(lambda: not service.is_available)
    assert not service.allows(ADA, Permission.EDIT, PROJECT)
    hangs.set()
    await until(lambda: service.allows(ADA, Permission.EDIT, PROJECT))


async def test_a_database_that_cannot_be_opened_at_the_start_is_opened_later(
    tmp_path: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "access.sqlite").write_bytes(b"not a database" * 999)
    url = sa.URL.create("sqlite", database=str(tmp_path / "access.sqlite"))
    service = AccessService(AccessStore(url, tmp_path / "access.begun"), told)
    await service.start()
    assert not service.allows(ADA, Permission.READ, PROJECT)
    assert service.allows(OWNER, Permission.ADMIN, PROJECT)
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert line.endswith("the access database can't be used: file is not a database.")
    (tmp_path / "access.sqlite").unlink()
    await until(lambda: service.is_available)
    await service.stop()


async def test_what_another_process_changes_counts_within_a_second(
    service: AccessService, tmp_path: Path, told: Told
) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "access.sqlite"))
    other = AccessStore(url, tmp_path / "access.begun")

    def act() -> None:
        with other.change() as (connection, snapshot):
            change = changes.Change(connection, snapshot, OWNER, 0.0)
            changes.add_grant(change, user("ada"), PROJECT, role("viewer"))
        other.close()

    before = told.count
    await asyncio.to_thread(act)
    async with asyncio.timeout(1):
        while not service.allows(ADA, Permission.READ, PROJECT):  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.02)
    assert told.count == before + 1


async def test_a_move_that_could_not_be_written_is_decided_by_and_written_later(
    service: AccessService, tmp_path: Path
) -> None:
    await service.grant(OWNER, user("ada"), Resource("a"), role("viewer"))
    other = sqlite3.connect(tmp_path / "access.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    service.follow_rename("a", "b")
    service.follow_rename("b", "c")
    assert service.allows(ADA, Permission.READ, Resource("c/x"))
    await service.look()
    assert not service.is_available
    other.execute("ROLLBACK")
    await until(lambda: service.is_available)
    assert service.allows(ADA, Permission.READ, Resource("c/x"))
    assert other.execute("SELECT path FROM access_grant").fetchall() == [("c",)]
    other.close()


# -- links ----------------------------------------------------------------------------------------


async def test_guessing_secrets_is_slow_for_one_and_for_all(service: AccessService) -> None:
    _, _, secret = await service.create_link(OWNER, Invitation(PROJECT, role("viewer")))
    for _ in range(20):
        with pytest.raises(RefusedError, match="isn't valid"):
            await service.redeem("abc.wrong", "Mallory", address="10.0.0.1")
    with pytest.raises(TooManyError):
        await service.redeem(secret, "Mallory", address="10.0.0.1")
    with pytest.raises(TooManyError):
        service.invitation(secret, address="10.0.0.1")
    assert service.invitation(secret, address="10.0.0.2")[0].uses == 0
    await service.redeem(secret, "Ed", address="10.0.0.2")
    for number in range(280):
        with pytest.raises(RefusedError):
            service.invitation("abc.wrong", address=f"10.0.1.{number}")
    with pytest.raises(TooManyError):
        await service.redeem(secret, "Late", address="10.0.0.3")


def all_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


async def test_a_secret_is_never_logged(
    service: AccessService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy").setLevel(logging.INFO)
    _, _, secret = await service.create_link(OWNER, Invitation(PROJECT, role("viewer"), max_uses=1))
    admission = await service.redeem(secret, "Ed")
    with pytest.raises(RefusedError):
        await service.redeem(secret, "Ed")
    with pytest.raises(RefusedError):
        await service.redeem(secret + "x", "Ed")
    service.guest_of(admission.token)
    written = caplog.text.encode() + await asyncio.to_thread(all_bytes, tmp_path)
    logging.getLogger("sqlalchemy").setLevel(logging.NOTSET)
    for hidden in (secret, secret.partition(".")[2], admission.token):
        assert hidden.encode() not in written


async def test_a_guest_is_out_the_moment_the_link_ends_before_anything_is_written(
    tmp_path: Path, told: Told
) -> None:
    now = [1000.0]
    url = sa.URL.create("sqlite", database=str(tmp_path / "access.sqlite"))
    service = AccessService(AccessStore(url, tmp_path / "access.begun"), told, lambda: now[0])
    await service.start()
    _, _, secret = await service.create_link(OWNER, Invitation(PROJECT, role("viewer", 1010.0)))
    admission = await service.redeem(secret, "Ed")
    now[0] = 1009.9
    assert service.guest_of(admission.token) == admission.guest
    now[0] = 1010.0
    assert service.guest_of(admission.token) is None
    with pytest.raises(RefusedError, match="expired"):
        await service.redeem(secret, "Ed")
    before = told.count
    await service.look()
    assert told.count == before + 1
    assert not service.policy.grants
    await service.stop()


# -- the audit ------------------------------------------------------------------------------------


async def test_refusals_are_written_once_and_with_bounds(service: AccessService) -> None:
    for _ in range(100):
        with pytest.raises(RefusedError):
            service.require(ADA, Permission.EDIT, Resource("a.py"))
    entries = await service.audit(AuditQuery())
    assert [(entry.who, entry.what, entry.path) for entry in entries] == [
        ("ada", What.REFUSED, "a.py")
    ]
    for number in range(1000):
        with pytest.raises(RefusedError):
            service.require(ADA, Permission.EDIT, Resource("x" * 5000 + str(number)))
    assert len(await service.audit(AuditQuery(limit=1000))) <= 60


async def test_what_is_left_to_write_is_written_at_the_end(tmp_path: Path, told: Told) -> None:
    url = sa.URL.create("sqlite", database=str(tmp_path / "access.sqlite"))
    service = AccessService(AccessStore(url, tmp_path / "access.begun"), told)
    await service.start()
    await service.grant(OWNER, user("ada"), Resource("old.py"), role("viewer"))
    service.follow_rename("old.py", "new.py")
    service.note_refusal(ADA, Permission.READ, Resource("a.py"))
    service.remember("ada", "Ada")
    await service.stop()
    store = AccessStore(url, tmp_path / "access.begun")
    snapshot = await asyncio.to_thread(store.read)
    assert [grant.resource.path for grant in snapshot.policy.grants] == ["new.py"]
    entries = await asyncio.to_thread(store.audit_page, AuditQuery())
    assert snapshot.people == {"ada": "Ada"}
    assert [entry.who for entry in entries if entry.what == "refused"] == ["ada"]
    store.close()


async def test_one_person_makes_so_many_changes_in_a_minute(service: AccessService) -> None:
    for _ in range(300):
        await service.put_group(OWNER, "students", ["ada"])
    with pytest.raises(TooManyError):
        await service.put_group(OWNER, "students", ["ada"])
    await service.put_group(Person("eve", is_owner=True), "students", ["ada"])
