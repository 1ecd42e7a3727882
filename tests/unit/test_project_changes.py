from __future__ import annotations

import pytest

from codesyncx_server.project.changes import (
    Entry,
    FileChange,
    Kind,
    Look,
    Pending,
    Person,
    moved,
    settle,
)


def file(inode: int, mtime_ns: int = 1, size: int = 10) -> Entry:
    return Entry(1, inode, is_dir=False, mtime_ns=mtime_ns, size=size)


def folder(inode: int) -> Entry:
    return Entry(1, inode, is_dir=True)


def told(*looks: tuple[str, Entry | None, Entry | None]) -> list[str]:
    pending = Pending()
    for look in looks:
        pending.absorb(Look(*look))
    return [shown(change) for change in settle(pending.take())]


def shown(change: FileChange) -> str:
    arrow = f"{change.old_path} -> " if change.old_path else ""
    return f"{change.kind.value.removeprefix('file.')} {arrow}{change.path}" + (
        "/" if change.is_dir else ""
    )


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([("a", None, file(1))], ["created a"], id="created"),
        pytest.param([("a", file(1), None)], ["deleted a"], id="deleted"),
        pytest.param([("a", file(1), file(1, 2))], ["changed a"], id="written"),
        pytest.param([("a", file(1), file(2))], ["changed a"], id="replaced"),
        pytest.param(
            [("a", file(1), None), ("b", None, file(1))], ["renamed a -> b"], id="renamed"
        ),
        pytest.param(
            [("a", file(1), None), ("b", None, file(1, 2))],
            ["deleted a", "created b"],
            id="inode reused",
        ),
        pytest.param(
            [("a", file(1), None), ("b", None, file(1)), ("c", None, file(1))],
            ["renamed a -> b", "created c"],
            id="renamed and linked",
        ),
        pytest.param(
            [("a", file(1), None), ("a", None, file(2))], ["changed a"], id="gone for a moment"
        ),
        pytest.param([("a", None, file(1)), ("a", file(1), None)], [], id="there for a moment"),
        pytest.param(
            [("a", file(1), None), ("a", None, folder(2)), ("a/b", None, file(3))],
            ["deleted a", "created a/"],
            id="a file became a folder",
        ),
        pytest.param(
            [("d", folder(1), None), ("d/a", file(2), None), ("d/e", folder(3), None)],
            ["deleted d/"],
            id="a folder with what is in it",
        ),
        pytest.param(
            [("d", None, folder(1)), ("d/a", None, file(2))], ["created d/"], id="folder created"
        ),
        pytest.param(
            [
                ("d", folder(1), None),
                ("d/a", file(2), None),
                ("e", None, folder(1)),
                ("e/a", None, file(2)),
            ],
            ["renamed d -> e/"],
            id="folder renamed",
        ),
        pytest.param(
            [
                ("d", folder(1), None),
                ("d/a", file(2), None),
                ("d/b", file(3), None),
                ("e", None, folder(1)),
                ("e/a", None, file(2)),
                ("f", None, file(3)),
            ],
            ["renamed d -> e/", "renamed d/b -> f"],
            id="folder renamed, a file taken out",
        ),
        pytest.param(
            [
                ("d", folder(1), None),
                ("d/a", file(2), None),
                ("e", None, folder(1)),
                ("e/z", None, file(9)),
            ],
            ["deleted d/", "created e/"],
            id="another folder with a reused inode",
        ),
        pytest.param(
            [
                ("d", folder(1), None),
                ("d/a", file(2), None),
                ("e", None, folder(1)),
                ("e/a", None, file(5)),
            ],
            ["renamed d -> e/", "changed e/a"],
            id="folder renamed right after a save in it",
        ),
        pytest.param(
            [("d", folder(1), folder(2)), ("d/a", file(2), None), ("d/a", None, file(5))],
            ["changed d/a"],
            id="folder replaced",
        ),
    ],
)
def test_looks_become_what_happened(
    looks: list[tuple[str, Entry | None, Entry | None]], expected: list[str]
) -> None:
    assert told(*looks) == expected


def test_a_name_that_begins_alike_is_not_inside() -> None:
    assert moved("ab/c", "a", "x") == "ab/c"
    assert moved("a/c", "a", "x") == "x/c"
    assert moved("a", "a", "x/y") == "x/y"


def test_what_is_published_names_the_person_or_nobody() -> None:
    change = FileChange(Kind.RENAMED, "b", "a")
    assert change.to_data(Person("ada", "Ada"), 1.5) == {
        "path": "b",
        "old_path": "a",
        "username": "ada",
        "name": "Ada",
        "is_dir": False,
        "time": 1.5,
    }
    assert FileChange(Kind.DELETED, "a").to_data(None, 0)["username"] is None
