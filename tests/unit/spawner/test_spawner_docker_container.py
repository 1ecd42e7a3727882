"""What Docker is asked for, and how the end of a run is read out of what it prints."""

from __future__ import annotations

import json
from itertools import pairwise

from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import SandboxSpec, Usage
from codesyncx_spawner.sandbox.container_launcher import EndMark
from codesyncx_spawner.sandbox.docker_container import container_config, volume_config
from codesyncx_spawner.sandbox.seccomp import docker_profile, list_rules
from hypothesis import given
from hypothesis import strategies as st

MARK = "0123456789abcdef"
TOLD = f"\0{MARK} 7 1500000000 4096\n".encode()
SPEC = SandboxSpec("r1", ("python3", "main.py"), Limits(), environment={"KEY": "secret"})


def read(chunks: list[bytes]) -> tuple[bytes, EndMark]:
    end = EndMark(MARK)
    printed = b"".join(end.feed(chunk) for chunk in chunks)
    return printed + end.rest(), end


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


@given(st.binary(), st.lists(st.integers(0), max_size=8))
def test_the_mark_is_found_however_the_output_is_cut(output: bytes, places: list[int]) -> None:
    printed, end = read(cut(output + TOLD, places))
    assert (printed, end.exit_code, end.usage) == (output, 7, Usage(1.5, 4096))


@given(
    st.lists(st.sampled_from([b"\0", MARK.encode(), b" ", b"7", b"\n", b"x"])),
    st.lists(st.integers(0), max_size=8),
)
def test_what_only_looks_like_the_mark_is_output(parts: list[bytes], places: list[int]) -> None:
    printed, end = read(cut(b"".join(parts), places))
    assert (printed, end.exit_code) == (b"".join(parts), None)


@given(st.binary(), st.lists(st.integers(0), max_size=8))
def test_the_beginning_is_recognized(output: bytes, places: list[int]) -> None:
    printed, end = read(cut(f"\0{MARK}\n".encode() + output + TOLD, places))
    assert (printed, end.is_whole, end.exit_code) == (output, True, 7)
    _, end = read([b"later on"])
    assert end.is_whole is False


def test_a_mark_that_never_ends_is_not_kept() -> None:
    end = EndMark(MARK)
    end.feed(f"\0{MARK} ".encode())
    assert len(end.feed(b"9" * 10_000)) >= 10_000


def test_nothing_of_the_machine_is_asked_for() -> None:
    host = container_config(SPEC, "image", 5000, {})["HostConfig"]
    assert (host["NetworkMode"], host["CapDrop"], host["ReadonlyRootfs"]) == ("none", ["ALL"], True)
    assert "Binds" not in host
    assert {mount["Type"] for mount in host["Mounts"]} == {"volume"}
    assert not host.keys() & {"Privileged", "PidMode", "UTSMode", "UsernsMode", "Devices", "CapAdd"}
    assert host["Memory"] == host["MemorySwap"] == Limits().memory_bytes
    assert "no-new-privileges" in host["SecurityOpt"]


def test_a_secret_is_nowhere_in_what_the_daemon_shows() -> None:
    assert "secret" not in json.dumps(container_config(SPEC, "image", 5000, {}))


def test_what_an_image_would_write_to_the_disk_is_in_memory() -> None:
    config = container_config(SPEC, "image", 5000, {}, volumes=["/data"])
    assert config["HostConfig"]["Tmpfs"].keys() == {"/tmp", "/dev/shm", "/data"}  # noqa: S108
    assert all("size=64000000" in room for room in config["HostConfig"]["Tmpfs"].values())
    assert "size=256000000" in volume_config(SPEC, 5000, {})["DriverOpts"]["o"]


def test_docker_refuses_the_same_system_calls_as_bubblewrap() -> None:
    profile = json.loads(docker_profile())
    rules = list(list_rules())
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    assert [(one["names"], one["errnoRet"]) for one in profile["syscalls"]] == [
        ([rule.name], rule.error) for rule in rules
    ]
    assert [len(one["args"]) for one in profile["syscalls"]] == [
        len(rule.comparisons) for rule in rules
    ]
    assert {"io_uring_setup", "mount", "bpf"} <= {rule.name for rule in rules}
