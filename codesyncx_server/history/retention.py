"""Which versions stay: close ones of the same people are one, old ones thin out."""

from __future__ import annotations

from dataclasses import dataclass, field

HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S
MONTH_S = 30 * DAY_S


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long versions stay and how much room they may take."""

    coalesce_within_s: float = 120.0
    keep_all_for_s: float = DAY_S
    hourly_for_s: float = MONTH_S
    file_limit_bytes: int = 50 * 1024 * 1024
    total_limit_bytes: int = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class VersionTime:
    """What the policy needs to know of a version."""

    version_id: int
    time: float
    is_named: bool = field(default=False)


def belongs_to_last(
    policy: RetentionPolicy,
    last_started: float,
    last_usernames: frozenset[str],
    time: float,
    usernames: frozenset[str],
) -> bool:
    """Tell whether a save continues the last version instead of beginning a new one."""
    return last_usernames == usernames and 0 <= time - last_started < policy.coalesce_within_s


def versions_to_drop(policy: RetentionPolicy, versions: list[VersionTime], now: float) -> list[int]:
    """Choose the versions that age makes superfluous: the last of each hour or day stays.

    `versions` are in order of time; the newest and named ones always stay.
    """
    dropped: list[int] = []
    later_slot: tuple[str, int] | None = None
    for index in range(len(versions) - 1, -1, -1):
        version = versions[index]
        slot = _slot(policy, version.time, now)
        is_superfluous = slot is not None and slot == later_slot
        if is_superfluous and not version.is_named and index != len(versions) - 1:
            dropped.append(version.version_id)
        later_slot = slot
    return dropped


def _slot(policy: RetentionPolicy, time: float, now: float) -> tuple[str, int] | None:
    age_s = now - time
    if age_s <= policy.keep_all_for_s:
        return None
    if age_s <= policy.hourly_for_s:
        return ("hour", int(time // HOUR_S))
    return ("day", int(time // DAY_S))
