"""What a recording shows: a shared screen, else who speaks, else who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HOLD_S = 2.0
"""How long somebody is shown at least: a cough doesn't change the picture."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody in the call with what they show now; screens in the order they were shared in."""

    member_id: str
    name: str
    camera: str | None = None
    screens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """What is shown: a track and whose it is; without a track, a card with the name."""

    name: str = ""
    track_id: str | None = None
    is_screen: bool = False


class Choice:
    """Chooses the scene; asked a few times a second."""

    def __init__(self) -> None:
        self._screens: list[str] = []
        self._member_id: str | None = None
        self._since = float("-inf")

    def choose(self, people: Sequence[Seen], speaker: str | None, now: float) -> Scene:
        """Give what is to be seen; `speaker` is the member who spoke last."""
        screen = self._last_screen(people)
        by_id = {seen.member_id: seen for seen in people}
        if screen is not None:
            return screen
        shown = self._face(by_id, speaker, now)
        return Scene() if shown is None else Scene(shown.name, shown.camera)

    def _last_screen(self, people: Sequence[Seen]) -> Scene | None:
        """Give the screen that was shared last: whoever shares one more means that one."""
        shared = {screen: seen.name for seen in people for screen in seen.screens}
        self._screens = [one for one in self._screens if one in shared]
        self._screens += [one for one in shared if one not in self._screens]
        if not self._screens:
            return None
        return Scene(shared[self._screens[-1]], self._screens[-1], is_screen=True)

    def _face(self, people: dict[str, Seen], speaker: str | None, now: float) -> Seen | None:
        current = people.get(self._member_id or "")
        wanted = people.get(speaker or "") or current or _first(list(people.values()))
        if wanted is None:
            return None
        if current is None or (wanted is not current and now - self._since >= HOLD_S):
            self._member_id, self._since = wanted.member_id, now
            return wanted
        return current


def _first(people: list[Seen]) -> Seen | None:
    """Give somebody to look at while nobody speaks."""
    return next((seen for seen in people if seen.camera), people[0] if people else None)
