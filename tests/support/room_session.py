"""Random sessions through real rooms, logs and files: nothing is lost, doubled or left apart.

People type and erase at the same time, lose their connections and come back in any order; the
server is stopped or dies, also in the middle of a save; somebody writes the file from outside.
Every character typed is another one, so that it can be told what became of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from jupyter_server.services.contents.filemanager import FileContentsManager
from pycrdt import Doc, Text
from support.wires import Client

from codesyncx_server import updates
from codesyncx_server.collab.log_folder import LogFolder
from codesyncx_server.collab.rooms import Rooms
from codesyncx_server.events.bus import InProcessBus

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from codesyncx_server.collab.room import Room


NAMES = ("ada", "grace", "heloise")
PEOPLE = st.integers(0, len(NAMES) - 1)
PLACES = st.floats(0, 1)


class Death(BaseException):
    """The server's process ends right here."""


class FileIds:
    """The one file of the project."""

    def __init__(self, path: str) -> None:
        self._path = path

    def get_path(self, file_id: str) -> str:
        assert file_id == "1"
        return self._path


class SilentEvents:
    """Nobody listens to Jupyter's events here."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Person:
    """One browser; knows which of its own characters the server has acknowledged."""

    def __init__(self, username: str) -> None:
        self.username = username
        self.client: Client | None = None
        self.doc: Doc[Any] = Doc()
        self.is_connected = False
        self.typed: dict[str, int] = {}  # character -> the clock after it
        self.acknowledged: set[str] = set()

    def connect(self, room: Room) -> None:
        if self.client is None:
            self.client = Client(room.engine, self.username, doc=self.doc)
        self.client.enter(room.engine)
        self.is_connected = True

    def break_off(self) -> None:
        if self.client is not None and self.is_connected:
            self.client.break_off()
        self.is_connected = False

    def exchange(self) -> None:
        assert self.client is not None
        self.client.send()
        self.hear()

    def hear(self) -> None:
        assert self.client is not None
        self.client.hear()
        heard, self.client.updates_heard = self.client.updates_heard, []
        known = updates.read_state(self.client.state_heard)
        for update in heard:
            updates.advance(known, updates.read_update(update))
        own = known.get(self.doc.client_id, 0)
        self.acknowledged |= {one for one, clock in self.typed.items() if clock <= own}


class Session(RuleBasedStateMachine):
    """A project with one document, some people and a disk."""

    ROOM: ClassVar[str]
    FILE: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        # In memory where that is: hundreds of sessions flush thousands of times.
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
        self.folder = Path(tempfile.mkdtemp(prefix="csx-session-", dir=memory))
        self.file = self.folder / self.FILE
        self.runner = asyncio.Runner()
        self.people = [Person(name) for name in NAMES]
        self.count = 0
        self.expected: set[str] = set()  # what must be there in the end, unless somebody erased it
        self.doubtful: set[str] = set()  # what may be
        self.rooms: Rooms | None = None

    # -- what happens -----------------------------------------------------------------------------

    @initialize(lines=st.integers(0, 3), form=st.integers(0, 3))
    def begin(self, lines: int, form: int) -> None:
        self.form = form
        fresh = [self.character() for _ in range(lines)]
        self.expected.update(fresh)
        self.write_first(fresh)
        self.versions = [self.file.read_bytes()]
        self.run(self.open())
        for person in self.people:
            person.connect(self.room)
            person.hear()

    @rule(who=PEOPLE, place=PLACES, count=st.integers(1, 3))
    def type(self, who: int, place: float, count: int) -> None:
        person = self.people[who]
        for _ in range(count):
            character = self.character()
            if self.insert(person.doc, place, character):
                state = updates.read_state(person.doc.get_state())
                person.typed[character] = state.get(person.doc.client_id, 0)

    @rule(who=PEOPLE, place=PLACES, length=st.integers(1, 3))
    def erase(self, who: int, place: float, length: int) -> None:
        self.doubt(self.delete(self.people[who].doc, place, length))

    @rule(who=PEOPLE)
    def connect(self, who: int) -> None:
        person = self.people[who]
        person.break_off()
        self.act(partial(person.connect, self.room))

    @rule(who=PEOPLE)
    def break_off(self, who: int) -> None:
        self.people[who].break_off()

    @rule(who=PEOPLE, is_hearing=st.booleans())
    def exchange(self, who: int, *, is_hearing: bool) -> None:
        person = self.people[who]
        if person.is_connected and person.client is not None:
            self.act(person.client.send)
            if is_hearing:
                self.run(self.turn())
                person.hear()

    @rule(who=PEOPLE)
    def leave_for_good(self, who: int) -> None:
        person = self.people[who]
        person.break_off()
        self.doubtful |= set(person.typed) - person.acknowledged
        self.expected |= person.acknowledged
        self.people[who] = Person(person.username)

    @rule(who=PEOPLE, place=PLACES)
    def type_and_be_heard(self, who: int, place: float) -> None:
        self.type(who, place, 1)
        for person in self.people:
            if not person.is_connected:
                self.act(partial(person.connect, self.room))
            self.act(person.exchange)
        self.run(self.turn())
        for person in self.people:
            person.hear()

    @rule()
    def time_passes(self) -> None:
        self.run(self.turn())

    @rule()
    def save(self) -> None:
        self.run(self.room.saver.save())
        self.versions.append(self.file.read_bytes())

    @rule()
    def compact(self) -> None:
        self.run(self.room.saver.compact())

    @rule(place=PLACES, length=st.integers(0, 2), is_noticed=st.booleans())
    def write_from_outside(self, place: float, length: int, *, is_noticed: bool) -> None:
        self.write_outside(place, length)
        if is_noticed:
            self.run(self.room.saver.check_disk())

    @precondition(lambda self: len(self.versions) > 1)
    @rule(choice=PLACES)
    def check_out_an_old_version(self, choice: float) -> None:
        self.run(self.room.saver.save())
        old = self.versions[int(choice * (len(self.versions) - 1))]
        now = self.file.read_bytes()
        self.doubt(set(self.characters(now)) ^ set(self.characters(old)))
        self.replace(old)
        self.take_old_version()

    @rule()
    def everybody_leaves_and_the_room_closes(self) -> None:
        for person in self.people:
            person.break_off()
        assert self.rooms is not None
        self.run(self.rooms._close_if_empty(self.room))
        self.run(self.open())

    @rule(is_written=st.booleans(), place=PLACES)
    def restart(self, place: float, *, is_written: bool) -> None:
        self.run(self.stop())
        if is_written:
            self.write_outside(place, 1)
        self.run(self.open())

    @rule(is_written=st.booleans(), place=PLACES)
    def die(self, place: float, *, is_written: bool) -> None:
        self.run(self.abandon())
        if is_written:
            self.write_outside(place, 1)
        self.run(self.open())

    @rule(
        moment=st.sampled_from(["announced", "replaced", "merged", "merging"]),
        is_written=st.booleans(),
        place=PLACES,
    )
    def die_while_saving(self, moment: str, place: float, *, is_written: bool) -> None:
        if moment in {"merged", "merging"}:
            self.write_outside(place, 1)
        self.run(self.die_at(moment))
        if is_written:
            self.write_outside(place, 1)
        self.run(self.open())

    # -- what is promised -------------------------------------------------------------------------

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if self.rooms is not None:
            self.check_once(self.characters_of(self.room.ydoc))

    def teardown(self) -> None:
        try:
            if self.rooms is not None:
                self.run(self.converge())
        finally:
            with contextlib.suppress(Exception):
                self.run(self.abandon())
            self.runner.close()
            shutil.rmtree(self.folder)

    async def converge(self) -> None:
        """Let everybody come back and be quiet; all must have the same then, and have it all."""
        for person in self.people:
            if not person.is_connected:
                person.connect(self.room)
        for _ in range(3):
            for person in self.people:
                person.exchange()
            await self.turn()
        await self.room.saver.save()
        await self.turn()
        for person in self.people:
            person.exchange()
        for person in self.people:
            assert person.typed.keys() <= person.acknowledged
            self.expected |= person.typed.keys()
            assert self.content(person.doc) == self.content(self.room.ydoc)
        found = self.characters_of(self.room.ydoc)
        self.check_once(found)
        assert self.characters(self.file.read_bytes()) == found
        lost = self.expected - self.gone() - set(found)
        assert not lost
        assert set(found) <= self.expected | self.doubtful

    def check_once(self, found: Iterable[str]) -> None:
        listed = list(found)
        assert len(listed) == len(set(listed))

    def gone(self) -> set[str]:
        return self.doubtful

    def take_old_version(self) -> None:
        self.run(self.room.saver.check_disk())

    def doubt(self, characters: Iterable[str]) -> None:
        self.doubtful |= set(characters)

    # -- the server -------------------------------------------------------------------------------

    @property
    def room(self) -> Room:
        assert self.rooms is not None
        room = self.rooms.get(self.ROOM)
        assert room is not None
        return room

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.runner.run(work)

    def act(self, action: Callable[[], None]) -> None:
        """Do something where the server does it: in its loop."""

        async def work() -> None:
            action()

        self.run(work())

    async def turn(self) -> None:
        for _ in range(4):
            await asyncio.sleep(0)

    async def open(self) -> None:
        if self.rooms is None:
            self.rooms = Rooms(
                LogFolder(self.folder / "logs"),
                FileContentsManager(root_dir=str(self.folder)),
                {"file_id_manager": FileIds(self.FILE)},
                InProcessBus(),
                SilentEvents(),  # type: ignore[arg-type]
                lambda _: pytest.fail("no chats here"),
            )
        await self.rooms.open(self.ROOM)
        assert self.rooms._poll is not None
        self.rooms._poll.cancel()  # the disk is looked at when a rule says so

    async def stop(self) -> None:
        assert self.rooms is not None
        for person in self.people:
            person.break_off()
        rooms, self.rooms = self.rooms, None
        await rooms.stop()

    async def abandon(self) -> None:
        """End as a killed process does: nothing more is written, and its locks are free."""
        rooms, self.rooms = self.rooms, None
        if rooms is None:
            return
        for room in rooms:
            saver = room.saver
            if saver._task is not None:
                saver._task.cancel()
                await asyncio.gather(saver._task, return_exceptions=True)
            room._log_of_updates.close()
        for person in self.people:
            person.is_connected = False
            if person.client is not None:
                person.client.session.is_closed = True
                person.client.wire.sent.clear()
                person.client.drop_unsent()
        rooms._logs.close()

    async def die_at(self, moment: str) -> None:
        room, log = self.room, self.room._log_of_updates
        task = room.saver._task
        assert task is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        def die(*_: Any) -> None:
            raise Death

        if moment == "announced":
            original = room._file.save

            async def save(content: Any, before_replace: Any, **options: Any) -> str:
                def announce(sha256: str) -> None:
                    before_replace(sha256)
                    raise Death

                result: str = await original(content, announce, **options)
                return result

            room._file.save = save
        if moment == "merging":
            log.compact = die  # type: ignore[method-assign]
        log.append_saved = die  # type: ignore[method-assign]
        with contextlib.suppress(Death):
            await (
                room.saver.check_disk() if moment in {"merged", "merging"} else room.saver.save()
            )
        await self.abandon()

    # -- the file ---------------------------------------------------------------------------------

    def character(self) -> str:
        self.count += 1
        return chr((0x4E00, 0x20000, 0x3B1)[self.count % 3] + self.count)

    def characters(self, data: bytes) -> list[str]:
        return [one for one in data.decode() if ord(one) > 0x3B0]

    def replace(self, data: bytes) -> None:
        """Write as an editor does, so that it can't be overlooked."""
        fresh = self.folder / "fresh"
        fresh.write_bytes(data)
        fresh.replace(self.file)
        self.count += 1
        os.utime(self.file, ns=(self.count * 10**9, self.count * 10**9))

    def characters_of(self, doc: Doc[Any]) -> list[str]:
        raise NotImplementedError

    def content(self, doc: Doc[Any]) -> Any:
        raise NotImplementedError

    def write_first(self, lines: list[str]) -> None:
        raise NotImplementedError

    def write_outside(self, place: float, length: int) -> None:
        raise NotImplementedError

    def insert(self, doc: Doc[Any], place: float, character: str) -> bool:
        raise NotImplementedError

    def delete(self, doc: Doc[Any], place: float, length: int) -> list[str]:
        raise NotImplementedError


def insert_into(text: Text, place: float, character: str) -> None:
    whole = str(text)
    text.insert(len(whole[: round(place * len(whole))].encode()), character)


def delete_from(text: Text, place: float, length: int) -> str:
    whole = str(text)
    start = round(place * max(0, len(whole) - length))
    erased = whole[start : start + length]
    at = len(whole[:start].encode())
    if erased:
        del text[at : at + len(erased.encode())]
    return erased


def change(text: str, place: float, length: int, character: str) -> tuple[str, str]:
    """Cut out some of a text and put in a character; gives both the result and what was cut."""
    start = round(place * max(0, len(text) - length))
    return text[:start] + character + text[start + length :], text[start : start + length]


# As many examples as the profile says, in long sessions; nightly ones are longer.
_EXAMPLES = settings.default.max_examples if settings.default is not None else 100


SETTINGS = settings(
    max_examples=_EXAMPLES,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
    deadline=None,
)
