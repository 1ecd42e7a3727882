from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from support.postgresql import running_postgresql

from codesyncx_hub.errors import ProjectsUnavailableError
from codesyncx_hub.projects import changes, invitations, tables
from codesyncx_hub.projects.changes import Actor, Change, What
from codesyncx_hub.projects.invitations import Terms
from codesyncx_hub.projects.model import ProjectState
from codesyncx_hub.projects.store import ProjectsStore
from codesyncx_server.access.roster import Roster
from codesyncx_server.errors import (
    InvalidRequestError,
    NotFoundError,
    RefusedError,
    TooManyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from support.postgresql import PostgreSQL

NOW = 1_000.0
DAY = 86_400.0


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str | sa.URL:
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database()
    return sa.URL.create("sqlite", database=str(tmp_path / "projects.sqlite"))


@pytest.fixture
def store(url: str | sa.URL) -> Iterator[ProjectsStore]:
    store = ProjectsStore(url)
    yield store
    store.close()


def act(store: ProjectsStore, by: str, work: Callable[[Change], Any], now: float = NOW) -> Any:
    with store.change() as connection:
        return work(Change(connection, Actor(by), now))


def make(store: ProjectsStore, by: str = "ada", name: str = "Course") -> str:
    project = act(store, by, lambda change: changes.create(change, name, most_owned=3))
    return project.id


def give(store: ProjectsStore, project: str, who: str, role: str | None, by: str = "ada") -> None:
    act(store, by, lambda change: changes.set_role(change, project, who, role))


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(store: ProjectsStore) -> None:
    store.open()
    with store._opened().connect() as connection:
        options = {"version_table": "project_version", "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []


def test_a_project_is_made_filled_and_told_to_its_server(store: ProjectsStore) -> None:
    project = make(store)
    first = store.roster(project).revision
    give(store, project, "bob", "editor")
    act(store, "ada", lambda change: changes.put_team(change, project, "red", ["bob"]))
    with store.change() as connection:
        changes.remember(connection, "bob", "Bob B.")
    roster = store.roster(project)
    assert roster.revision > first
    assert roster.roles == {"ada": "owner", "bob": "editor"}
    assert roster.teams == {"red": {"bob"}}
    assert roster.names == {"bob": "Bob B."}
    give(store, project, "bob", None)
    roster = store.roster(project)
    assert (roster.roles, roster.teams) == ({"ada": "owner"}, {"red": frozenset()})


def test_whoever_isnt_in_a_project_sees_and_changes_nothing(store: ProjectsStore) -> None:
    project = make(store)
    make(store, "eve", "Mine")
    assert [one.project.name for one in store.memberships("ada")] == ["Course"]
    assert len(store.memberships()) == 2
    for deed in (
        lambda change: changes.set_role(change, project, "eve", "owner"),
        lambda change: changes.describe(change, project, "Hers", None),
        lambda change: changes.set_state(change, project, ProjectState.DELETED),
        lambda change: changes.put_team(change, project, "red", []),
        lambda change: invitations.invite(change, project, Terms("viewer")),
    ):
        with pytest.raises(NotFoundError):
            act(store, "eve", deed)
    assert store.membership(project).roles == {"ada": "owner"}
    assert store.membership(project).project.revision == 1


def test_what_isnt_active_has_nobody_in_it_until_it_is_restored(store: ProjectsStore) -> None:
    project = make(store)
    set_state = changes.set_state
    act(store, "ada", lambda change: set_state(change, project, ProjectState.ARCHIVED))
    assert store.roster(project).roles == {}
    act(store, "ada", lambda change: set_state(change, project, ProjectState.ACTIVE))
    assert store.roster(project).roles == {"ada": "owner"}
    act(store, "ada", lambda change: set_state(change, project, ProjectState.DELETED, grace_s=DAY))
    with store.reading() as connection:
        assert changes.due_for_erasure(connection, NOW + DAY - 1) == []
        assert changes.due_for_erasure(connection, NOW + DAY) == [project]
    act(store, "", lambda change: changes.erase(change, project))
    with pytest.raises(NotFoundError):
        store.membership(project)
    told = [entry["what"] for entry in store.audit(project, limit=10, before=None)]
    assert told == [What.ERASED, What.STATE, What.STATE, What.STATE, What.CREATED]


def test_a_project_that_isnt_deleted_is_never_erased(store: ProjectsStore) -> None:
    project = make(store)
    act(store, "", lambda change: changes.erase(change, project))
    assert store.membership(project).roles == {"ada": "owner"}


def test_one_owns_so_many_projects_and_no_more(store: ProjectsStore) -> None:
    for number in range(3):
        make(store, "ada", f"Course {number}")
    with pytest.raises(TooManyError, match="You own 3 projects"):
        make(store)


def test_an_invitation_lets_in_as_often_as_it_says(store: ProjectsStore) -> None:
    project = make(store)
    terms = Terms("editor", max_uses=2, team="red")
    _, secret = act(store, "ada", lambda change: invitations.invite(change, project, terms))
    answers: list[str] = []

    def accept(name: str) -> None:
        try:
            act(store, name, lambda change: invitations.accept(change, secret))
        except RefusedError:
            answers.append("refused")
        else:
            answers.append("in")

    threads = [threading.Thread(target=accept, args=(f"s{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["in"] * 2 + ["refused"] * 4
    membership = store.membership(project)
    assert len(membership.roles) == 3
    assert membership.teams["red"] == membership.roles.keys() - {"ada"}


def test_an_invitation_takes_nothing_from_those_who_are_in(store: ProjectsStore) -> None:
    project = make(store)
    terms = Terms("viewer", max_uses=1)
    _, secret = act(store, "ada", lambda change: invitations.invite(change, project, terms))
    for _ in range(2):
        act(store, "ada", lambda change: invitations.accept(change, secret))
    assert store.membership(project).roles == {"ada": "owner"}
    assert store.invitations(project)[0].uses == 0


@pytest.mark.parametrize("wrong", ["", ".", "x.y", "\ud800", "x" * 10_000, "ID.", "ID.wrong"])
def test_a_guessed_secret_lets_nobody_in(store: ProjectsStore, wrong: str) -> None:
    project = make(store)
    invitation, secret = act(
        store, "ada", lambda change: invitations.invite(change, project, Terms("editor"))
    )
    for guess in (wrong.replace("ID", invitation.id), secret[:-1], secret + "x"):
        with pytest.raises(RefusedError, match="isn't valid"):
            act(store, "eve", lambda change, it=guess: invitations.accept(change, it))
    assert store.membership(project).roles == {"ada": "owner"}


def test_an_invitation_ends_by_time_by_being_taken_back_and_with_its_project(
    store: ProjectsStore,
) -> None:
    project = make(store)

    def invite(**terms: Any) -> tuple[str, str]:
        made, secret = act(
            store,
            "ada",
            lambda change: invitations.invite(change, project, Terms("editor", **terms)),
        )
        return made.id, secret

    _, short = invite(expires_at=NOW + 10)
    taken_back, back = invite()
    _, lasting = invite()
    act(store, "ada", lambda change: invitations.end(change, project, taken_back))
    act(store, "ada", lambda change: changes.set_state(change, project, ProjectState.ARCHIVED))
    for secret, why in ((short, "expired"), (back, "taken back"), (lasting, "it is archived")):
        with pytest.raises(RefusedError, match=why):
            act(store, "bob", lambda change, it=secret: invitations.accept(change, it), NOW + 10)


def test_secrets_arent_on_the_disk(tmp_path: Path) -> None:
    store = ProjectsStore(f"sqlite:///{tmp_path}/projects.sqlite")
    project = make(store)
    _, secret = act(
        store, "ada", lambda change: invitations.invite(change, project, Terms("editor"))
    )
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Course" in written
    assert secret.partition(".")[2].encode() not in written
    assert not (tmp_path / "projects.sqlite").stat().st_mode & 0o077
    store.close()


@pytest.mark.parametrize("wrong", ["mysql://u:secret@h/x", "sqlite://", "nonsense"])
def test_another_database_is_refused_without_its_password(wrong: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        ProjectsStore(wrong)
    assert "secret" not in str(refusal.value)


def test_a_database_that_fails_says_so_and_can_come_back(tmp_path: Path) -> None:
    file = tmp_path / "gone" / "projects.sqlite"
    store = ProjectsStore(f"sqlite:///{file}")
    with pytest.raises(ProjectsUnavailableError, match="can't be used"):
        store.memberships()
    file.parent.mkdir()
    assert store.memberships() == []
    store.close()


def test_a_roster_is_what_a_projects_server_reads(store: ProjectsStore) -> None:
    assert store.roster(make(store)) == Roster(1, {"ada": "owner"})
