"""How good everybody's connection is, so that the others know why somebody freezes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .crowd import Crowd, Notice, Notices
from .events import QualityChanged

if TYPE_CHECKING:
    from .line_watch import Line


class Lines:
    """The connections of everybody in one room."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def judge(self, member_id: str, line: Line, now: float) -> Notices:
        """Take what was measured of a member's connection; tell the others when it changed."""
        member = self._crowd.members.get(member_id)
        if member is None or not member.line.judge(line, now):
            return []
        event = QualityChanged(member.id, member.line.quality.word)
        return [Notice(self._crowd.who_see(member), event)]
