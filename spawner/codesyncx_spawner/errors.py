"""What can go wrong before, in and after a run; see `codesyncx_server.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import CodeSyncXError, InvalidRequestError, TooManyError

if TYPE_CHECKING:
    from collections.abc import Sequence


class RunFileError(InvalidRequestError):
    """A `run.toml` that can't be used as it is; `complaints` has a sentence for each reason."""

    code = "invalid_run_file"

    def __init__(self, complaints: Sequence[str]) -> None:
        super().__init__(" ".join(complaints))
        self.complaints = tuple(complaints)


class OverLimitError(InvalidRequestError):
    """A run that asks for more than it can have, before it has begun."""

    code = "over_limit"


class DoesNotFitError(OverLimitError):
    """The files are more than a sandbox has room for; `fact` says so, the rest what to do."""

    def __init__(self, fact: str, advice: str) -> None:
        super().__init__(f"{fact}: {advice}")
        self.fact = fact


class QuotaError(TooManyError):
    """Somebody has as many runs waiting as they may have."""

    code = "too_many_runs"


class NoSandboxError(CodeSyncXError):
    """Nothing on this server can run code apart from it; the text says what to install."""

    code = "no_sandbox"
    http_status = 503
    close_code = 4503


class SandboxError(CodeSyncXError):
    """The sandbox itself failed, not the code in it."""

    code = "sandbox_failed"
    http_status = 502
    close_code = 4502


class LostSandboxError(SandboxError):
    """The worker that had the sandbox is gone, and the sandbox with it: the run may begin again."""

    code = "sandbox_lost"
