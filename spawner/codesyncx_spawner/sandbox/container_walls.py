"""Has process 1 of a sandbox look around: a cluster doesn't say what its nodes have made of it."""

from __future__ import annotations

#: How process 1 ends, without having run anything, where a wall is missing.
NO_WALLS, NO_LIMITS, NO_WAY_IN, HAS_NETWORK = 97, 98, 99, 96

LOOK_AT_WALLS = f"""
no= filter= bounding=
while read -r name value _; do
  case $name in
    NoNewPrivs:) no=$value ;;
    Seccomp:) filter=$value ;;
    CapBnd:) bounding=$value ;;
  esac
done </proc/self/status
[ "$no $filter $bounding" = "1 2 0000000000000000" ] || exit {NO_WALLS}
"""

LOOK_AT_NETWORK = f"""
while read -r name _; do
  case $name in
    lo:*|Inter-*|face*) ;;
    *) exit {HAS_NETWORK} ;;
  esac
done </proc/net/dev
"""
