"""Which paths a pattern such as `dist/**/*.js` means. Pure.

`*`, `?` and `[abc]` stand for what is in one name, `**` for any number of folders. Each name is
matched by itself by the standard library, whose expressions don't go back over what they have
tried: patterns come from people, and are tried on many paths.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

_ANY_FOLDERS = "**"


def matches(path: str, pattern: str) -> bool:
    """Whether a path is meant; a pattern that ends with `**` means all below."""
    names = path.split("/")
    # reached[n]: the pattern so far can stand for the first n names.
    reached = [True] + [False] * len(names)
    for part in pattern.split("/"):
        if part == _ANY_FOLDERS:
            first = reached.index(True) if any(reached) else len(reached)
            reached = [number >= first for number in range(len(reached))]
        else:
            reached = [False] + [
                before and fnmatchcase(name, part)
                for before, name in zip(reached, names, strict=False)
            ]
    return reached[-1]
