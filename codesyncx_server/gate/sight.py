"""What one person may do and see, asked anew each time; for handlers of every feature."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from ..access.model import Permission, Person, Resource
from ..errors import AccessUnavailableError, RefusedError, ShutOutError
from .person import person_of
from .places import OutsideError
from .rules import OF_PROGRAMS, Act, Audience
from .slices import SLICE_ID, SLICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_server.base.handlers import JupyterHandler

    from ..access.policy import Decision, Policy
    from .places import Places
    from .rules import Need, Place, Rule
    from .slices import Slices

ACCESS = "codesyncx_access"
PLACES = "codesyncx_places"

#: Acts on all that a place holds, its ranges too, and what they need there.
_WHOLE: Mapping[Act, Permission] = {
    Act.READ_ALL: Permission.READ,
    Act.EDIT: Permission.EDIT,
    Act.CREATE_ALL: Permission.CREATE,
    Act.DELETE: Permission.DELETE,
}
_SINGLE: Mapping[Act, Permission] = {
    Act.READ: Permission.READ,
    Act.OPEN: Permission.READ,
    Act.CREATE: Permission.CREATE,
    Act.COMMENT: Permission.COMMENT,
}

_NO_DOCUMENT = "There is no such document, or it isn't yours to open."

#: Acts by which those come to a part of a file who may not read all of it.
_OF_PARTS = frozenset({Act.LOOK, Act.OPEN, Act.SAVE})


class Access(Protocol):
    """What of the access service the gate asks."""

    has_programs: bool
    """Whether anybody may use programs of the server's own user."""

    @property
    def policy(self) -> Policy:
        """The policy of now; AccessUnavailableError when it can't be read."""

    async def opened(self) -> None:
        """Wait until it can be told at all who may do what."""

    def now(self) -> float:
        """Unix seconds."""

    def decide(self, person: Person, permission: Permission, resource: Resource) -> Decision:
        """Whether, and why."""

    def is_trusted(self, person: Person) -> bool:
        """Whether they may use programs of the server's own user."""

    def require(self, person: Person, permission: Permission, resource: Resource) -> None:
        """Raise RefusedError with the reason, unless they may."""

    def note_refusal(self, person: Person, permission: Permission, resource: Resource) -> None:
        """Have the audit say that they were refused it."""


class Sight:
    """One person's view of the project."""

    def __init__(
        self,
        access: Access | None,
        places: Places,
        person: Person,
        files: Any = None,
        slices: Slices | None = None,
    ) -> None:
        """Take who decides (None refuses all but the server's owner), and what knows file ids."""
        self._access = access
        self._places = places
        self._files = files
        self._slices = slices
        self.person = person

    # -- the person -----------------------------------------------------------------------------

    @property
    def is_owner(self) -> bool:
        """Whether the server or the project is theirs."""
        if self.person.is_owner:
            return True
        access = self._get_access()
        return access.policy.is_owner(self.person, access.now())

    @property
    def is_trusted(self) -> bool:
        """Whether a program of the server's own user gives them nothing that they don't have."""
        if self.person.is_owner:
            return True
        access = self._get_access()
        return access.policy.is_trusted(self.person, access.now())

    @property
    def uses_programs(self) -> bool:
        """Whether they may use programs of the server's own user; nobody may on a Hub."""
        return self.person.is_owner or self._get_access().is_trusted(self.person)

    @property
    def is_let_in(self) -> bool:
        """Whether there is anything in the project for them."""
        return self.reaches("")

    # -- places ---------------------------------------------------------------------------------

    def may(self, permission: Permission, path: str) -> bool:
        """Whether they may do this to what is at `path`."""
        if self.person.is_owner:
            return True
        access = self._get_access()
        try:
            names = self._names(path)
        except RefusedError:
            return False
        return all(access.decide(self.person, permission, Resource(name)).allowed for name in names)

    def may_read(self, path: str) -> bool:
        """Whether they may read all of what is at `path`."""
        return self.may(Permission.READ, path)

    def covers(self, permission: Permission, path: str) -> bool:
        """Whether they may do this to what is at `path` and to everything in it."""
        if self.person.is_owner:
            return True
        access = self._get_access()
        try:
            names = self._names(path)
        except RefusedError:
            return False
        policy, now = access.policy, access.now()
        wanted = frozenset({permission})
        return all(policy.covers(self.person, wanted, name, now) for name in names)

    @property
    def may_run_somewhere(self) -> bool:
        """Whether there is a file or folder where they may run code; a part of a file isn't one."""
        if self.person.is_owner:
            return True
        access = self._get_access()
        return access.policy.allows_within(
            self.person, Permission.EXECUTE, "", access.now(), in_ranges=False
        )

    @property
    def where_to_run(self) -> set[str]:
        """The folders and files on which they were given to run code; all below may be, too."""
        if self.person.is_owner:
            return {""}
        access = self._get_access()
        return access.policy.paths_allowing(self.person, Permission.EXECUTE, access.now())

    def reaches(self, path: str) -> bool:
        """Whether they may read `path` or anything below it."""
        if self.person.is_owner:
            return True
        access = self._get_access()
        try:
            names = self._names(path)
        except RefusedError:
            return False
        policy, now = access.policy, access.now()
        return all(policy.reaches(self.person, name, now) for name in names)

    def is_closed_by(self, path: str, top: str) -> bool:
        """Whether what is granted on `top`, or below it, keeps them from all of `path`."""
        if self.person.is_owner or self.reaches(path):
            return False
        decision = self._get_access().decide(self.person, Permission.READ, Resource(path))
        places = [grant.resource.path for grant in decision.grants]
        return any(place == top or place.startswith(f"{top}/") for place in places)

    def may_see(self, path: str) -> bool:
        """Whether they may know of what is, or was, at `path`, and read it if it is a file."""
        if self.may_read(path):
            return True
        return self._places.is_folder(path) and self.reaches(path)

    def require(self, permission: Permission, path: str) -> None:
        """Raise RefusedError, with a sentence for the person, unless they may."""
        if self.person.is_owner:
            return
        access = self._get_access()
        for name in self._names(path):
            access.require(self.person, permission, Resource(name))

    def path_of(self, place: Place) -> str:
        """Give the path of a place; RefusedError for an id that no file has."""
        if place.file_id is None:
            return place.path
        path = None if self._files is None else self._files.get_path(place.file_id)
        if path is None:
            raise RefusedError(_NO_DOCUMENT)
        return str(path)

    def part_at(self, place: Place) -> Resource | None:
        """Give the part of a file that a place is for this person; None for a file like any."""
        if self._slices is None or self.person.is_owner:
            return None
        if place.file_id is None:
            return self._slices.range_at(self.person, place.path.strip("/"))
        if not place.file_id.startswith(SLICE_ID):
            return None
        return self._slices.range_of(place.file_id)

    # -- rules ----------------------------------------------------------------------------------

    async def check(self, rule: Rule) -> None:
        """Raise RefusedError, with a sentence for the person, unless they may what it asks."""
        if self._access is not None and not self.person.is_owner:
            await self._access.opened()
        self.check_now(rule)
        if self.person.is_owner or self.is_trusted:
            return
        for need in rule.needs:
            if need.act is Act.READ_ALL:
                await self._check_links(self.path_of(need.place))

    def check_now(self, rule: Rule) -> None:
        """Do what `check` does, but for what takes long."""
        if rule.audience is Audience.PUBLIC or self.person.is_owner:
            return
        self._check_audience(rule.audience)
        for need in rule.needs:
            self._check_need(need)

    def _check_audience(self, audience: Audience) -> None:
        if audience in OF_PROGRAMS and not self._get_access().has_programs:
            raise RefusedError("There is no such thing in projects on this Hub.")
        if self.is_owner:
            return
        if not self.is_let_in:
            raise ShutOutError("You have no access to this project. Ask its owner for some.")
        if audience is Audience.MEMBER and self.person.is_guest:
            raise RefusedError("That isn't for guests.")
        if audience in {Audience.TRUSTED, Audience.PROGRAMS} and not self.is_trusted:
            raise RefusedError(
                "That is only for people who may read and change the whole project, and run code"
                " in it."
            )
        if audience is Audience.OWNER:
            raise RefusedError("That is only for owners of the project.")

    def _check_need(self, need: Need) -> None:
        part = self.part_at(need.place) if need.act in _OF_PARTS else None
        if part is not None:
            permission = Permission.EDIT if need.act is Act.SAVE else Permission.READ
            self._require_part(permission, part)
            return
        path = self.path_of(need.place)
        if need.place.file_id is not None and not self.reaches(path):
            # Whoever knows the id from earlier days isn't to learn what the file is called now.
            self._get_access().note_refusal(self.person, Permission.READ, Resource(path))
            raise RefusedError(_NO_DOCUMENT)
        act = need.act
        if act is Act.LOOK:
            if not self.may_see(path):
                self.require(Permission.READ, path)
                raise RefusedError(f"You may not see {path}.")
            return
        if act is Act.SAVE:
            act = Act.EDIT if self._places.is_file(path) else Act.CREATE_ALL
        self.require(_WHOLE.get(act) or _SINGLE[act], path)
        if act in _WHOLE:
            self._check_covers(_WHOLE[act], path)

    def _require_part(self, permission: Permission, part: Resource) -> None:
        """Require it on a part of a file; of a symbolic link, on all of what that leads to, too."""
        access = self._get_access()
        access.require(self.person, permission, part)
        real = self._places.real(part.path)
        if real != part.path:
            access.require(self.person, permission, Resource(real))

    def _check_covers(self, permission: Permission, path: str) -> None:
        access = self._get_access()
        policy, now = access.policy, access.now()
        for name in self._names(path):
            if not policy.covers(self.person, frozenset({permission}), name, now):
                raise RefusedError(
                    f"There is something in {name or 'the project'} that you may not {permission},"
                    " so that you can't do this with all of it."
                )

    async def _check_links(self, path: str) -> None:
        if not self._places.is_folder(path):
            return
        for link in await asyncio.to_thread(self._places.links_below, path):
            if not self.may_read(link):
                raise RefusedError("This folder holds a link to something that you may not read.")

    def _names(self, path: str) -> set[str]:
        access = self._get_access()
        try:
            return self._places.names(path, access.policy)
        except OutsideError:
            if self.is_trusted and ".." not in path.split("/"):
                return {path.strip("/")}
            raise

    def _get_access(self) -> Access:
        if self._access is None:
            raise AccessUnavailableError(
                "Access can't be checked right now; please try again in a moment."
            )
        return self._access


def sight_of(handler: JupyterHandler) -> Sight:
    """Give what the person behind an authenticated request may do and see."""
    return sight_for(handler.settings, person_of(handler))


def sight_for(settings: Mapping[str, Any], person: Person) -> Sight:
    """Give what `person` may do and see."""
    places: Places = settings[PLACES]
    files, slices = settings.get("file_id_manager"), settings.get(SLICES)
    return Sight(settings.get(ACCESS), places, person, files, slices)
