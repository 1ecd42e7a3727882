from __future__ import annotations

import json
import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from codesyncx_server.errors import NotFoundError, StorageError
from codesyncx_server.history.retention import DAY_S, RetentionPolicy
from codesyncx_server.history.store import HistoryStore
from codesyncx_server.history.versions import DocumentRef, Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADA, BO = Person("ada", "Ada Lovelace"), Person("bo", "Bo")
REF = DocumentRef("src/a.py", "id-a")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HistoryStore]:
    made = HistoryStore(tmp_path / "history.sqlite")
    yield made
    made.close()


def _bound(tmp_path: Path, **limits: int) -> HistoryStore:
    return HistoryStore(tmp_path / "bound.sqlite", RetentionPolicy(**limits))


def test_a_version_is_given_back_with_its_people(store: HistoryStore) -> None:
    store.record(REF, b"one\n", [BO, ADA], 100.0)
    (version,) = store.versions(REF)
    assert [person.name for person in version.people] == ["Ada Lovelace", "Bo"]
    assert (version.added, version.removed, version.time) == (1, 0, 100.0)
    ref, _, content = store.read(version.version_id)
    assert (ref, content) == (REF, b"one\n")


def test_the_same_content_is_no_new_version(store: HistoryStore) -> None:
    assert store.record(REF, b"one\n", [ADA], 100.0)
    assert store.record(REF, b"one\n", [BO], 500.0) is None


def test_saves_of_two_minutes_by_the_same_people_are_one(store: HistoryStore) -> None:
    store.record(REF, b"zero\n", [], 90.0)
    for second in range(0, 150, 10):
        store.record(REF, b"zero\n" + b"line\n" * (second + 1), [ADA], 100.0 + second)
    newest, first, _ = store.versions(REF)
    assert (first.started, first.time) == (100.0, 210.0)
    assert (first.added, first.removed) == (111, 0)
    assert newest.started == 220.0


def test_what_somebody_else_saves_is_another_version(store: HistoryStore) -> None:
    store.record(REF, b"a\n", [ADA], 100.0)
    store.record(REF, b"a\nb\n", [BO], 101.0)
    assert len(store.versions(REF)) == 2


def test_contents_survive_coalescing_thinning_and_reopening(tmp_path: Path) -> None:
    rng = random.Random(7)
    path = tmp_path / "history.sqlite"
    store = HistoryStore(path)
    lines = [f"{rng.random()}\n" for _ in range(300)]
    expected: dict[int, bytes] = {}
    time = 0.0
    for _ in range(120):
        lines[rng.randrange(300)] = f"{rng.random()}\n"
        time += rng.choice([10.0, 3_000.0, DAY_S])
        content = "".join(lines).encode()
        version_id = store.record(REF, content, [rng.choice([ADA, BO])], time)
        assert version_id is not None
        expected[version_id] = content
    store.close()
    store = HistoryStore(path)
    versions = store.versions(REF)
    assert 20 < len(versions) < 120
    for version in versions:
        assert store.read(version.version_id)[2] == expected[version.version_id]
    store.close()


def test_a_file_follows_its_rename_and_that_of_its_folder(store: HistoryStore) -> None:
    store.record(DocumentRef("src/a.py"), b"a\n", [ADA], 1.0)
    store.record(DocumentRef("srcs/b.py"), b"b\n", [ADA], 1.0)
    store.rename("src/a.py", "src/c.py")
    store.rename("src", "lib")
    assert store.versions(DocumentRef("lib/c.py"))
    assert not store.versions(DocumentRef("src/a.py"))
    assert store.versions(DocumentRef("srcs/b.py"))


def test_a_file_is_found_by_its_id_wherever_it_went(store: HistoryStore) -> None:
    store.record(REF, b"a\n", [ADA], 1.0)
    moved = DocumentRef("elsewhere.py", "id-a")
    assert store.versions(moved)
    store.record(moved, b"b\n", [ADA], 1_000.0)
    assert len(store.versions(moved)) == 2
    assert not store.versions(DocumentRef("src/a.py"))


def test_a_rename_over_another_file_keeps_both_histories_apart(store: HistoryStore) -> None:
    store.record(REF, b"a\n", [ADA], 1.0)
    store.record(DocumentRef("src/b.py", "id-b"), b"b\n", [ADA], 1.0)
    store.rename("src/a.py", "src/b.py")
    (version,) = store.versions(DocumentRef("src/b.py", "id-a"))
    assert store.read(version.version_id)[2] == b"a\n"


def test_edits_of_a_large_file_take_little_room(store: HistoryStore) -> None:
    rng = random.Random(3)
    lines = [f"{rng.random()} some code here\n" for _ in range(30_000)]
    store.record(REF, "".join(lines).encode(), [ADA], 0.0)
    whole = store.stored_bytes()
    for index in range(1, 51):
        lines[rng.randrange(30_000)] = f"edited {index}\n"
        store.record(REF, "".join(lines).encode(), [ADA], index * 200.0)
    assert store.stored_bytes() < 1.5 * whole
    assert len(store.versions(REF)) == 51


def test_a_notebook_full_of_pictures_stays_within_its_limit(tmp_path: Path) -> None:
    store = _bound(tmp_path, file_limit_bytes=400_000)
    rng = random.Random(1)
    for index in range(12):
        picture = rng.randbytes(100_000).hex()
        content = json.dumps({"cells": [{"source": "x", "outputs": picture}]}, indent=1).encode()
        store.record(REF, content, [ADA], index * 200.0)
    assert store.stored_bytes() <= 400_000
    assert len(store.versions(REF)) == 3
    assert store.read(store.versions(REF)[0].version_id)[2] == content
    store.close()


def test_the_whole_history_is_bounded_but_each_file_keeps_its_newest(tmp_path: Path) -> None:
    store = _bound(tmp_path, total_limit_bytes=30_000)
    rng = random.Random(1)
    for index in range(20):
        ref = DocumentRef(f"{index % 2}.txt")
        store.record(ref, rng.randbytes(4_000), [ADA], index * 200.0)
    assert store.stored_bytes() <= 30_000
    assert store.versions(DocumentRef("0.txt"))
    assert store.versions(DocumentRef("1.txt"))
    store.close()


def test_a_named_version_is_kept_and_begins_no_longer_one(store: HistoryStore) -> None:
    version_id = store.record(REF, b"a\n", [ADA], 0.0)
    assert version_id is not None
    store.set_label(version_id, "Handed in")
    store.record(REF, b"b\n", [ADA], 10.0)
    store.record(REF, b"c\n", [ADA], 40 * DAY_S)
    assert [version.label for version in store.versions(REF)][-1] == "Handed in"


def test_marks_tell_when_a_client_wrote(store: HistoryStore) -> None:
    store.mark_clocks(REF, {7: 10}, 100.0)
    store.mark_clocks(REF, {7: 12, 8: 5}, 110.0)
    store.mark_clocks(REF, {7: 20, 8: 5}, 170.0)
    marks = [(mark.client_id, mark.clock, mark.time) for mark in store.clock_marks(REF)]
    assert marks == [(7, 10, 100.0), (7, 20, 170.0), (8, 5, 110.0)]


def test_an_unknown_version_is_not_found(store: HistoryStore) -> None:
    with pytest.raises(NotFoundError):
        store.read(99)


def test_a_damaged_history_is_kept_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"this is no database" * 500)
    store = HistoryStore(path)
    assert store.record(REF, b"a\n", [ADA], 1.0)
    store.close()
    assert list(tmp_path.glob("history.sqlite.damaged-*"))


def test_a_history_of_a_newer_codesyncx_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StorageError, match="newer"):
        HistoryStore(path)
