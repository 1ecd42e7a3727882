"""Who puts secrets into a project, who may run something with them, and what anybody may know."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from codesyncx_spawner.masking import LEAST
from codesyncx_spawner.run_file import is_variable

from ..access.audit import What
from ..access.model import Permission
from ..errors import InvalidRequestError, NotFoundError, RefusedError
from ..gate.sight import ACCESS, sight_for
from .secret_store import Secret, Users

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesyncx_spawner.run import Run

    from ..gate.sight import Sight
    from .secret_store import SecretStore

MOST = 100
LONGEST = 4096


class ProjectSecrets:
    """The secrets of one project; a value that has been put in comes out in sandboxes only."""

    def __init__(
        self,
        store: SecretStore,
        settings: Mapping[str, Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take where they are kept, and the server's settings."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._changing = asyncio.Lock()

    async def list(self, sight: Sight) -> dict[str, Any]:
        """Give the names of those that somebody may use, or of all to who may change them."""
        is_manager = may_manage(sight)
        found = await asyncio.to_thread(self._store.read)
        return {
            "secrets": [
                _to_json(name, one)
                for name, one in sorted(found.items())
                if is_manager or _may_use(sight, one)
            ],
            "may_manage": is_manager,
        }

    async def put(self, sight: Sight, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """Put a secret in, or change one; RefusedError for who may not."""
        self._require_manager(sight)
        if not is_variable(name):
            raise InvalidRequestError("A secret's name is made of letters, digits and _.")
        if unknown := told.keys() - {"value", "used_by"}:
            raise InvalidRequestError(f"A secret has no {', '.join(sorted(unknown))}.")
        async with self._changing:
            found = await asyncio.to_thread(self._store.read)
            before = found.get(name)
            if before is None and len(found) >= MOST:
                raise InvalidRequestError(f"A project has {MOST} secrets at most.")
            value = _value(told["value"]) if "value" in told else before and before.value
            if not value:
                raise InvalidRequestError("A new secret needs a `value`.")
            users = before.users if before else Users.OWNERS
            if "used_by" in told:
                users = _users(told["used_by"])
            secret = Secret(value, users, sight.person.username, self._clock())
            await asyncio.to_thread(self._store.write, {**found, name: secret})
        await self._note(sight.person.username, What.SECRET_SET, name=name, used_by=users)
        return _to_json(name, secret)

    async def remove(self, sight: Sight, name: str) -> None:
        """Forget a secret; runs under way keep what they have."""
        self._require_manager(sight)
        async with self._changing:
            found = await asyncio.to_thread(self._store.read)
            if found.pop(name, None) is None:
                raise NotFoundError(f"There is no secret {name}.")
            await asyncio.to_thread(self._store.write, found)
        await self._note(sight.person.username, What.SECRET_REMOVED, name=name)

    async def require(self, sight: Sight, names: Sequence[str]) -> dict[str, str]:
        """Give the values of secrets; RefusedError unless there are all, for this person."""
        if not names:
            return {}
        found = await asyncio.to_thread(self._store.read)
        for name in names:
            if name not in found or not _may_use(sight, found[name]):
                raise RefusedError(
                    f"There is no secret {name} that you may use: whoever may share the project "
                    "can put it in, or let editors use it."
                )
        return {name: found[name].value for name in names}

    async def values(self, run: Run) -> dict[str, str]:
        """Give the values of those that a run names, and note that they were given."""
        sight = sight_for(self._settings, run.person)
        values = await self.require(sight, run.what.secrets)
        await self._note(run.person.username, What.SECRET_USED, names=sorted(values), run=run.id)
        return values

    def _require_manager(self, sight: Sight) -> None:
        if not may_manage(sight):
            raise RefusedError("Only who may share the project can change its secrets.")

    async def _note(self, who: str, what: What, **detail: Any) -> None:
        await self._settings[ACCESS].note(who, what, "", detail)


def may_manage(sight: Sight) -> bool:
    """Whether they put secrets in, and say who may use them."""
    return sight.may(Permission.SHARE, "")


def _may_use(sight: Sight, secret: Secret) -> bool:
    if may_manage(sight):
        return True
    return secret.users is Users.EDITORS and sight.covers(Permission.EDIT, "")


def _to_json(name: str, secret: Secret) -> dict[str, Any]:
    return {
        "name": name,
        "used_by": secret.users,
        "set_by": secret.set_by,
        "set_at": secret.set_at,
    }


def _value(told: object) -> str:
    if not isinstance(told, str) or len(told.strip()) < LEAST or len(told) > LONGEST:
        raise InvalidRequestError(
            f"A secret is a text of {LEAST} to {LONGEST} characters: a shorter one couldn't be "
            "kept out of the output."
        )
    if "\0" in told or any("\ud800" <= character <= "\udfff" for character in told):
        raise InvalidRequestError("The secret holds characters that no variable may hold.")
    return told


def _users(told: object) -> Users:
    if not isinstance(told, str) or told not in set(Users):
        raise InvalidRequestError(f"`used_by` is one of {', '.join(Users)}.")
    return Users(told)
