"""A real server that speaks S3 on the loopback: it refuses wrong keys and changed links."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Self

KEY, SECRET = "films-of-ada", "a-secret-of-the-store"
BUCKET = "films"
_PATIENCE_S = 30
_RCLONE = Path(sys.executable).with_name("rclone")


class S3Server:
    """`with S3Server(folder) as s3:` serves `folder`; what is stored are files in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / BUCKET).mkdir(parents=True, exist_ok=True)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where it is, or will be again."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def stored(self) -> list[str]:
        """The keys of all that is stored, without the prefix of the project."""
        films = (self.folder / BUCKET).rglob("*")
        return sorted("/".join(film.parts[-2:]) for film in films if film.is_file())

    def key_file(self, path: Path, secret: str = SECRET) -> Path:
        """Write a file with the key, as the AWS tools have it."""
        path.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")
        return path

    def start(self) -> None:
        """Begin, or begin again at the same address."""
        self._process = subprocess.Popen(
            [
                *(_RCLONE, "serve", "s3", "--addr", f"127.0.0.1:{self._port}"),
                *("--auth-key", f"{KEY},{SECRET}", self.folder),
            ],
            env={"PATH": os.environ["PATH"], "RCLONE_CONFIG": os.devnull},
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("rclone doesn't serve S3")

    def freeze(self) -> None:
        """Have it answer nobody any more."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Have it be gone at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
