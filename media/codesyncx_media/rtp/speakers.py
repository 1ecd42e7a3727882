"""Who speaks, by the audio levels that packets carry (RFC 6464): without decoding any sound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

SILENCE_DBOV = 127
SPEAKING = 127 - 50  # louder than -50 dBov
ATTACK_S = 0.06
RELEASE_S = 0.4
MARGIN = 6.0  # decibels by which somebody must be louder to take the floor at once
TAKEOVER_S = 0.4  # and for how long, so that a cough takes nothing
HOLD_S = 2.0  # how long somebody who fell silent is still forwarded


@dataclass(slots=True)
class _Voice:
    loudness: float = 0.0
    heard_at: float = 0.0
    spoke_at: float = float("-inf")


class Speakers:
    """Follows everybody's loudness: the active speaker, and whose sound is forwarded.

    `is_forwarded` is asked for each packet, after `receive`. At most `top` tracks are; those who
    speak push out those who are silent the longest.
    """

    def __init__(self, top: int) -> None:
        self.active: Hashable | None = None
        self._top = top
        self._voices: dict[Hashable, _Voice] = {}
        self._forwarded: set[Hashable] = set()
        self._challenger: Hashable | None = None
        self._challenged_at = 0.0

    @property
    def forwarded(self) -> frozenset[Hashable]:
        """Whose sound is forwarded."""
        return frozenset(self._forwarded)

    def receive(self, track: Hashable, level: int | None, now: float) -> bool:
        """Take in a packet's level in -dBov. True when somebody's place was taken by this track.

        Sound without a level counts as speech: its sender can't tell, and must be heard.
        """
        voice = self._voices.get(track)
        if voice is None:
            voice = self._voices[track] = _Voice(heard_at=now)
        loudness = SPEAKING + 10.0 if level is None else float(SILENCE_DBOV - level)
        passed = max(0.0, now - voice.heard_at)
        pace = ATTACK_S if loudness > voice.loudness else RELEASE_S
        voice.loudness += (loudness - voice.loudness) * (1 - math.exp(-max(passed, 0.02) / pace))
        voice.heard_at = now
        if voice.loudness > SPEAKING:
            voice.spoke_at = now
        return track not in self._forwarded and self._enter(track, voice, now)

    def is_forwarded(self, track: Hashable) -> bool:
        """Whether a track's sound is forwarded."""
        return track in self._forwarded

    def remove(self, track: Hashable) -> None:
        """Forget a track."""
        self._voices.pop(track, None)
        self._forwarded.discard(track)
        if self.active == track:
            self.active = None
        if self._challenger == track:
            self._challenger = None

    def _enter(self, track: Hashable, voice: _Voice, now: float) -> bool:
        if len(self._forwarded) < self._top:
            self._forwarded.add(track)
            return True
        if voice.loudness <= SPEAKING or not self._forwarded:
            return False
        quietest = min(self._forwarded, key=lambda one: self._standing(one, now))
        if self._standing(quietest, now) >= (True, voice.loudness - MARGIN):
            return False
        self._forwarded.discard(quietest)
        self._forwarded.add(track)
        return True

    def _standing(self, track: Hashable, now: float) -> tuple[bool, float]:
        """Who spoke lately stands above who didn't; then the louder or the later one."""
        voice = self._voices[track]
        if now - voice.spoke_at < HOLD_S:
            return True, self._loudness(voice, now)
        return False, voice.spoke_at

    @staticmethod
    def _loudness(voice: _Voice, now: float) -> float:
        """Loudness fades when nothing comes: silence may not be sent at all (DTX)."""
        quiet = now - voice.heard_at - 0.1
        return voice.loudness * math.exp(-quiet / RELEASE_S) if quiet > 0 else voice.loudness

    def speaking(self, now: float) -> list[Hashable]:
        """Give all who speak now, the loudest first."""
        loud = [(self._loudness(voice, now), track) for track, voice in self._voices.items()]
        loud = [(loudness, track) for loudness, track in loud if loudness > SPEAKING]
        return [track for _, track in sorted(loud, key=lambda pair: -pair[0])]

    def poll(self, now: float) -> Hashable | None:
        """Judge who the active speaker is; they stay it in silence. Call every 100 ms or so."""
        speaking = self.speaking(now)
        loudest = speaking[0] if speaking else None
        if loudest is None or loudest == self.active:
            self._challenger = None
            return self.active
        if self.active not in speaking:
            return self._take_floor(loudest)
        ahead = self._loudness(self._voices[loudest], now)
        if ahead < self._loudness(self._voices[self.active], now) + MARGIN:
            self._challenger = None
        elif self._challenger != loudest:
            self._challenger, self._challenged_at = loudest, now
        elif now - self._challenged_at >= TAKEOVER_S:
            return self._take_floor(loudest)
        return self.active

    def _take_floor(self, track: Hashable) -> Hashable:
        self.active, self._challenger = track, None
        return track
