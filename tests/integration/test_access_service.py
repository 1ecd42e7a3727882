from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

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
from codesyncx_server.access.store import AccessStore
from codesyncx_server.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
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
