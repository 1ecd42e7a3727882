from __future__ import annotations

from codesyncx_server.project.changes import Entry, FileChange, Kind, Look, Pending, settle
from codesyncx_server.project.ledger import REMEMBERED_S, Ledger


def file(inode: int, mtime_ns: int = 1) -> Entry:
    return Entry(1, inode, is_dir=False, mtime_ns=mtime_ns, size=10)


def folder(inode: int) -> Entry:
    return Entry(1, inode, is_dir=True)


def ledger_of(**entries: Entry) -> Ledger:
    ledger = Ledger()
    ledger.begin([Look(path, None, entry) for path, entry in entries.items()])
    return ledger


def news(ledger: Ledger, *looks: tuple[str, Entry | None, Entry | None], now: float = 0) -> list:
    pending = Pending()
    for look in looks:
        pending.absorb(Look(*look))
    seen = pending.take()
    changes = ledger.outside(seen, settle(seen), now)
    return [(change.kind.name, change.path) for change in changes]


def test_what_git_does_is_told() -> None:
    ledger = ledger_of(a=file(1))
    assert news(ledger, ("a", file(1), file(1, 2)), ("b", None, file(2))) == [
        ("CREATED", "b"),
        ("CHANGED", "a"),
    ]
    assert ledger.knows("b")


def test_what_a_person_did_isnt_told_again() -> None:
    ledger = ledger_of(a=file(1), b=file(2), d=folder(3), **{"d/x": file(4)})
    ledger.note(FileChange(Kind.RENAMED, "c", "a"), 0)
    ledger.note(FileChange(Kind.DELETED, "b"), 0)
    ledger.note(FileChange(Kind.DELETED, "d", is_dir=True), 0)
    ledger.note(FileChange(Kind.CREATED, "e"), 0)

    assert not news(
        ledger,
        ("a", file(1), None),
        ("c", None, file(1)),
        ("b", file(2), None),
        ("d", folder(3), None),
        ("d/x", file(4), None),
        ("e", None, file(5)),
    )


def test_a_move_across_disks_is_recognised_too() -> None:
    ledger = ledger_of(a=file(1))
    ledger.note(FileChange(Kind.RENAMED, "b", "a"), 0)
    assert not news(ledger, ("a", file(1), None), ("b", None, file(2)))


def test_half_a_move_is_told_as_what_it_is() -> None:
    ledger = ledger_of(a=file(1))
    ledger.note(FileChange(Kind.DELETED, "a"), 0)
    assert news(ledger, ("a", file(1), None), ("b", None, file(1))) == [("CREATED", "b")]
    ledger.note(FileChange(Kind.CREATED, "c"), 0)
    assert news(ledger, ("b", file(1), None), ("c", None, file(1))) == [("DELETED", "b")]


def test_our_own_saves_are_silent_but_not_what_follows_them() -> None:
    ledger = ledger_of(a=file(1))
    ledger.note_saved("a", file(1, 2))
    ledger.note_saved("a", file(1, 3))
    assert not news(ledger, ("a", file(1), file(1, 2)))
    assert not news(ledger, ("a", file(1, 2), file(1, 3)))
    assert news(ledger, ("a", file(1, 3), file(1, 4))) == [("CHANGED", "a")]


def test_a_change_right_after_somebody_created_the_file_is_a_change() -> None:
    ledger = ledger_of()
    ledger.note(FileChange(Kind.CREATED, "a"), 0)
    ledger.note_saved("a", file(1))
    assert news(ledger, ("a", None, file(1, 2))) == [("CHANGED", "a")]


def test_notes_dont_hide_what_happens_later() -> None:
    ledger = ledger_of(a=file(1))
    ledger.note(FileChange(Kind.DELETED, "a"), 0)
    ledger.note(FileChange(Kind.CREATED, "a"), 1)
    assert news(ledger, ("a", file(2), None), now=2) == [("DELETED", "a")]
    ledger.note(FileChange(Kind.DELETED, "b"), 3)
    assert news(ledger, ("b", file(2), None), now=4 + REMEMBERED_S) == [("DELETED", "b")]


def test_a_folder_moves_with_what_is_in_it() -> None:
    ledger = ledger_of(d=folder(1), **{"d/x": file(2)})
    ledger.note(FileChange(Kind.RENAMED, "e", "d", is_dir=True), 0)
    assert ledger.knows("e/x")
    assert ledger.is_dir("e")
    assert not ledger.knows("d/x")


def test_what_was_made_and_gone_before_the_disk_was_looked_at_is_told() -> None:
    ledger = ledger_of()
    ledger.note(FileChange(Kind.CREATED, "d", is_dir=True), 0)
    ledger.note(FileChange(Kind.CREATED, "d/a"), 0)
    assert news(
        ledger,
        ("d", None, folder(1)),
        ("d/a", None, file(2)),
        ("d", folder(1), None),
        ("d/a", file(2), None),
    ) == [("DELETED", "d")]
    assert not ledger.knows("d")


def test_a_room_that_brings_a_deleted_file_back_is_told() -> None:
    ledger = ledger_of()
    ledger.note_saved("a", file(1))
    assert news(ledger, ("a", None, file(1))) == [("CREATED", "a")]


def test_a_move_right_after_somebodys_move_goes_on_from_there() -> None:
    ledger = ledger_of(src=folder(1), **{"src/a": file(2)})
    ledger.note(FileChange(Kind.RENAMED, "lib", "src", is_dir=True), 0)
    looks = [
        Look("src", folder(1), None),
        Look("src/a", file(2), None),
        Look("lib", None, None),
        Look("pkg", None, folder(1)),
        Look("pkg/a", None, file(2)),
    ]
    (change,) = ledger.outside(looks, settle(looks), 0)
    assert change == FileChange(Kind.RENAMED, "pkg", "lib", is_dir=True)
    assert ledger.knows("pkg/a")
    assert not ledger.knows("lib")


def test_what_came_from_outside_and_went_at_once_is_told_for_the_listings() -> None:
    ledger = ledger_of()
    assert news(ledger, ("a", None, file(1)), ("a", file(1), None)) == [("PASSED", "a")]
    assert not ledger.knows("a")


def test_what_a_person_made_and_deleted_at_once_isnt_told_again() -> None:
    ledger = ledger_of()
    ledger.note(FileChange(Kind.CREATED, "a"), 0)
    ledger.note(FileChange(Kind.DELETED, "a"), 0)
    assert not news(ledger, ("a", None, file(1)), ("a", file(1), None))
