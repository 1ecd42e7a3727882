from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import sqlalchemy as sa

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import (
    PROJECT,
    ROLES,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.access.roster import Roster
from codesyncx_server.access.service import AccessService
from codesyncx_server.access.store import AccessStore
from codesyncx_server.errors import AccessUnavailableError, RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio

ADA, BOB, EVE = Person("ada"), Person("bob"), Person("eve")
FIRST = Roster(3, {"ada": "owner", "bob": "editor"}, {"red": frozenset({"bob"})}, {"bob": "Bob B."})
VIEWER = Terms(ROLES["viewer"], "viewer")


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[AccessService]:
    service = AccessService(store_in(tmp_path), lambda: None)
    await service.start()
    await service.enrol(FIRST)
    yield service
    await service.stop()


def store_in(folder: Path) -> AccessStore:
    url = sa.URL.create("sqlite", database=str(folder / "access.sqlite"))
    return AccessStore(url, folder / "access.begun")


def may(service: AccessService, person: Person, permission: Permission, path: str = "") -> bool:
    return service.allows(person, permission, Resource(path))


async def test_everybody_is_what_the_roster_says_and_nobody_else_anything(
    service: AccessService,
) -> None:
    assert service.is_owner(ADA)
    assert may(service, BOB, Permission.EDIT)
    assert not may(service, EVE, Permission.READ)
    assert service.snapshot.people["bob"] == "Bob B."
    await service.enrol(Roster(4, {"ada": "owner", "bob": "viewer"}))
    assert not may(service, BOB, Permission.EDIT)
    assert may(service, BOB, Permission.READ)
    assert "red" not in service.snapshot.groups
    await service.enrol(Roster(5, {"ada": "owner"}))
    assert not may(service, BOB, Permission.READ)


async def test_an_older_roster_that_comes_late_changes_nothing(service: AccessService) -> None:
    await service.enrol(Roster(2, {"eve": "owner"}))
    assert service.is_owner(ADA)
    assert not may(service, EVE, Permission.READ)


async def test_what_people_granted_holds_for_those_who_are_in_the_project(
    service: AccessService,
) -> None:
    bob, eve = Subject(SubjectKind.USER, "bob"), Subject(SubjectKind.USER, "eve")
    red = Subject(SubjectKind.GROUP, "red")
    await service.grant(ADA, bob, Resource("solutions"), Terms(frozenset(), "none"))
    await service.grant(ADA, eve, Resource("notes"), VIEWER)
    await service.grant(ADA, red, Resource("solutions/red"), VIEWER)
    assert not may(service, BOB, Permission.READ, "solutions")
    assert may(service, BOB, Permission.READ, "solutions/red")
    assert not may(service, EVE, Permission.READ, "notes")
    await service.enrol(Roster(4, {"ada": "owner", "bob": "editor", "eve": "commenter"}))
    assert not may(service, BOB, Permission.READ, "solutions")
    assert not may(service, BOB, Permission.READ, "solutions/red")
    assert not may(service, EVE, Permission.COMMENT, "notes")


async def test_who_is_in_is_changed_at_the_hub_only(service: AccessService) -> None:
    given = next(one for one in service.policy.grants if one.subject.name == "bob")
    for change in (
        service.revoke(ADA, given.id),
        service.change_grant(ADA, given.id, VIEWER),
        service.put_group(ADA, "red", ["eve"]),
        service.delete_group(ADA, "red"),
    ):
        with pytest.raises(RefusedError, match="projects page"):
            await change
    assert may(service, BOB, Permission.EDIT)


async def test_the_copy_outlives_the_server_but_counts_only_so_long(
    tmp_path: Path,
) -> None:
    first = AccessService(store_in(tmp_path), lambda: None)
    await first.start()
    await first.enrol(FIRST)
    await first.stop()
    told = asyncio.Event()
    other = AccessService(store_in(tmp_path), told.set)
    await other.start()
    other.trust_roster_for(0)
    assert not other.allows(ADA, Permission.READ, PROJECT)
    with pytest.raises(AccessUnavailableError, match="can't be checked right now"):
        other.require(ADA, Permission.READ, PROJECT)
    other.trust_roster_for(0.3)
    assert other.allows(ADA, Permission.READ, PROJECT)
    told.clear()
    await asyncio.wait_for(told.wait(), 5)
    assert not other.allows(ADA, Permission.READ, PROJECT)
    await other.stop()
