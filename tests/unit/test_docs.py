from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from codesyncx_spawner import errors as run_errors
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.sandbox.first_choice import FirstChoiceBackend
from codesyncx_spawner.sandbox.kubernetes import KubernetesBackend
from codesyncx_spawner.sandbox.swarm import SwarmBackend
from codesyncx_spawner.workers.__main__ import RunWorker
from codesyncx_spawner.workers.backend import WorkersBackend
from support.servers import REPOSITORY

from codesyncx_hub import errors as hub_errors
from codesyncx_hub.projects.application import ProjectsApp
from codesyncx_hub.projects.configuration import SCOPES
from codesyncx_hub.sign_in import errors as sign_in_errors
from codesyncx_hub.sign_in.email_code import EmailCode
from codesyncx_hub.sign_in.github import GitHub
from codesyncx_hub.sign_in.oauth_way import OAuthWay
from codesyncx_hub.sign_in.openid_connect import OpenIDConnect
from codesyncx_hub.sign_in.several_ways import SeveralWays
from codesyncx_hub.sign_in.way import SignInWay
from codesyncx_server import errors
from codesyncx_server.access.audit import What
from codesyncx_server.access.model import ROLES, Permission
from codesyncx_server.app import CodeSyncXApp
from codesyncx_server.run.interactive.service import InteractiveSandboxes
from codesyncx_server.sharing.handlers import routes

if TYPE_CHECKING:
    from codesyncx_spawner.sandbox.backend import SandboxBackend
    from jupyterhub.auth import Authenticator
    from traitlets import HasTraits

DOCS = REPOSITORY / "docs"


OF_RUNS = (
    run_errors.RunFileError,
    run_errors.OverLimitError,
    run_errors.QuotaError,
    run_errors.NoSandboxError,
    run_errors.SandboxError,
)
OF_SIGNING_IN = (
    sign_in_errors.AddressError,
    sign_in_errors.CodeRefusedError,
    sign_in_errors.IdentityRefusedError,
)
OF_THE_HUB = (hub_errors.ProjectsUnavailableError, hub_errors.HubUnavailableError)


def every_error() -> list[type[errors.CodeSyncXError]]:
    direct = errors.CodeSyncXError.__subclasses__()
    refusals = errors.RefusedError.__subclasses__()
    others = (*OF_RUNS, *OF_SIGNING_IN, *OF_THE_HUB)
    return list(dict.fromkeys([errors.CodeSyncXError, *direct, *refusals, *others]))


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.code)
def test_every_error_is_told_with_its_status_and_close_code(
    error: type[errors.CodeSyncXError],
) -> None:
    line = f"| `{error.code}` | {error.http_status} | {error.close_code} |"
    assert line in (DOCS / "reference.md").read_text()


def test_every_setting_and_scope_of_projects_is_told() -> None:
    ours = ProjectsApp.class_own_traits(config=True).keys() - {"config_file"}
    text = (DOCS / "hub-projects.md").read_text()
    assert ours
    assert [name for name in (*ours, *SCOPES) if f"| `{name}` |" not in text] == []


def test_every_setting_is_told() -> None:
    ours = CodeSyncXApp.class_own_traits(config=True)
    text = (DOCS / "reference.md").read_text()
    assert ours
    assert [name for name in ours if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize(
    "backend",
    [BubblewrapBackend, DockerBackend, FirstChoiceBackend, KubernetesBackend, SwarmBackend],
)
def test_every_setting_of_sandboxes_is_told(backend: type[SandboxBackend]) -> None:
    ours = backend.class_own_traits(config=True)
    text = (DOCS / "sandbox-security.md").read_text()
    assert f"`c.{backend.__name__}.<setting>`" in text
    assert ours
    assert [name for name in ours if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize("one", [WorkersBackend, RunWorker])
def test_every_setting_of_workers_is_told(one: type[HasTraits]) -> None:
    ours = one.class_own_traits(config=True)
    text = (DOCS / "workers.md").read_text()
    assert f"`c.{one.__name__}.<setting>`" in text
    assert ours
    assert [name for name in ours if f"| `{name}` |" not in text] == []


def test_every_setting_of_kernels_in_sandboxes_is_told() -> None:
    ours = InteractiveSandboxes.class_own_traits(config=True)
    text = (DOCS / "running.md").read_text()
    assert ours
    assert [name for name in ours if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize("way", [SignInWay, EmailCode, OAuthWay, OpenIDConnect, SeveralWays])
def test_every_setting_of_signing_in_is_told(way: type[Authenticator]) -> None:
    text = (DOCS / "hub.md").read_text()
    assert f"`c.{way.__name__}.<setting>`" in text
    ours = way.class_own_traits(config=True)
    assert ours
    assert [name for name in ours if f"| `{name}` |" not in text] == []
    assert GitHub.class_own_traits(config=True) == {}


def test_the_table_of_roles_is_the_one_that_is_decided_by() -> None:
    text = (DOCS / "sharing.md").read_text()
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.split("## Roles", 1)[1].split("\n## ", 1)[0].splitlines()
        if line.startswith("|")
    ]
    assert head[1:] == list(ROLES)
    told: dict[str, set[str]] = {role: set() for role in ROLES}
    for name, *marks in rows:
        (permission,) = re.findall(r"^`(\w+)`", name)
        for role, mark in zip(ROLES, marks, strict=True):
            if mark:
                told[role].add(permission)
    assert told == {role: set(permissions) for role, permissions in ROLES.items()}
    assert {re.findall(r"\w+", row[0])[0] for row in rows} == set(Permission)


def test_every_kind_of_audit_entry_and_every_route_is_told() -> None:
    text = (DOCS / "sharing.md").read_text()
    assert [what for what in What if f"`{what.value}`" not in text] == []
    names = {route[0].rpartition("/access/")[2].partition("/")[0] for route in routes(None)}  # type: ignore[arg-type]
    assert [name for name in names if not re.search(rf"`\w+ {name}\b", text)] == []
