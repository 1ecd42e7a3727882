"""The projects API over HTTP, for people signed in at the Hub and for programs with its tokens."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from jupyterhub.services.auth import HubOAuthenticated
from tornado import web

from codesyncx_server.error_answers import answer_of
from codesyncx_server.errors import (
    CodeSyncXError,
    InvalidRequestError,
    NotFoundError,
    RefusedError,
)

from . import changes, invitations, member_list, requests, views
from .changes import Actor
from .model import PROJECT_PREFIX, Deed, ProjectState

if TYPE_CHECKING:
    from collections.abc import Callable

    from .service import Projects
    from .settings import Settings

_ID = r"([a-z0-9]{1,32})"
_NAME = r"([^/]+)"


class ProjectsHandler(HubOAuthenticated, web.RequestHandler):
    """What all routes share: who asks, JSON in and out, errors by a stable code and a sentence."""

    def initialize(self, projects: Projects, settings: Settings) -> None:
        """Take what all handlers work with."""
        self.projects = projects
        self.rules = settings

    @property
    def actor(self) -> Actor:
        """Who asks, by the Hub's word."""
        user = self.current_user
        if user is None:
            raise web.HTTPError(401, "Sign in at the Hub first.")
        if not isinstance(user, dict) or user.get("kind", "user") != "user":
            raise RefusedError("Only people have projects; this is a service's token.")
        name = str(user["name"])
        if name.startswith(PROJECT_PREFIX):
            raise RefusedError("Only people have projects; this is a project's own name.")
        return Actor(name, is_admin=bool(user.get("admin")))

    @property
    def display_name(self) -> str:
        """What they are called."""
        return str(self.current_user.get("display_name") or self.current_user["name"])

    @property
    def origin(self) -> str:
        """Where they reach the Hub; as they say, so to be told to nobody else."""
        return f"{self.request.protocol}://{self.request.host}"

    def body(self) -> dict[str, Any]:
        """Give the JSON object of the request."""
        return requests.read_body(self.request.body)

    async def answer(self, data: Any, status: int = 200) -> None:
        """Answer with JSON that no cache keeps."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(data))

    async def tell(self, project_id: str, status: int = 200) -> None:
        """Answer with a project as it is now."""
        actor = self.actor
        found = await self.projects.membership(actor, project_id, Deed.SEE)
        names = await self.projects.read(lambda store: store.names())
        await self.answer(views.project(found, actor, names), status)

    async def change(self, project_id: str, work: Callable[[changes.Change], Any]) -> Any:
        """Change a project in the name of who asks."""
        return await self.projects.change(self.actor, work, project_id)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the stable code, the sentence and nothing else."""
        error = kwargs.get("exc_info", (None, None))[1]
        status, told = answer_of(error, status_code, self._reason)
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(told))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Keep quiet about what is just an answer to the client."""
        if not isinstance(value, CodeSyncXError):
            super().log_exception(typ, value, tb)


class ListHandler(ProjectsHandler):
    """`projects`: those that one is in; a POST makes one. `?all=1`: all, for administrators."""

    async def get(self) -> None:
        actor = self.actor
        everything = self.get_query_argument("all", "") == "1"
        if everything and not actor.is_admin:
            raise RefusedError("Only administrators of the Hub see all projects.")
        wanted = None if everything else actor.username
        found = await self.projects.read(lambda store: store.memberships(wanted))
        names = await self.projects.read(lambda store: store.names())
        await self.answer({"projects": [views.project(one, actor, names) for one in found]})

    async def post(self) -> None:
        told, actor = self.body(), self.actor
        requests.check_names(told, {"name", "description"})
        name = requests.needed_text(told, "name")
        description = requests.text(told, "description") or ""
        make = partial(
            changes.create,
            name=name,
            description=description,
            most_owned=self.rules.most_owned_projects,
        )
        project = await self.projects.change(actor, make)
        self.projects.tell(project.id)
        await self.tell(project.id, 201)


class ProjectHandler(ProjectsHandler):
    """`projects/ID`: see, rename and describe, or delete a project."""

    async def get(self, project_id: str) -> None:
        await self.tell(project_id)

    async def patch(self, project_id: str) -> None:
        told = self.body()
        requests.check_names(told, {"name", "description"})
        name, description = requests.text(told, "name"), requests.text(told, "description")
        await self.change(
            project_id, lambda change: changes.describe(change, project_id, name, description)
        )
        await self.tell(project_id)

    async def delete(self, project_id: str) -> None:
        await self._set_state(project_id, ProjectState.DELETED)

    async def _set_state(self, project_id: str, state: ProjectState) -> None:
        grace_s = self.rules.days_of_grace * 86_400.0
        await self.change(
            project_id,
            lambda change: changes.set_state(change, project_id, state, grace_s=grace_s),
        )
        await self.tell(project_id)


class StateHandler(ProjectHandler):
    """`projects/ID/archive` and `projects/ID/restore`."""

    SUPPORTED_METHODS = ("POST",)

    async def post(self, project_id: str, word: str) -> None:
        archives = word == "archive"
        await self._set_state(
            project_id, ProjectState.ARCHIVED if archives else ProjectState.ACTIVE
        )


class OpenHandler(ProjectsHandler):
    """`projects/ID/open`: have its server start; a GET says whether it is ready, and where."""

    async def get(self, project_id: str) -> None:
        await self.projects.membership(self.actor, project_id, Deed.OPEN)
        is_ready = await self.projects.is_ready(project_id)
        await self.answer({"ready": is_ready, "url": self.rules.url_of(project_id)})

    async def post(self, project_id: str) -> None:
        is_ready = await self.projects.open(self.actor, project_id)
        answer = {"ready": is_ready, "url": self.rules.url_of(project_id)}
        await self.answer(answer, 200 if is_ready else 202)


class MembersHandler(ProjectsHandler):
    """`projects/ID/members`: take in a pasted list of people."""

    async def post(self, project_id: str) -> None:
        told = self.body()
        requests.check_names(told, {"list", "role", "all_or_none"})
        role = requests.text(told, "role", "editor") or "editor"
        people, complaints = member_list.read_list(requests.needed_text(told, "list"), role)
        if told.get("all_or_none") is True and complaints:
            people = []
        if people:
            await self.change(
                project_id, lambda change: changes.take_in(change, project_id, people)
            )
        else:
            await self.projects.membership(self.actor, project_id, Deed.INVITE)
        answer = {
            "taken_in": [one.username for one in people],
            "complaints": [asdict(complaint) for complaint in complaints],
        }
        await self.answer(answer)


class MemberHandler(ProjectsHandler):
    """`projects/ID/members/NAME`: give somebody a role, or take them out."""

    async def put(self, project_id: str, username: str) -> None:
        told = self.body()
        requests.check_names(told, {"role"})
        role = requests.needed_text(told, "role")
        await self.change(
            project_id, lambda change: changes.set_role(change, project_id, username, role)
        )
        await self.tell(project_id)

    async def delete(self, project_id: str, username: str) -> None:
        await self.change(
            project_id, lambda change: changes.set_role(change, project_id, username, None)
        )
        self.set_status(204)
        await self.finish()


class TeamHandler(ProjectsHandler):
    """`projects/ID/teams/NAME`: make a team, give it other people, dissolve it."""

    async def put(self, project_id: str, name: str) -> None:
        told = self.body()
        requests.check_names(told, {"members"})
        people = requests.names(told, "members")
        await self.change(
            project_id, lambda change: changes.put_team(change, project_id, name, people)
        )
        await self.tell(project_id)

    async def delete(self, project_id: str, name: str) -> None:
        await self.change(project_id, lambda change: changes.delete_team(change, project_id, name))
        self.set_status(204)
        await self.finish()


class InvitationsHandler(ProjectsHandler):
    """`projects/ID/invitations`: the open ones; a POST makes one, and gives its link once."""

    async def get(self, project_id: str) -> None:
        await self.projects.membership(self.actor, project_id, Deed.INVITE)
        found = await self.projects.read(lambda store: store.invitations(project_id))
        await self.answer({"invitations": [views.invitation(one) for one in found]})

    async def post(self, project_id: str) -> None:
        terms = requests.terms(self.body())
        made, secret = await self.change(
            project_id, lambda change: invitations.invite(change, project_id, terms)
        )
        url = self.rules.invitation_url(secret, self.origin)
        await self.answer({"invitation": views.invitation(made), "url": url}, 201)


class InvitationHandler(ProjectsHandler):
    """`projects/ID/invitations/ID`: take one back."""

    async def delete(self, project_id: str, invitation_id: str) -> None:
        await self.change(
            project_id, lambda change: invitations.end(change, project_id, invitation_id)
        )
        self.set_status(204)
        await self.finish()


class JoinHandler(ProjectsHandler):
    """`join`: come into a project by the secret of an invitation."""

    async def post(self) -> None:
        told, actor = self.body(), self.actor
        requests.check_names(told, {"secret"})
        secret = requests.needed_text(told, "secret")
        self.rules.joining.spend(actor.username)
        invitation = await self.projects.change(
            actor, lambda change: invitations.accept(change, secret)
        )
        self.projects.tell(invitation.project_id)
        await self.tell(invitation.project_id)


class AuditHandler(ProjectsHandler):
    """`projects/ID/audit?before=`: what happened, the newest first."""

    async def get(self, project_id: str) -> None:
        await self.projects.membership(self.actor, project_id, Deed.AUDIT)
        before = self.get_query_argument("before", "")
        if before and not (before.isascii() and before.isdigit()):
            raise InvalidRequestError("`before` must be a whole number.")
        number = int(before[:15]) if before else None
        entries = await self.projects.read(
            lambda store: store.audit(project_id, limit=100, before=number)
        )
        await self.answer({"entries": entries})


class RosterHandler(ProjectsHandler):
    """`roster?after=`: tells a project's server, by its own token, who is in it once it changes."""

    async def get(self) -> None:
        project_id = await self._project_of_server()
        after = self.get_query_argument("after", "-1")
        if not after.lstrip("-").isdigit():
            raise InvalidRequestError("`after` must be a whole number.")
        roster = await self.projects.next_roster(project_id, int(after[:15]))
        if roster is None:
            self.set_status(204)
            await self.finish()
        else:
            await self.answer(roster.to_json())

    async def _project_of_server(self) -> str:
        token = self.hub_auth.get_token(self, in_cookie=False)
        user = await self.hub_auth.user_for_token(token, sync=False) if token else None
        if user is None:
            raise web.HTTPError(401, "A project's server says who it is with its token.")
        name = str(user.get("name", ""))
        if not name.startswith(PROJECT_PREFIX):
            raise NotFoundError("There is no project of that name.")
        return name.removeprefix(PROJECT_PREFIX)


def routes() -> list[tuple[str, type[ProjectsHandler]]]:
    """Give the routes of the API, below the service's address."""
    one = rf"/api/projects/{_ID}"
    return [
        (r"/api/projects", ListHandler),
        (one, ProjectHandler),
        (rf"{one}/(archive|restore)", StateHandler),
        (rf"{one}/open", OpenHandler),
        (rf"{one}/members", MembersHandler),
        (rf"{one}/members/{_NAME}", MemberHandler),
        (rf"{one}/teams/{_NAME}", TeamHandler),
        (rf"{one}/invitations", InvitationsHandler),
        (rf"{one}/invitations/([0-9a-f]{{1,32}})", InvitationHandler),
        (rf"{one}/audit", AuditHandler),
        (r"/api/join", JoinHandler),
        (r"/api/roster", RosterHandler),
    ]
