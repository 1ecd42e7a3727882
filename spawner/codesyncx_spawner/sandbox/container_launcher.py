"""What runs as process 1 of a sandbox that is a container, and how it tells the end. Pure."""

from __future__ import annotations

import re

from .backend import Usage
from .layout import HOME, WORK

#: Process 1 ends all others when it gets this.
END_SIGNAL = "SIGUSR1"

# It is process 1, which nothing inside can end, and which takes over whatever loses its parent.
# Its first line of input is the mark that it puts before all output and behind it, there with the
# exit code, the nanoseconds of processors and the most memory of all; the files follow. There may
# be seconds after the mark: so long after the start all of it is ended, should no server be there
# any more that looks at the time. When the command is over it ends everything else at once, without
# a process of its own: there may be none to be had. Then it waits until the files were fetched.
LAUNCHER = f"""
child= ended= path=$PATH
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
IFS=' ' read -r mark most_s
printf '\\000%s\\n' "$mark"
trap '[ -z "$child" ] || kill -TERM "$child"' TERM
trap 'ended=137; kill -KILL -1' USR1
exec 2>&1
code=125
if mkdir -p {HOME} && tar -xf - -C {WORK}; then
  code=126
  if cd -- "{WORK}/$1"; then
    shift
    # A shell has what it puts into the background ignore Ctrl-C.
    env --default-signal=INT,QUIT true 2>/dev/null && set -- env --default-signal=INT,QUIT "$@"
    exec </dev/null
    [ -z "$most_s" ] || (sleep "$most_s"; kill -USR1 1) &
    PATH=$path
    "$@" & child=$!
    exec 2>/dev/null  # where the shell tells of signals
    while :; do
      wait "$child"
      code=$?
      kill -0 "$child" 2>/dev/null || break
    done
    # Else it may be the signal's that has ended the waiting.
    code=${{ended:-$code}}
  fi
else
  echo "The run's files don't fit into the sandbox."
fi
kill -KILL -1 2>/dev/null
PATH=/usr/bin:/bin
groups=/sys/fs/cgroup
if read -r cpu <$groups/cpuacct/cpuacct.usage; then
  read -r peak <$groups/memory/memory.max_usage_in_bytes
elif read -r _ cpu <$groups/cpu.stat; then
  cpu=$((cpu * 1000))
  read -r peak <$groups/memory.peak
fi 2>/dev/null
printf '\\000%s %s %s %s\\n' "$mark" "$code" "${{cpu:-0}}" "${{peak:-0}}"
exec sleep 86400 >/dev/null 2>&1
"""

# So many bytes of a tar archive come in; no file is ever seen half written.
UPDATE = f"""
set -e
half=$(mktemp -d {WORK}/.csx-XXXXXX)
trap 'rm -rf -- "$half"' EXIT
head -c "$1" | tar -xf - -C "$half"
shift
cd {WORK}
[ $# = 0 ] || rm -f -- "$@"
cd "$half"
find . -mindepth 1 -type d -exec sh -c 'cd {WORK} && mkdir -p -- "$@"' sh {{}} +
find . ! -type d -exec sh -c 'for each; do mv -fT -- "$each" "{WORK}/$each" || exit; done' sh {{}} +
"""

_TOLD = re.compile(rb"(\d{1,3}) (\d{1,20}) (\d{1,20})\n")
_MOST_TOLD = 3 + 20 + 20 + 3


class EndMark:
    """Finds the marks before and behind all output: bytes in, bytes out, then how it ended."""

    def __init__(self, mark: str) -> None:
        """Look for nothing yet."""
        self._start = b"\0" + mark.encode() + b"\n"
        self._mark = b"\0" + mark.encode() + b" "
        self.is_whole: bool | None = None
        """Whether the mark before all output has come; None until something has."""
        self._held = b""
        self.exit_code: int | None = None
        self.usage = Usage()

    def feed(self, data: bytes) -> bytes:
        """Give what of it is output for certain."""
        held = self._held + data
        if self.is_whole is None:
            if len(held) < len(self._start) and self._start.startswith(held):
                self._held = held
                return b""
            self.is_whole = held.startswith(self._start)
            held = held.removeprefix(self._start)
        before, found, after = held.partition(self._mark)
        if found and (told := _TOLD.fullmatch(after)):
            code, cpu_ns, peak = map(int, told.groups())
            self.exit_code, self.usage = code, Usage(cpu_ns / 1e9 or None, peak or None)
            self._held = b""
            return before
        if found and len(after) <= _MOST_TOLD:
            self._held = held[len(before) :]
            return before
        self._held = self._beginning_in(held)
        return held[: len(held) - len(self._held)]

    def rest(self) -> bytes:
        """Give what was held back, of a sandbox that ended without a mark."""
        held, self._held = self._held, b""
        return held

    def _beginning_in(self, held: bytes) -> bytes:
        """Give an end of the text with which the mark may begin."""
        start = held.rfind(b"\0", max(0, len(held) - len(self._mark)))
        return held[start:] if start >= 0 and self._mark.startswith(held[start:]) else b""
