"""The projects page: plain forms, so that it works on a phone, by keyboard and without a script."""

from __future__ import annotations

import functools
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from tornado import web

from codesyncx_server.error_answers import answer_of
from codesyncx_server.errors import CodeSyncXError, InvalidRequestError, NotFoundError

from . import changes, invitations, member_list, views
from .handlers import ProjectsHandler
from .invitations import Terms
from .model import OWNER, PROJECT_ROLES, Deed, ProjectState

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
_DAY_S = 86_400
_FLASH = "csx-said"
_ID = r"([a-z0-9]{1,32})"


class PageHandler(ProjectsHandler):
    """What all pages share."""

    async def page(self, template: str, status: int = 200, **told: Any) -> None:
        """Show a page."""
        said = self.get_signed_cookie(_FLASH, max_age_days=0.01)
        if said:
            self.clear_cookie(_FLASH, path=self.rules.service_prefix)
        told = {
            "base": self.rules.service_prefix,
            "hub": f"{self.rules.hub_base}hub/",
            "who": self.actor.username,
            "xsrf": Markup(self.xsrf_form_html()),  # noqa: S704 - tornado's own, escaped
            "said": said.decode() if said else "",
            "given": {},
            **told,
        }
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        await self.finish(_templates().get_template(template).render(told))

    def set_default_headers(self) -> None:
        """Let the page do nothing but be read and sent, from nowhere else, in no frame."""
        self.set_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
            " frame-ancestors 'none'; base-uri 'none'",
        )
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("X-Content-Type-Options", "nosniff")

    def say(self, sentence: str) -> None:
        """Have the next page say this."""
        path = self.rules.service_prefix
        self.set_signed_cookie(_FLASH, sentence, path=path, httponly=True, samesite="Lax")

    def field(self, name: str) -> str:
        """Give what was typed into a field."""
        return str(self.get_body_argument(name, ""))

    async def told(self, project_id: str, deed: Deed = Deed.SEE) -> dict[str, Any]:
        """Give a project as pages show it."""
        found = await self.projects.membership(self.actor, project_id, deed)
        names = await self.projects.read(lambda store: store.names())
        return views.project(found, self.actor, names)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what went wrong on a page of its own."""
        error = kwargs.get("exc_info", (None, None))[1]
        status, answer = answer_of(error, status_code, self._reason)
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        told = {
            "base": self.rules.service_prefix,
            "hub": f"{self.rules.hub_base}hub/",
            "who": "",
            "complaint": answer["message"],
        }
        self.finish(_templates().get_template("frame.html").render(told))


class ProjectsPage(PageHandler):
    """All projects that one is in, and a form for a new one."""

    @web.authenticated
    async def get(self) -> None:
        await self.show()

    async def show(self, status: int = 200, **more: Any) -> None:
        """Show the projects, the newest of what is open first."""
        actor = self.actor
        await self.projects.remember(actor.username, self.display_name)
        found = await self.projects.read(lambda store: store.memberships(actor.username))
        names = await self.projects.read(lambda store: store.names())
        projects = [views.project(one, actor, names) for one in found]
        await self.page("projects.html", status, projects=projects, **more)


class NewProject(ProjectsPage):
    """Makes a project."""

    SUPPORTED_METHODS = ("POST",)

    @web.authenticated
    async def post(self) -> None:
        given = {name: self.field(name) for name in ("name", "description")}
        make = partial(
            changes.create,
            name=given["name"],
            description=given["description"],
            most_owned=self.rules.most_owned_projects,
        )
        try:
            project = await self.projects.change(self.actor, make)
        except CodeSyncXError as error:
            await self.show(error.http_status, complaint=str(error), given=given)
            return
        self.projects.tell(project.id)
        self.redirect(f"{self.rules.service_prefix}project/{project.id}")


class ProjectPage(PageHandler):
    """One project: who is in it, and everything that one may do with it."""

    @web.authenticated
    async def get(self, project_id: str) -> None:
        await self.show(project_id)

    async def show(self, project_id: str, status: int = 200, **more: Any) -> None:
        """Show the project."""
        project = await self.told(project_id)
        read = self.projects.read
        found, entries = [], []
        if Deed.INVITE in project["deeds"]:
            found = await read(lambda store: store.invitations(project_id))
        if Deed.AUDIT in project["deeds"]:
            entries = await read(lambda store: store.audit(project_id, limit=50, before=None))
        others = [role for role in PROJECT_ROLES if role != OWNER]
        await self.page(
            "project.html",
            status,
            project=project,
            invitations=[views.invitation(one) for one in found],
            entries=entries,
            role_names=PROJECT_ROLES if project["role"] == OWNER else others,
            grace=round(self.rules.days_of_grace),
            **more,
        )


class ProjectForm(ProjectPage):
    """What the forms of that page do."""

    SUPPORTED_METHODS = ("POST",)

    @web.authenticated
    async def post(self, project_id: str, word: str) -> None:
        try:
            answered = await getattr(self, f"do_{word}")(project_id)
        except NotFoundError:
            raise
        except CodeSyncXError as error:
            given = {"list": self.field("list")}
            await self.show(project_id, error.http_status, complaint=str(error), given=given)
            return
        if not answered:
            self.redirect(f"{self.rules.service_prefix}project/{project_id}")

    async def do_members(self, project_id: str) -> bool:
        """Give somebody another role."""
        username, role = self.field("username"), self.field("role")
        await self._change(project_id, partial(changes.set_role, username=username, role=role))
        self.say(f"{username} is {role} now.")
        return False

    async def do_remove(self, project_id: str) -> bool:
        """Take somebody out; whoever goes sees their other projects."""
        username = self.field("username")
        await self._change(project_id, partial(changes.set_role, username=username, role=None))
        if username != self.actor.username:
            self.say(f"{username} isn't in this project any more.")
            return False
        self.say("You have left the project.")
        self.redirect(self.rules.service_prefix)
        return True

    async def do_list(self, project_id: str) -> bool:
        """Take in a pasted list, but for the lines that make no sense."""
        people, complaints = member_list.read_list(self.field("list"), self.field("role"))
        await self._change(project_id, partial(changes.take_in, people=people))
        if not complaints:
            self.say(f"{len(people)} added.")
            return False
        await self.show(project_id, said=f"{len(people)} added.", complaints=complaints)
        return True

    async def do_invitations(self, project_id: str) -> bool:
        """Make an invitation, and show its link this once."""
        uses = self.field("uses")
        terms = Terms(
            self.field("role"),
            time.time() + _DAY_S * _whole(self.field("days")),
            _whole(uses) if uses else None,
        )
        _, secret = await self._change(project_id, partial(invitations.invite, terms=terms))
        await self.show(project_id, link=self.rules.invitation_url(secret, self.origin))
        return True

    async def do_end(self, project_id: str) -> bool:
        """Take an invitation back."""
        invitation_id = self.field("invitation")
        await self._change(project_id, partial(invitations.end, invitation_id=invitation_id))
        self.say("The invitation was taken back.")
        return False

    async def do_describe(self, project_id: str) -> bool:
        """Give the project another name or description."""
        name, description = self.field("name"), self.field("description")
        await self._change(
            project_id, partial(changes.describe, name=name, description=description)
        )
        self.say("Saved.")
        return False

    async def do_archive(self, project_id: str) -> bool:
        """Close the project."""
        return await self._set_state(project_id, ProjectState.ARCHIVED)

    async def do_restore(self, project_id: str) -> bool:
        """Open it again."""
        return await self._set_state(project_id, ProjectState.ACTIVE)

    async def do_delete(self, project_id: str) -> bool:
        """Have it forgotten, after a while."""
        return await self._set_state(project_id, ProjectState.DELETED)

    async def _set_state(self, project_id: str, state: ProjectState) -> bool:
        grace_s = self.rules.days_of_grace * _DAY_S
        work = partial(changes.set_state, state=state, grace_s=grace_s)
        await self._change(project_id, work)
        self.say(f"The project is {state} now.")
        return False

    async def _change(self, project_id: str, work: Any) -> Any:
        return await self.change(project_id, lambda change: work(change, project_id))


class OpeningPage(PageHandler):
    """Has a project's server start, and goes there when it is ready."""

    @web.authenticated
    async def post(self, project_id: str) -> None:
        if await self.projects.open(self.actor, project_id):
            self.redirect(self.rules.url_of(project_id))
        else:
            self.redirect(f"{self.rules.service_prefix}project/{project_id}/open")

    @web.authenticated
    async def get(self, project_id: str) -> None:
        project = await self.told(project_id, Deed.OPEN)
        if await self.projects.is_ready(project_id):
            self.redirect(self.rules.url_of(project_id))
        else:
            await self.page("opening.html", project=project)


class JoinPage(PageHandler):
    """Where the link of an invitation leads: says to what, and by whom; a click accepts it."""

    @web.authenticated
    async def get(self) -> None:
        secret = str(self.get_query_argument("secret", ""))
        self.rules.joining.spend(self.actor.username)
        invitation = await self.projects.invitation(secret)
        found = await self.projects.read(lambda store: store.membership(invitation.project_id))
        names = await self.projects.read(lambda store: store.names())
        await self.page(
            "join.html",
            project=found.project,
            role=invitation.role,
            by=names.get(invitation.created_by, invitation.created_by),
            secret=secret,
        )

    @web.authenticated
    async def post(self) -> None:
        secret, actor = self.field("secret"), self.actor
        self.rules.joining.spend(actor.username)
        await self.projects.remember(actor.username, self.display_name)
        accept = partial(invitations.accept, secret=secret)
        invitation = await self.projects.change(actor, accept)
        self.projects.tell(invitation.project_id)
        self.redirect(f"{self.rules.service_prefix}project/{invitation.project_id}")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):  # noqa: PLR2004 - of decades
        raise InvalidRequestError(f"{text[:20]!r} is no whole number.")
    return int(text)


@functools.cache
def _templates() -> Environment:
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)
    environment.filters["day"] = lambda at: time.strftime("%d %B %Y", time.gmtime(at))
    environment.filters["moment"] = lambda at: time.strftime("%d %b %Y %H:%M", time.gmtime(at))
    environment.filters["told"] = _told
    return environment


def _told(detail: Mapping[str, Any]) -> str:
    said = {key: value for key, value in detail.items() if value not in (None, "", [])}
    return ", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in said.items())


def pages() -> list[tuple[Any, ...]]:
    """Give the routes of the pages, below the service's address."""
    one = rf"/project/{_ID}"
    words = "members|remove|list|invitations|end|describe|archive|restore|delete"
    return [
        (r"/", ProjectsPage),
        (r"/new", NewProject),
        (one, ProjectPage),
        (rf"{one}/open", OpeningPage),
        (rf"{one}/({words})", ProjectForm),
        (r"/join", JoinPage),
    ]
