"""What somebody may do in the project's calls, by what they may do in the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from codesyncx_media.rights import Right
from codesyncx_server.access.model import Permission

if TYPE_CHECKING:
    from codesyncx_media.rights import Rights

_PROJECT = ""

#: Whoever hands out access to the project leads its calls, too.
_NEEDS: dict[Right, Permission] = {
    Right.SPEAK: Permission.SPEAK,
    Right.SHARE_SCREEN: Permission.SHARE_SCREEN,
    Right.MODERATE: Permission.SHARE,
    Right.RECORD: Permission.SHARE,
}


class MayDo(Protocol):
    """What of a person's sight is asked."""

    def may(self, permission: Permission, path: str) -> bool:
        """Whether they may do this to what is at `path`."""


def call_rights(sight: MayDo) -> Rights | None:
    """Give a person's rights in calls; None when they may not even listen.

    To listen one must read the whole project, or have been granted to speak in it: people talk of
    everything there.
    """
    rights = frozenset(
        right for right, permission in _NEEDS.items() if sight.may(permission, _PROJECT)
    )
    is_in = Right.SPEAK in rights or sight.may(Permission.READ, _PROJECT)
    return rights if is_in else None
