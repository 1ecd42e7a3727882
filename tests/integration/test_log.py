from __future__ import annotations

import itertools
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Text
from support.small_disk import small_disk

from codesyncx_server.collab.log import DocumentLog
from codesyncx_server.collab.log_folder import LogFolder
from codesyncx_server.collab.log_syncer import Syncer
from codesyncx_server.collab.records import Saved, encode_header
from codesyncx_server.collab.replay import Author, Replay
from codesyncx_server.collab.room import LoggedUpdates
from codesyncx_server.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHA = "ab" * 32
OTHER_SHA = "cd" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "document.log"


@pytest.fixture
def syncer() -> Iterator[Syncer]:
    syncer = Syncer(interval_s=0.01)
    yield syncer
    syncer.stop()


def read(path: Path) -> Replay:
    log = DocumentLog.open(path, "key")
    replay = log.replay()
    log.close()
    return replay


def test_what_was_appended_is_replayed_by_the_next_process(path: Path) -> None:
    log = DocumentLog.open(path, "text:file:1")
    lineage = log.lineage
    log.append_author(7, "zoe", "Zoë")
    log.append_update(b"one")
    log.append_saved(SHA, 1)
    log.append_update(b"two")
    log.append_saving(OTHER_SHA, 2)
    assert (log.position, log.size, log.is_saving) == (2, path.stat().st_size, True)
    log.close()
    log.close()

    again = DocumentLog.open(path, "text:file:1")
    assert (again.lineage, again.position, again.repaired) == (lineage, 2, False)
    assert again.replay() == again.replay()
    replay = again.replay()
    assert replay.updates == [b"one", b"two"]
    assert replay.authors == {7: Author("zoe", "Zoë")}
    assert replay.saved == Saved(SHA, 1)
    assert replay.saving == replay.base == Saved(OTHER_SHA, 2)
    assert replay.find_saved(SHA) == Saved(SHA, 1)
    assert replay.find_saved(OTHER_SHA) == Saved(OTHER_SHA, 2)
    assert replay.find_saved("ef" * 32) is None
    again.append_saved(OTHER_SHA, 2)
    assert again.replay().saving is None
    # The version before is another state by now: whoever brings it back has changed the file.
    assert again.replay().find_saved(SHA) is None
    again.close()


def test_an_author_is_written_once_until_it_changes(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_author(2**53, "zoe", "Zoe")
    size = log.size
    log.append_author(2**53, "zoe", "Zoe")
    assert log.size == size
    log.append_author(2**53, "zoe", "Zoë")
    assert log.size > size
    log.close()
    assert read(path).authors == {2**53: Author("zoe", "Zoë")}


def test_a_marker_beyond_the_log_is_refused(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    for append in (log.append_saved, log.append_saving):
        with pytest.raises(ValueError, match="updates"):
            append(SHA, 1)
    log.close()


def test_a_closed_log_takes_nothing(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.close()
    with pytest.raises(StorageError, match="closed"):
        log.append_update(b"late")


def test_a_log_cut_anywhere_keeps_all_before_the_cut(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    ends = [log.size]
    for number in range(5):
        log.append_update(bytes([number]) * number)
        ends.append(log.size)
    log.close()
    whole = path.read_bytes()
    for cut in range(ends[0], len(whole)):
        path.write_bytes(whole[:cut])
        log = DocumentLog.open(path, "key")
        kept = sum(end <= cut for end in ends[1:])
        assert log.replay().updates == [bytes([n]) * n for n in range(kept)]
        assert log.repaired == (cut not in ends)
        log.append_update(b"on")
        log.close()
        assert read(path).updates[-1] == b"on"
        for damaged in path.parent.glob("*.damaged-*"):
            assert whole[ends[kept] : cut] == damaged.read_bytes()
            damaged.unlink()


def test_flipped_bytes_are_moved_aside_and_nothing_before_them_is_lost(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    lineage = log.lineage
    for number in range(4):
        log.append_update(b"update %d" % number)
    log.close()
    whole = path.read_bytes()
    second = whole.index(b"update 1")
    for place in (second, second - 1, second - 5, second - 9):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        log = DocumentLog.open(path, "key")
        assert log.repaired
        assert log.lineage == lineage
        assert log.replay().updates == [b"update 0"]
        log.close()
        (damaged,) = path.parent.glob("*.damaged-*")
        assert b"update 3" in damaged.read_bytes()
        damaged.unlink()


@pytest.mark.parametrize("content", [b"garbage", b"CSXLOG\r\n", os.urandom(500)])
def test_a_file_that_is_no_log_is_moved_aside_whole(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    log = DocumentLog.open(path, "key")
    assert log.repaired
    assert log.replay() == Replay()
    log.close()
    (damaged,) = path.parent.glob("*.damaged-*")
    assert damaged.read_bytes() == content


@pytest.mark.parametrize(("version", "age"), [(2, "newer"), (0, "older")])
def test_a_log_of_another_version_is_left_alone(path: Path, version: int, age: str) -> None:
    content = encode_header("00" * 16, version=version) + b"who knows"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=f"an? {age} CodeSyncX"):
        DocumentLog.open(path, "key")
    assert path.read_bytes() == content


async def test_the_timeline_of_a_long_document_has_its_last_edits_and_one_for_all_before(
    path: Path,
) -> None:
    log = DocumentLog.open(path, "key")
    doc: Doc[Any] = Doc()
    text = doc.get("source", type=Text)
    doc.observe(lambda event: log.append_update(event.update))
    for number in range(500):
        text.insert(0, f"{number} ")
    steps = [update async for update, *_ in LoggedUpdates(log).read()]
    log.close()
    copy: Doc[Any] = Doc()
    copy.apply_update(steps[0])
    before = str(copy.get("source", type=Text))
    assert before == str(text)[-len(before) :]
    assert before.startswith("299 ")
    assert len(steps) == 1 + 200
    for step in steps[1:]:
        copy.apply_update(step)
    assert str(copy.get("source", type=Text)) == str(text)


WRITER = """
import itertools, sys
from pathlib import Path
from codesyncx_server.collab.log import DocumentLog
log = DocumentLog.open(Path(sys.argv[1]), "key")
for number in itertools.count():
    log.append_update(b"%d " % number + b"x" * (number * 37 % 5000))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("count", [1, 40, 900])
def test_every_acknowledged_update_survives_sigkill_once(path: Path, count: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [next(writer.stdout) for _ in range(count)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
    numbers = [int(update.split()[0]) for update in read(path).updates]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= len(acknowledged)


def test_a_full_disk_refuses_the_update_and_leaves_the_log_whole(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", kilobytes=64) as disk:
        path = disk.folder / "document.log"
        log = DocumentLog.open(path, "key")

        def fill() -> None:
            while True:
                log.append_update(b"x" * 3000)

        with pytest.raises(StorageError, match="No space left"):
            fill()
        stored = log.position
        assert log.size == path.stat().st_size
        log.append_update(b"a small one still fits")
        with pytest.raises(StorageError, match="compact"):
            log.compact(b"y" * 30_000)
        log.append_update(b"and another")
        log.close()
        replay = read(path)
        assert len(replay.updates) == stored + 2
        assert replay.updates[-2:] == [b"a small one still fits", b"and another"]
        assert [entry.name for entry in disk.folder.iterdir()] == ["document.log"]


def test_the_file_size_limit_refuses_the_update_and_leaves_the_log_whole(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_update(b"kept")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.size + 100, hard))
    try:
        with pytest.raises(StorageError, match="File too large"):
            log.append_update(b"x" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    log.append_update(b"kept too")
    log.close()
    assert read(path).updates == [b"kept", b"kept too"]


def test_a_compaction_keeps_lineage_authors_and_the_saved_state(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_author(1, "a", "A")
    for number in range(10):
        log.append_update(b"%d" % number)
    log.append_saved(SHA, 10)
    log.compact(b"0-9")
    assert (log.position, log.size) == (10, path.stat().st_size)
    log.append_update(b"10")
    assert log.replay() == Replay([b"0-9", b"10"], {1: Author("a", "A")}, Saved(SHA, 1))
    log.append_saving(OTHER_SHA, 11)
    log.append_saved(OTHER_SHA, 11)
    log.append_update(b"11")
    lineage = log.lineage
    log.close()
    assert read(path) == Replay([b"0-9", b"10", b"11"], {1: Author("a", "A")}, Saved(OTHER_SHA, 2))
    assert DocumentLog.open(path, "key").lineage == lineage
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_compaction_keeps_the_saved_state_apart_from_what_followed_it(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    for number in range(10):
        log.append_update(b"%d" % number)
    log.append_saved(SHA, 7)
    with pytest.raises(ValueError, match="saved_snapshot"):
        log.compact(b"0-9")
    log.compact(b"7-9", saved_snapshot=b"0-6")
    assert log.replay() == Replay([b"0-6", b"7-9"], {}, Saved(SHA, 1))
    log.append_update(b"10")
    # A save that failed: the version before is still the one on disk.
    log.append_saving(OTHER_SHA, 11)
    assert log.saved is not None
    log.append_saved(SHA, log.saved.position)
    assert log.replay().saved == Saved(SHA, 1)
    log.append_saved(OTHER_SHA, 10)
    assert log.replay().saved == Saved(OTHER_SHA, 2)
    log.close()
    assert read(path) == Replay([b"0-6", b"7-9", b"10"], {}, Saved(OTHER_SHA, 2))


def test_a_log_that_is_compacted_again_still_knows_what_is_saved(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_update(b"0")
    log.append_saved(SHA, 0)
    log.compact(b"0", saved_snapshot=b"nothing yet")
    log.append_update(b"1")
    log.compact(b"0-1", saved_snapshot=b"nothing yet")
    assert log.replay() == Replay([b"nothing yet", b"0-1"], {}, Saved(SHA, 1))
    log.close()
    assert read(path) == Replay([b"nothing yet", b"0-1"], {}, Saved(SHA, 1))


def test_a_log_without_a_saved_version_compacts_too(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_update(b"0")
    log.append_update(b"1")
    log.compact(b"0-1")
    log.compact(b"0-1 again")
    log.close()
    assert read(path) == Replay([b"0-1 again"])


def test_what_is_appended_during_a_compaction_is_kept(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    for number in range(6):
        log.append_update(b"%d" % number)
    log.append_saved(SHA, 3)
    mark = log.mark()
    log.append_update(b"6")
    log.append_saving(OTHER_SHA, 7)
    with pytest.raises(ValueError, match="in flight"):
        log.mark()
    log.append_saved(OTHER_SHA, 7)
    log.append_author(5, "e", "E")
    log.append_update(b"7")
    log.compact(b"3-5", b"0-2", mark)
    assert log.position == 8
    expected = Replay([b"0-2", b"3-5", b"6", b"7"], {5: Author("e", "E")}, Saved(OTHER_SHA, 3))
    assert log.replay() == expected
    with pytest.raises(StorageError, match="compacted"):
        log.append_saving(SHA, 4)
    mark = log.mark()
    log.append_saved(SHA, 8)
    log.append_update(b"8")
    log.compact(b"7", b"0-6", mark)
    log.close()
    assert read(path) == Replay([b"0-6", b"7", b"8"], {5: Author("e", "E")}, Saved(SHA, 2))


def test_appends_from_the_loop_go_on_while_a_thread_compacts(path: Path, syncer: Syncer) -> None:
    log = DocumentLog.open(path, "key", syncer)
    done = threading.Event()
    failures: list[BaseException] = []

    def compact() -> None:
        try:
            for _ in range(20):
                mark = log.mark()
                updates = log.replay().updates
                # Stands for a merge: remembers how many numbers it has seen.
                last = max(int(update) for update in updates)
                log.compact(b"%d" % min(last, mark.position - 1), mark=mark)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            done.set()

    log.append_update(b"0")
    thread = threading.Thread(target=compact)
    thread.start()
    for number in itertools.count(1):
        log.append_update(b"%d" % number)
        if done.is_set():
            break
    thread.join()
    log.close()
    assert not failures
    numbers = [int(update) for update in read(path).updates]
    assert numbers == list(range(numbers[0], number + 1))


def test_a_crash_in_mid_compaction_leaves_the_old_log(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_update(b"one")
    log.close()
    path.with_name(f"{path.name}.new").write_bytes(b"half")
    log = DocumentLog.open(path, "key")
    assert log.replay().updates == [b"one"]
    log.compact(b"all")
    log.close()
    assert read(path).updates == [b"all"]


def test_appends_are_flushed_in_groups(
    path: Path, syncer: Syncer, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[int] = []
    flushed = threading.Event()

    def note(descriptor: int) -> None:
        flushes.append(descriptor)
        flushed.set()

    monkeypatch.setattr("codesyncx_server.collab.log._fdatasync", note)
    log = DocumentLog.open(path, "key", syncer)
    for _ in range(200):
        log.append_update(b"x")
    assert flushed.wait(5)
    log.close()
    syncer.stop()
    assert 1 <= len(flushes) < 20


def test_a_failed_flush_stops_the_log(
    path: Path, syncer: Syncer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("codesyncx_server.collab.log._fdatasync", fail)
    log = DocumentLog.open(path, "key", syncer)
    log.append_update(b"x")
    syncer.stop()
    with pytest.raises(StorageError, match="Input/output error"):
        log.append_update(b"y")
    log.close()


def test_the_folder_names_logs_by_key_and_keeps_them_private(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path / "logs")
    assert logs.lineage_of("text:file:1") is None
    log = logs.open("text:file:1")
    other = logs.open("../../etc/passwd")
    assert logs.lineage_of("text:file:1") == log.lineage != other.lineage
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    files = list((tmp_path / "logs").iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    log.close()
    other.close()
    logs.delete("text:file:1")
    logs.delete("text:file:1")
    assert logs.lineage_of("text:file:1") is None
    fresh = logs.open("text:file:1")
    assert fresh.lineage != log.lineage
    fresh.close()
    logs.close()


def test_a_folder_serves_one_process_at_a_time(tmp_path: Path) -> None:
    logs = LogFolder(tmp_path)
    with pytest.raises(StorageError, match="Another server"):
        LogFolder(tmp_path)
    logs.close()
    LogFolder(tmp_path).close()


def test_a_folder_that_cant_be_written_says_so(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(StorageError, match="open this document's log"):
        LogFolder(blocker / "logs")


def test_a_log_knows_by_which_names_its_updates_call_the_file(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    assert log.replay().paths == frozenset()
    log.append_path("hidden/a.py")
    log.append_update(b"1")
    log.append_saved(SHA, 1)
    log.append_path("hidden/a.py")
    log.append_path("open/a.py")
    log.append_update(b"2")
    both = frozenset({"hidden/a.py", "open/a.py"})
    assert log.replay().paths == both
    # The saved state is of earlier, and may name what was then.
    log.compact(b"2", b"1")
    assert log.replay().paths == both
    log.append_saved(SHA, log.position)
    mark = log.mark()
    log.append_path("open/b.py")
    log.append_update(b"3")
    log.compact(b"12", mark=mark)
    assert log.replay().paths == frozenset({"open/a.py", "open/b.py"})
    log.append_saved(SHA, log.position)
    log.compact(b"123")
    log.close()
    log = DocumentLog.open(path, "key")
    assert log.replay().paths == frozenset({"open/b.py"})
    log.close()


def test_of_a_log_that_began_without_a_name_none_is_known(path: Path) -> None:
    log = DocumentLog.open(path, "key")
    log.append_update(b"1")
    log.append_path("a.py")
    assert log.replay().paths is None
    log.append_update(b"2")
    log.compact(b"12")
    assert log.replay().paths == frozenset({"a.py"})
    log.close()
