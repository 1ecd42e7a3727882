"""Sharing over HTTP, below `codesyncx/api/access`: who has what, links, people and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado import web

from ..access import explain
from ..access.changes import Invitation
from ..access.granting import check_grant, stand_in
from ..access.model import Grant, Permission, Resource, Subject, SubjectKind
from ..errors import CodeSyncXError, InvalidRequestError, NotFoundError, RefusedError
from ..gate.sandboxed import may_run_programs
from ..gate.sight import sight_of
from ..gate.slices import slices_in
from . import requests
from .audit_handlers import AuditExportHandler, AuditHandler
from .base import AccessHandler
from .preview import entries_for
from .ranges_port import ranges_of
from .unused_ranges import forget_unused
from .views import Views, concerning, listed

if TYPE_CHECKING:
    from ..access.changes import Terms
    from ..access.service import AccessService

_BASE = r"/codesyncx/api/access"
_MOST_OFFERED = 50
JOIN = "codesyncx/join"


class MeHandler(AccessHandler):
    """`me`: who the person is here."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        person, service, user = self.person, self.service, self.current_user
        if not person.is_owner and not service.is_available:
            service.require(person, Permission.READ, Resource())
        if not person.is_guest:
            service.remember(person.username, user.display_name or user.name or "")
        await self.answer(
            {
                "username": person.username,
                "name": user.display_name or user.name or person.username,
                "is_owner": service.is_owner(person),
                "is_guest": person.is_guest,
                "is_trusted": service.is_trusted(person),
                "has_kernels": may_run_programs(self.settings, sight_of(self)),
                "permissions": listed(service.permissions(person, Resource())),
            }
        )


class PermissionsHandler(AccessHandler):
    """`permissions?path=`: what the person may do to a file or folder, and to its ranges.

    A POST asks about several at once; those that aren't there for the person are null.
    """

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        asked = self.path()
        told = self.told(asked)
        if told is None:
            raise NotFoundError(f"There is no {asked or 'project'} here, or you may not see it.")
        await self.answer(told)

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        paths = requests.paths_in(self.body())
        await self.answer({"permissions": [self.told(path) for path in paths]})

    def told(self, asked: str) -> dict[str, Any] | None:
        """Tell what the person may do there; None when they don't reach it."""
        person, service = self.person, self.service
        slices = slices_in(self.settings)
        part = None if slices is None else slices.range_at(person, asked)
        path = asked if part is None else part.path
        sight = sight_of(self)
        if not sight.reaches(path):
            service.note_refusal(person, Permission.READ, Resource(path))
            return None
        decision = service.decide(person, Permission.READ, Resource(path))
        why = explain.why(decision) if decision.allowed else "you may see only parts of it."
        may = frozenset(permission for permission in Permission if sight.may(permission, path))
        return {
            "path": asked,
            "permissions": listed(may),
            "why": _sentence(why),
            "ranges": Views(service, self.settings, person).ranges(path),
            "reaches": True,
        }


class SharingHandler(AccessHandler):
    """What the routes for grants and links share."""

    async def check_there(self, path: str) -> None:
        """Raise NotFoundError unless there is a file or folder of that path."""
        contents = self.contents_manager
        if not path or await ensure_async(contents.file_exists(path)):
            return
        if not await ensure_async(contents.dir_exists(path)):
            raise NotFoundError(f"There is no {path} in the project.")

    async def resource(
        self, data: dict[str, Any], subject: Subject, terms: Terms
    ) -> tuple[Resource, bool]:
        """Give what is to be granted on, and whether a range was made for it just now."""
        path, spec = requests.path_in(data), requests.range_in(data)
        resource = Resource(path)
        if spec is None:
            self.require_share(path)
            await self.check_there(path)
            return resource, False
        if "id" in spec:
            record = self.service.ranges.get(spec["id"])
            if record is None or record.path != path:
                self.require_share(path)
                raise NotFoundError("There is no such range in this file.")
            return Resource(path, record.id), False
        self.require_share(path)
        await self.check_there(path)
        port = ranges_of(self.settings)
        person = self.person
        # What may not be granted needs no range.
        trial = Grant(0, subject, Resource(path, "new"), terms.permissions, terms.role)
        check_grant(self.service.policy, person, trial, self.service.now())
        return Resource(path, await port.create(path, spec, person)), True


class GrantsHandler(SharingHandler):
    """`grants?path=`: who has what there; a POST gives somebody something."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        path = self.path()
        self.require_share(path)
        views = Views(self.service, self.settings, self.person)
        policy, now = self.service.policy, self.service.now()
        found = [grant for grant in concerning(policy.grants, path) if grant.holds(now)]
        default = policy.default
        if default is not None and not any(
            grant.resource == default.resource and grant.subject == default.subject
            for grant in found
        ):
            found.append(default)
        await self.answer({"grants": [views.grant(grant, path) for grant in found]})

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        data = self.body()
        subject, terms = requests.subject_in(data), requests.terms_in(data)
        resource, is_new = await self.resource(data, subject, terms)
        try:
            grant = await self.service.grant(self.person, subject, resource, terms)
        except CodeSyncXError as error:
            if is_new:
                await forget_unused(self.service, self.settings, resource)
            self.note(error, resource)
            raise
        views = Views(self.service, self.settings, self.person)
        await self.answer(views.grant(grant, resource.path), 201)

    def note(self, error: CodeSyncXError, resource: Resource) -> None:
        """Audit a refusal of what to give."""
        if isinstance(error, RefusedError):
            self.service.note_refusal(self.person, Permission.SHARE, resource)


class GrantHandler(GrantsHandler):
    """`grants/ID`: change or take back what somebody has."""

    @web.authenticated
    @authorized(action="read")
    async def patch(self, number: str) -> None:
        old = self.old(number)
        terms = requests.terms_in(self.body(), old)
        try:
            grant = await self.service.change_grant(self.person, old.id, terms)
        except RefusedError as error:
            self.note(error, old.resource)
            raise
        views = Views(self.service, self.settings, self.person)
        await self.answer(views.grant(grant, grant.resource.path))

    @web.authenticated
    @authorized(action="read")
    async def delete(self, number: str) -> None:
        old = self.old(number)
        try:
            await self.service.revoke(self.person, old.id)
        except RefusedError as error:
            self.note(error, old.resource)
            raise
        await forget_unused(self.service, self.settings, old.resource)
        self.set_status(204)
        await self.finish()

    def old(self, number: str) -> Grant:
        """Give the grant of that number, to those who may know of it."""
        grant = self.service.snapshot.grant(int(number))
        if grant is None and int(number) == 0:
            raise InvalidRequestError(
                "That is what the server's settings give to everyone. Give everyone something else"
                " on the project, and that counts instead."
            )
        if grant is None:
            raise NotFoundError("There is no such grant.")
        self.require_share(grant.resource.path)
        return grant


class LinksHandler(SharingHandler):
    """`links?path=`: the links that let in there; a POST makes one."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        path = self.path()
        self.require_share(path)
        views = Views(self.service, self.settings, self.person)
        snapshot, now = self.service.snapshot, self.service.now()
        told = []
        for link in snapshot.links.values():
            grant = snapshot.grant_of_link(link, now)
            if grant is not None and concerning([grant], path):
                told.append(views.link(link, grant))
        await self.answer({"links": sorted(told, key=lambda link: link["created_at"])})

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        data = self.body()
        terms = requests.terms_in(data)
        max_uses, name = requests.uses_in(data), requests.link_name_in(data)
        with_chat = requests.flag_in(data, "with_chat")
        resource, is_new = await self.resource(data, Subject(SubjectKind.LINK, "new"), terms)
        invitation = Invitation(resource, terms, max_uses, name, with_chat)
        try:
            link, grant, secret = await self.service.create_link(self.person, invitation)
        except CodeSyncXError as error:
            if is_new:
                await forget_unused(self.service, self.settings, resource)
            if isinstance(error, RefusedError):
                self.service.note_refusal(self.person, Permission.SHARE, resource)
            raise
        views = Views(self.service, self.settings, self.person)
        url = f"{self.base_url}{JOIN}#{secret}"
        await self.answer({"link": views.link(link, grant), "url": url}, 201)


class LinkHandler(AccessHandler):
    """`links/ID`: take a link back; its guests are out at once."""

    @web.authenticated
    @authorized(action="read")
    async def delete(self, link_id: str) -> None:
        snapshot, person = self.service.snapshot, self.person
        link = snapshot.links.get(link_id)
        if link is None:
            raise NotFoundError("There is no such link.")
        if person.is_guest:
            raise RefusedError("Guests can't take links back.")
        grant = snapshot.grant(link.grant_id)
        await self.service.revoke_link(person, link_id)
        if grant is not None:
            await forget_unused(self.service, self.settings, grant.resource)
        self.set_status(204)
        await self.finish()


class SubjectsHandler(AccessHandler):
    """`subjects?q=`: people and groups to share with, for those who may share anything."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        person, service = self.person, self.service
        snapshot, now = service.snapshot, service.now()
        may_share = snapshot.policy.allows_within(person, Permission.SHARE, "", now)
        if person.is_guest or not may_share:
            self.require_share("")
        views = Views(service, self.settings, person)
        wanted = self.get_query_argument("q", "").casefold()
        names = set(snapshot.people)
        for members in snapshot.groups.values():
            names |= members
        names |= {
            grant.subject.name
            for grant in snapshot.policy.grants
            if grant.subject.kind is SubjectKind.USER and grant.holds(now)
        }
        people = [views.subject(Subject(SubjectKind.USER, name)) for name in names]
        groups = [views.subject(Subject(SubjectKind.GROUP, name)) for name in snapshot.groups]
        await self.answer({"people": _offered(people, wanted), "groups": _offered(groups, wanted)})


class GroupView(AccessHandler):
    """What the routes for groups share."""

    def told(self, name: str, members: frozenset[str]) -> dict[str, Any]:
        """Tell a group: its members, and what people call them."""
        views = Views(self.service, self.settings, self.person)
        people = [views.subject(Subject(SubjectKind.USER, member)) for member in sorted(members)]
        return {"name": name, "members": sorted(members), "people": people}


class GroupsHandler(GroupView):
    """`groups`: all groups of the project; a POST makes one."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        self.require_owner()
        groups = self.service.snapshot.groups
        told = [self.told(name, groups[name]) for name in sorted(groups, key=str.casefold)]
        await self.answer({"groups": told})

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        self.require_owner()
        data = self.body()
        name, members = requests.text_in(data, "name"), requests.members_in(data)
        await self.service.put_group(self.person, name, members, must_be_new=True)
        await self.answer(self.told(name, frozenset(members)), 201)


class GroupHandler(GroupView):
    """`groups/NAME`: one group; a POST gives it these members, a DELETE dissolves it."""

    @web.authenticated
    @authorized(action="read")
    async def get(self, name: str) -> None:
        self.require_owner()
        members = self.service.snapshot.groups.get(name)
        if members is None:
            raise NotFoundError(f"There is no group {name}.")
        await self.answer(self.told(name, members))

    @web.authenticated
    @authorized(action="read")
    async def post(self, name: str) -> None:
        self.require_owner()
        members = requests.members_in(self.body())
        await self.service.put_group(self.person, name, members)
        await self.answer(self.told(name, frozenset(members)))

    @web.authenticated
    @authorized(action="read")
    async def delete(self, name: str) -> None:
        self.require_owner()
        await self.service.delete_group(self.person, name)
        self.set_status(204)
        await self.finish()


class PreviewHandler(AccessHandler):
    """`preview?kind=&name=&path=`: what somebody sees of a folder, for those who may share it."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        path = self.path()
        self.require_share(path)
        kind = requests.kind_of(self.get_query_argument("kind"))
        subject = Subject(kind, self.get_query_argument("name", "", strip=False))
        snapshot = self.service.snapshot
        them = stand_in(snapshot.policy, subject)
        entries = await entries_for(
            self.contents_manager, snapshot.policy, path, self.person, them, self.service.now()
        )
        await self.answer({"entries": entries})


def routes(service: AccessService) -> list[tuple[Any, ...]]:
    """Give the routes, for `ExtensionApp.handlers`."""
    facts = {"service": service}
    found: list[tuple[str, type[AccessHandler]]] = [
        (rf"{_BASE}/me", MeHandler),
        (rf"{_BASE}/permissions", PermissionsHandler),
        (rf"{_BASE}/grants", GrantsHandler),
        (rf"{_BASE}/grants/([0-9]{{1,15}})", GrantHandler),
        (rf"{_BASE}/links", LinksHandler),
        (rf"{_BASE}/links/([0-9a-f]{{1,32}})", LinkHandler),
        (rf"{_BASE}/subjects", SubjectsHandler),
        (rf"{_BASE}/groups", GroupsHandler),
        (rf"{_BASE}/groups/([^/]+)", GroupHandler),
        (rf"{_BASE}/preview", PreviewHandler),
        (rf"{_BASE}/audit", AuditHandler),
        (rf"{_BASE}/audit/export", AuditExportHandler),
    ]
    return [(pattern, handler, facts) for pattern, handler in found]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _offered(subjects: list[dict[str, str]], wanted: str) -> list[dict[str, str]]:
    found = [
        one
        for one in subjects
        if wanted in one["name"].casefold() or wanted in one["display_name"].casefold()
    ]
    return sorted(found, key=lambda one: one["display_name"].casefold())[:_MOST_OFFERED]
