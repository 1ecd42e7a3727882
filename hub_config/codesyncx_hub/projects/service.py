"""Projects while the Hub runs: changes one after the other, told at once to those who wait."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from codesyncx_server.errors import CodeSyncXError, NotFoundError

from . import changes, invitations, rules
from .changes import Actor, Change
from .model import Deed, ProjectState

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_server.access.roster import Roster

    from .hub_api import HubApi
    from .model import Invitation, Membership
    from .store import ProjectsStore

logger = logging.getLogger(__name__)

#: What couldn't be done at the Hub is tried again so often, and what another process changed seen.
ROUND_S = 15.0
#: How long a server may wait for news before it is told that there are none.
HOLD_S = 10.0
#: Another process may have changed something, where several serve one database.
_LOOK_S = 1.0

_Result = TypeVar("_Result")


class Projects:
    """All projects of a Hub."""

    def __init__(
        self, store: ProjectsStore, hub: HubApi, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Do nothing yet."""
        self._store = store
        self._hub = hub
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="projects")
        self._news: dict[str, asyncio.Event] = {}
        self._at_hub: dict[str, asyncio.Lock] = {}
        self._settled: dict[str, int] = {}
        self._remembered: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the database, and begin to keep the Hub to what it says."""
        await self._in_thread(self._store.open)
        self._begin(self._keep_round())

    async def stop(self) -> None:
        """End everything that runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._in_thread(self._store.close)
        self._thread.shutdown(wait=False)
        self._hub.close()

    # -- asking ---------------------------------------------------------------------------------

    async def read(self, work: Callable[[ProjectsStore], _Result]) -> _Result:
        """Read from the database."""
        return await self._in_thread(lambda: work(self._store))

    async def membership(self, by: Actor, project_id: str, deed: Deed) -> Membership:
        """Give a project that `by` may do this with; NotFoundError or RefusedError otherwise."""
        found = await self.read(lambda store: store.membership(project_id))
        rules.require(found, by.username, deed, is_admin=by.is_admin)
        return found

    async def invitation(self, secret: str) -> Invitation:
        """Give the invitation of a secret; RefusedError, with the reason, if there is none."""

        def look(store: ProjectsStore) -> Invitation:
            with store.reading() as connection:
                return invitations.look(connection, secret, self._clock())

        return await self.read(look)

    async def next_roster(self, project_id: str, after: int) -> Roster | None:
        """Wait for a roster newer than `after`; None when there is none for a while."""
        until = time.monotonic() + HOLD_S
        while True:
            news = self._news.setdefault(project_id, asyncio.Event())
            roster = await self.read(lambda store: store.roster(project_id))
            if roster.revision > after:
                return roster
            left = until - time.monotonic()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(news.wait(), min(left, _LOOK_S))
            except TimeoutError:
                continue

    # -- changing -------------------------------------------------------------------------------

    async def change(
        self, by: Actor, work: Callable[[Change], _Result], project_id: str = ""
    ) -> _Result:
        """Change something in one transaction; whoever follows the project is told at once."""

        def transact() -> _Result:
            with self._store.change() as connection:
                return work(Change(connection, by, self._clock()))

        result = await self._in_thread(transact)
        if project_id:
            self.tell(project_id)
        return result

    def tell(self, project_id: str) -> None:
        """Wake those who wait for news of a project, and have the Hub follow soon."""
        if event := self._news.pop(project_id, None):
            event.set()
        self._begin(self._try_to_settle(project_id))

    async def remember(self, username: str, display_name: str) -> None:
        """Keep what somebody is called; pages say it each time, and it seldom changes."""
        if self._remembered.get(username) == display_name:
            return
        await self.change(
            Actor(username),
            lambda change: changes.remember(change.connection, username, display_name),
        )
        self._remembered[username] = display_name

    # -- the Hub --------------------------------------------------------------------------------

    async def open(self, by: Actor, project_id: str) -> bool:
        """Have a project's server start, and its members reach it; whether it is ready."""
        found = await self.membership(by, project_id, Deed.OPEN)
        await self.settle(project_id)
        return await self._hub.start(found.project.hub_user)

    async def is_ready(self, project_id: str) -> bool:
        """Whether a project's server can be opened."""
        found = await self.read(lambda store: store.membership(project_id))
        return await self._hub.is_ready(found.project.hub_user)

    async def settle(self, project_id: str) -> None:
        """Have the Hub let exactly the members of a project reach its server."""
        async with self._at_hub.setdefault(project_id, asyncio.Lock()):
            found = await self.read(lambda store: store.membership(project_id))
            project = found.project
            if self._settled.get(project_id) == project.revision:
                return
            user = project.hub_user
            if project_id not in self._settled:
                await self._hub.make_server(user)
            is_active = project.state is ProjectState.ACTIVE
            if not is_active:
                await self._hub.stop(user)
            wanted = set(found.roles) if is_active else set()
            has = await self._hub.shared_with(user)
            for name in sorted(has - wanted):
                await self._hub.unshare(user, name)
            known = [await self._hub.share(user, name) for name in sorted(wanted - has)]
            if all(known):
                self._settled[project_id] = project.revision

    async def _try_to_settle(self, project_id: str) -> None:
        try:
            await self.settle(project_id)
        except NotFoundError:
            pass  # erased meanwhile
        except CodeSyncXError as error:
            logger.warning("Project %s isn't settled at the Hub yet: %s", project_id, error)

    async def _keep_round(self) -> None:
        while True:
            try:
                await self._round()
            except CodeSyncXError as error:
                logger.warning("Projects couldn't be looked after: %s", error)
            await asyncio.sleep(ROUND_S)

    async def _round(self) -> None:
        """Settle what isn't, and forget what was deleted long enough ago."""
        for found in await self.read(lambda store: store.memberships()):
            if self._settled.get(found.project.id) != found.project.revision:
                await self._try_to_settle(found.project.id)
        for project_id in await self.read(self._due):
            await self._hub.forget(f"p-{project_id}")
            await self.change(
                Actor(""),
                lambda change, it=project_id: changes.erase(change, it),  # type: ignore[misc]
            )
            self._settled.pop(project_id, None)

    def _due(self, store: ProjectsStore) -> list[str]:
        with store.reading() as connection:
            return changes.due_for_erasure(connection, self._clock())

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
