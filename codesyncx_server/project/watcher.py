"""Watches the project for what others than this server do: git, editors, terminals.

The system's notifications only say where to look; `Scanner` says what is different. Where the
system can't notify (too many folders, some network disks), the watcher looks by itself now and
then.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Literal

from watchfiles import Change, watch
from watchfiles._rust_notify import WatchfilesRustInternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .changes import Look
    from .scan import Scanner

logger = logging.getLogger(__name__)

Mode = Literal["auto", "poll", "off"]

GATHER_MS = 200
STEP_MS = 50
WAKE_MS = 100
POLL_INTERVAL_S = 2.0
#: Polling takes at most this share of one processor.
POLL_SHARE = 0.05
#: How often to look everywhere although the system notifies; it may forget under load.
RECHECK_INTERVAL_S = 120.0
ATTEMPTS = 5
#: inotify watches folder by folder, which leaves out the ignored ones; others watch whole trees.
_EACH_FOLDER = sys.platform == "linux"


class Watcher:
    """Looks in a thread of its own: hands everything there is to `begin`, then news to `tell`.

    Both are called in that thread.
    """

    def __init__(
        self,
        scanner: Scanner,
        begin: Callable[[list[Look]], None],
        tell: Callable[[list[Look]], None],
        mode: Mode,
    ) -> None:
        self._scanner = scanner
        self._begin = begin
        self._tell = tell
        self._mode = mode
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="codesyncx-watcher", daemon=True)
        #: Whether the system notifies; otherwise the watcher polls or stands still.
        self.is_notified = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End, and wait for the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._begin(self._scanner.look_everywhere())
            if self._scanner.is_full:
                logger.warning(
                    "The project is very large; CodeSyncX follows changes from outside only in "
                    "its upper folders."
                )
            if self._mode == "auto":
                self._follow()
            if self._mode != "off":
                self._poll()
        except Exception:
            logger.exception("CodeSyncX no longer follows changes from outside")

    def _follow(self) -> None:
        """Look where the system says; return only when it can't, or at the end."""
        vanished = 0
        while not self._stop.is_set() and vanished < ATTEMPTS:
            try:
                self._follow_known_folders()
            except FileNotFoundError:
                vanished += 1
                self._hand_over(self._scanner.look_everywhere())
            except (OSError, WatchfilesRustInternalError) as error:
                logger.warning(
                    "The system can't tell CodeSyncX of changes in %d folders (%s); it looks by "
                    "itself every few seconds. Raising fs.inotify.max_user_watches and "
                    "fs.inotify.max_user_instances makes it quick again.",
                    len(self._scanner.folders()),
                    error,
                )
                break
            else:
                vanished = 0
        self.is_notified = False

    def _follow_known_folders(self) -> None:
        """Look where the system says, until there is a folder that it doesn't watch yet."""
        self._scanner.has_new_folders = False
        began = time.monotonic()
        checked = 0.0
        for said in self._notifications():
            self.is_notified = True
            if time.monotonic() - checked > RECHECK_INTERVAL_S or checked < began:
                checked = time.monotonic()
                self._hand_over(self._scanner.look_everywhere())
            else:
                self._hand_over(self._look_where(said))
            if self._scanner.has_new_folders and _EACH_FOLDER:
                return

    def _notifications(self) -> Iterator[set[tuple[Change, str]]]:
        folders = self._scanner.folders() if _EACH_FOLDER else [self._scanner.on_disk("")]
        return watch(
            *folders,
            watch_filter=None,
            debounce=GATHER_MS,
            step=STEP_MS,
            stop_event=self._stop,
            rust_timeout=WAKE_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=not _EACH_FOLDER,
            ignore_permission_denied=True,
        )

    def _look_where(self, said: set[tuple[Change, str]]) -> list[Look]:
        folders = {self._scanner.folder_of(place) for _, place in said}
        return self._scanner.look(sorted(folder for folder in folders if folder is not None))

    def _poll(self) -> None:
        pause_s = POLL_INTERVAL_S
        while not self._stop.wait(pause_s):
            began = time.monotonic()
            self._hand_over(self._scanner.look_everywhere())
            pause_s = max(POLL_INTERVAL_S, (time.monotonic() - began) / POLL_SHARE)

    def _hand_over(self, looks: list[Look]) -> None:
        if looks and not self._stop.is_set():
            self._tell(looks)
