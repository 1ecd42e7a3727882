"""Access while a server runs: decides at once from memory, changes in a thread of its own.

What is decided by is one snapshot of the database. It is looked at again twice a second, so that
changes by other processes, and the database's failing, are noticed. While it can't be read nobody
may do anything but the server's owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import AccessUnavailableError, RefusedError
from . import changes, enrolment, links
from .attempts import Attempts, network_of
from .audit import AuditQuery, Entry, What
from .changes import Change, Invitation, Terms
from .decider import Decider
from .model import Person
from .ranges import Ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .model import Grant, Resource, Subject
    from .roster import Roster
    from .snapshot import RangeRecord, Snapshot
    from .store import AccessStore

logger = logging.getLogger(__name__)

LOOK_S = 0.5
MOST_MIXED = 1_000
OPENING_S = 10.0
MOST_PEOPLE = 20_000
#: Tries to come in by a link in a minute: of one address, and wrong ones of all together.
TRIES_FOR_ONE = 20
TRIES_OVERALL = 300
#: Changes that one person may make in a minute, as each leaves its lines in the audit log.
DEEDS_FOR_ONE = 300

_Result = TypeVar("_Result")


@dataclass(eq=False, slots=True)
class _Rename:
    """A move of what is granted; in the database from `revision` on, once there is one."""

    old: str
    new: str
    revision: int | None = None


class AccessService(Decider):
    """Who may do what in the project that one server serves."""

    def __init__(
        self,
        store: AccessStore,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin to read the database; `changed` is called on the event loop after each change."""
        super().__init__(clock)
        self._store = store
        self._changed = changed
        self._looked_at = clock()
        self._renames: list[_Rename] = []
        self._mixed: deque[tuple[str, str]] = deque(maxlen=MOST_MIXED)
        self._underway = 0
        self._was_known = True
        self._wake = asyncio.Event()
        self._names: dict[str, str] = {}
        self._attempts = Attempts(for_one=TRIES_FOR_ONE, overall=TRIES_OVERALL)
        self._deeds = Attempts(for_one=DEEDS_FOR_ONE, overall=DEEDS_FOR_ONE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="codesyncx-access")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        self._opening: Future[Snapshot] = self._thread.submit(store.read)
        self._opening.add_done_callback(self._opened)
        self.ranges = Ranges(self._get_ranges, self._put_ranges, self._delete_range)

    def wait_until_open(self) -> None:
        """Let the database be opened, or fail, before anything is served."""
        wait([self._opening], OPENING_S)

    async def start(self) -> None:
        """Begin to look for changes; everything is decided from now on."""
        self._loop = asyncio.get_running_loop()
        await self.opened()
        await self.look()
        self._looking = asyncio.create_task(self._keep_looking())

    async def opened(self) -> None:
        """Wait until the database has been read once, or couldn't be."""
        if not self._opening.done():
            with contextlib.suppress(AccessUnavailableError):
                await asyncio.wrap_future(self._opening)

    async def stop(self) -> None:
        """End, with everything written."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        with contextlib.suppress(AccessUnavailableError):
            await self._in_thread(self._write_renames, tuple(self._renames))
        await self._write_waiting()
        await self._in_thread(self._store.close)
        self._thread.shutdown(wait=False)

    # -- the changes ----------------------------------------------------------------------------

    async def grant(self, by: Person, subject: Subject, resource: Resource, terms: Terms) -> Grant:
        """Give `subject` something, as far as `by` may."""
        return await self._change(
            by, lambda change: changes.add_grant(change, subject, resource, terms)
        )

    async def change_grant(self, by: Person, grant_id: int, terms: Terms) -> Grant:
        """Let a grant give something else, or for another time."""
        return await self._change(by, lambda change: changes.change_grant(change, grant_id, terms))

    async def revoke(self, by: Person, grant_id: int) -> Grant:
        """Take a grant back."""
        return await self._change(by, lambda change: changes.revoke(change, grant_id))

    async def create_link(
        self, by: Person, invitation: Invitation
    ) -> tuple[links.Link, Grant, str]:
        """Make a link; gives it, its grant, and the secret that nobody can look up later."""
        return await self._change(by, lambda change: changes.add_link(change, invitation))

    async def revoke_link(self, by: Person, link_id: str) -> None:
        """End a link; its guests are out at once."""
        await self._change(by, lambda change: changes.revoke_link(change, link_id))

    def invitation(self, secret: str, *, address: str = "") -> tuple[links.Link, Grant]:
        """Give the link that a secret opens, and what it gives; counts as a try to come in."""
        self._attempts.begin(network_of(address))
        snapshot = self.snapshot
        link = snapshot.links.get(links.link_id_in(secret))
        if not links.fits(secret, link) or link is None:
            self._attempts.failed()
            raise RefusedError(links.NOT_VALID)
        grant = snapshot.grant_of_link(link, self._clock())
        links.check_usable(link, is_over=grant is None)
        if grant is None:
            raise RefusedError(links.NOT_VALID)
        return link, grant

    async def redeem(
        self, secret: str, display_name: str, *, address: str = "", token: str | None = None
    ) -> links.Admission:
        """Let a guest in by a link's secret; `token` is that of a guest who is in already."""
        self._attempts.begin(network_of(address))
        nobody = Person("")
        try:
            admission, _ = await self._change(
                nobody, lambda change: changes.redeem(change, secret, display_name, token)
            )
        except RefusedError:
            self._attempts.failed()
            raise
        return admission

    async def put_group(
        self, by: Person, name: str, members: Iterable[str], *, must_be_new: bool = False
    ) -> None:
        """Make a group, or give it other members."""
        wanted = list(members)
        await self._change(
            by,
            lambda change: changes.put_group(change, name, wanted, must_be_new=must_be_new),
        )

    async def delete_group(self, by: Person, name: str) -> None:
        """Dissolve a group."""
        await self._change(by, lambda change: changes.delete_group(change, name))

    async def enrol(self, roster: Roster) -> None:
        """Have everybody be in the project what a Hub's projects service says, and nobody else."""
        nobody = Person("")
        await self._change(
            nobody,
            lambda change: enrolment.enrol(change.connection, change.snapshot, roster, change.now),
        )

    def trust_roster_for(self, seconds: float) -> None:
        """Take what a Hub has said of who is in the project as true so long, and then nothing.

        Called again each time the Hub has confirmed it; with 0 before it has said anything.
        """
        self._known_until = time.monotonic() + seconds
        self._notice_trust()

    # -- what the rest of the server tells ------------------------------------------------------

    def follow_rename(self, old: str, new: str) -> None:
        """Move what is granted on `old`, and below it, to `new`: at once, and for good."""
        if self._snapshot is not None and not self._underway and not self._concerns(old):
            if self._concerns(new):
                self._mixed.append((old, new))
            return
        if self._concerns(new):
            self._mixed.append((old, new))
        self._renames.append(_Rename(old, new))
        self._wake.set()
        if self._snapshot is not None:
            self._snapshot = self._snapshot.renamed(old, new)
            self._changed()

    def was_granted_before(self, old: str, new: str) -> bool:
        """Whether something was granted at `new`, or below it, before `old` was renamed to it."""
        return (old, new) in self._mixed

    async def renames_written(self) -> None:
        """Wait until the renames heard of so far are kept, or can't be just now."""
        if any(rename.revision is None for rename in self._renames):
            await self.look()

    def remember(self, username: str, display_name: str) -> None:
        """Keep what a person is called, to offer them when somebody shares."""
        known = self._snapshot.people if self._snapshot is not None else {}
        if not username or len(username) > changes.LONGEST_SUBJECT or len(known) >= MOST_PEOPLE:
            return
        name = display_name[: changes.LONGEST_SUBJECT] or username
        if known.get(username) != name:
            self._names[username] = name

    async def audit(self, query: AuditQuery) -> list[Entry]:
        """Give entries of the audit log."""
        await self._write_waiting()
        return await self._in_thread(self._store.audit_page, query)

    async def note(
        self, who: str, what: What, path: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Put into the audit log what changed no grant, such as a range that was lost."""
        entry = Entry(self._clock(), who, what, path=path, detail=detail or {})
        await self._in_thread(self._store.write_audit, [entry])

    async def look(self) -> None:
        """Look at the database now, and take over what is new."""
        try:
            snapshot = await self._in_thread(self._read, tuple(self._renames))
        except AccessUnavailableError as error:
            self._fail(error)
        else:
            self._adopt(snapshot)
        self._notice_trust()
        await self._write_waiting()

    # -- how ------------------------------------------------------------------------------------

    async def _change(self, by: Person, work: Callable[[Change], _Result]) -> _Result:
        if by.username:
            self._deeds.begin(by.username)
        try:
            with self._changing():
                renames = tuple(self._renames)
                result, snapshot = await self._in_thread(self._transact, by, work, renames)
        except AccessUnavailableError as error:
            logger.warning("Access couldn't be changed: %s.", error)
            raise AccessUnavailableError(
                "Access can't be changed right now; please try again in a moment."
            ) from error
        self._adopt(snapshot)
        return result

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Have every rename followed meanwhile: it may be of what is just being granted."""
        self._underway += 1
        try:
            yield
        finally:
            self._underway -= 1

    def _transact(
        self, by: Person, work: Callable[[Change], _Result], renames: Sequence[_Rename]
    ) -> tuple[_Result, Snapshot]:
        self._write_renames(renames)
        with self._store.change() as (connection, snapshot):
            result = work(Change(connection, snapshot, by, self._clock()))
        return result, self._store.read()

    def _read(self, renames: Sequence[_Rename]) -> Snapshot:
        self._write_renames(renames)
        snapshot = self._store.read()
        now = self._clock()
        if all(grant.holds(now) for grant in snapshot.policy.grants):
            return snapshot
        try:
            with self._store.change() as (connection, before):
                changes.expire(connection, before, now)
        except AccessUnavailableError as error:
            logger.debug("What has ended stays in the access database for now: %s", error)
        return self._store.read()

    def _write_renames(self, renames: Sequence[_Rename]) -> None:
        """Write those of `renames` that aren't yet.

        They are those known when the work was given to the thread. What was given to it before a
        rename still names the old path, and comes first.
        """
        waiting = [rename for rename in renames if rename.revision is None]
        if not waiting:
            return
        with self._store.change() as (connection, before):
            for rename in waiting:
                changes.follow_rename(connection, rename.old, rename.new)
        for rename in waiting:
            rename.revision = before.revision + 1

    async def _write_waiting(self) -> None:
        """Write the refusals and names that wait."""
        refusals, names = self._refusals.take(), self._names
        self._names = {}
        try:
            if refusals:
                await self._in_thread(self._store.write_audit, refusals)
                refusals = []
            if names:
                snapshot = await self._in_thread(self._store.remember, names)
                self._adopt(snapshot)
        except AccessUnavailableError:
            self._refusals.put_back(refusals)
            self._names = {**names, **self._names}

    async def _keep_looking(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self.look()
            except Exception:
                logger.exception("The access database couldn't be looked at")

    def _opened(self, opening: Future[Snapshot]) -> None:
        error = opening.exception()
        if error is None:
            self._snapshot = opening.result()
            self._failure = None
            self._read_at = time.monotonic()

    def _adopt(self, snapshot: Snapshot) -> None:
        """Take over a newer snapshot, and tell."""
        before, was_failing = self._snapshot, self._failure is not None
        self._read_at = time.monotonic()
        looked_at, self._looked_at = self._looked_at, self._clock()
        if before is not None and snapshot.revision < before.revision:
            return
        self._renames = [
            rename
            for rename in self._renames
            if rename.revision is None or rename.revision > snapshot.revision
        ]
        for rename in self._renames:
            snapshot = snapshot.renamed(rename.old, rename.new)
        self._snapshot = snapshot
        if was_failing:
            self._failure = None
            logger.warning("Access is decided again.")
        is_new = before is None or before.revision != snapshot.revision
        if is_new or was_failing or _ended_between(snapshot, looked_at, self._looked_at):
            self._changed()

    def _notice_trust(self) -> None:
        """Tell when what a Hub has said has become too old, and when it counts again."""
        if self.knows_who_is_in == self._was_known:
            return
        self._was_known = not self._was_known
        if not self._was_known:
            logger.error("Nobody is let in: the Hub doesn't say who is in this project.")
        self._changed()

    def _fail(self, error: AccessUnavailableError) -> None:
        """Refuse everybody but the server's owner; said once."""
        if self._failure == str(error):
            return
        is_first = self._failure is None or self._snapshot is None
        self._failure = str(error)
        logger.error("Nobody but the server's owner is let in: %s.", error)
        if is_first:
            self._changed()

    def _get_ranges(self) -> Mapping[str, RangeRecord]:
        return self.snapshot.ranges

    async def _put_ranges(self, records: list[RangeRecord]) -> None:
        with self._changing():
            snapshot = await self._in_thread(self._store.put_ranges, records)
        self._adopt(snapshot)

    async def _delete_range(self, range_id: str) -> None:
        self._adopt(await self._in_thread(self._store.delete_range, range_id))

    def _concerns(self, path: str) -> bool:
        if self._snapshot is None:
            return False
        paths = [grant.resource.path for grant in self._snapshot.policy.grants]
        paths += [record.path for record in self._snapshot.ranges.values()]
        return any(one == path or one.startswith(f"{path}/") for one in paths)

    async def _in_thread(self, work: Callable[..., _Result], *arguments: Any) -> _Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work, *arguments)


def _ended_between(snapshot: Snapshot, since: float, until: float) -> bool:
    return any(
        grant.expires_at is not None and since < grant.expires_at <= until
        for grant in snapshot.policy.grants
    )
