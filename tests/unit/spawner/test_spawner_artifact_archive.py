"""What comes out of an archive that somebody hostile has filled."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.artifact_archive import keep_archived
from codesyncx_spawner.selection import Mark, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Member = tuple[str, dict[str, Any], bytes]


def archive(members: Iterable[Member]) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, options, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for key, value in options.items():
                setattr(member, key, value)
            tar.addfile(member, io.BytesIO(content))
    made.seek(0)
    return made


def kept(members: Iterable[Member], target: Path, **options: Any) -> Selection:
    told = {"before": {}, "most_bytes": 1000, "most_read": 10**9, **options}
    return keep_archived(archive(members), target, **told)


def test_plain_files_come_out_without_the_folder_they_are_in(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    members = [
        ("work", {"type": tarfile.DIRTYPE}, b""),
        ("work/dist", {"type": tarfile.DIRTYPE}, b""),
        ("work/dist/a.js", {}, b"made"),
        ("work/old.txt", {"mtime": 5}, b"old"),
        ("work/.git/config", {}, b"passed over"),
    ]
    selection = kept(members, target, before={"old.txt": Mark(3, 5_000_000_000)})
    assert (selection.paths, selection.left_out) == (["dist/a.js"], [])
    assert (target / "dist/a.js").read_bytes() == b"made"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("work/link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("work/disk", {"type": tarfile.BLKTYPE, "devmajor": 8}),
        ("work/tty", {"type": tarfile.CHRTYPE, "devmajor": 5}),
        ("work/pipe", {"type": tarfile.FIFOTYPE}),
        ("work/../../up", {}),
        ("work//etc/../../up", {}),
        ("work/a\nb", {}),
        ("work/" + "d/" * 50 + "deep", {}),
        ("work/hard", {"type": tarfile.LNKTYPE, "linkname": "work/../../etc/passwd"}),
        ("work/hard", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}),
    ],
)
def test_nothing_else_comes_out(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    target = tmp_path / "in" / "here" / "kept"
    selection = kept([(name, options, b""), ("work/good", {}, b"good")], target)
    assert selection.paths == ["good"]
    assert len(selection.left_out) == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["good"]


def test_a_file_of_two_names_counts_twice(tmp_path: Path) -> None:
    second = {"type": tarfile.LNKTYPE, "linkname": "work/a"}
    members = [("work/a", {}, b"x" * 400), ("work/b", second, b""), ("work/c", second, b"")]
    selection = kept(members, tmp_path / "kept")
    assert selection.paths == ["a", "b"]
    assert [left.path for left in selection.left_out] == ["c"]
    assert (tmp_path / "kept/b").read_bytes() == b"x" * 400


def test_no_more_is_read_than_may_be(tmp_path: Path) -> None:
    members = [("work/a", {}, b"a"), ("work/big", {}, b"x" * 100_000), ("work/c", {}, b"c")]
    selection = kept(members, tmp_path / "kept", most_read=50_000)
    assert selection.paths == ["a"]
    assert [left.path for left in selection.left_out] == ["big"]


def test_an_archive_that_breaks_off_is_told(tmp_path: Path) -> None:
    whole = archive([("work/a", {}, b"a" * 5000)]).getvalue()
    with pytest.raises(OSError, match="damaged"):
        keep_archived(
            io.BytesIO(whole[:3000]), tmp_path / "kept", {}, most_bytes=10**6, most_read=10**9
        )
