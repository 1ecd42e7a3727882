"""What changed between two texts, as few and as readable edits as bounded time allows.

Lines are matched first, words within changed lines next; the ends of changed words are trimmed to
the characters that differ. The common subsequences are rapidfuzz's. What would take it too long is
first cut at lines (words) that stand once in either text, and without those replaced as a whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import LCSseq

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pycrdt import Text

_MAX_PAIRS = 200_000_000  # of tokens to compare; takes some 20 ms and 25 MB
_MAX_EDITS = 20_000  # beyond that the text is replaced as a whole
_MIN_LIKENESS = 0.3  # changed lines with less in common are replaced whole
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")

_Block = tuple[int, int, int, int]  # old start, old end, new start, new end


class Edit(NamedTuple):
    """Delete so many bytes of UTF-8 at `start`, then insert a text there."""

    start: int
    delete_len: int
    insert: str


def edits(old: str, new: str) -> list[Edit]:
    """List what turns `old` into `new`, last place first: apply them in this order.

    Offsets are bytes of UTF-8 in `old`, as pycrdt counts.
    """
    found = []
    byte_offset = offset = 0
    blocks = list(_changes(old, new))
    if len(blocks) > _MAX_EDITS:
        blocks = [_trim(old, new, (0, len(old), 0, len(new)))]
    for old_start, old_end, new_start, new_end in blocks:
        byte_offset += _byte_length(old[offset:old_start])
        deleted = _byte_length(old[old_start:old_end])
        found.append(Edit(byte_offset, deleted, new[new_start:new_end]))
        byte_offset += deleted
        offset = old_end
    found.reverse()
    return found


def apply_edits(text: Text, changes: Sequence[Edit]) -> None:
    """Make `changes` on a shared text."""
    for start, delete_len, insert in changes:
        if delete_len:
            del text[start : start + delete_len]
        if insert:
            text.insert(start, insert)


def match_sequences(old: Sequence[object], new: Sequence[object]) -> list[_Block]:
    """List the runs in which two sequences of hashable things differ, in order."""
    numbers: dict[object, int] = {}
    old_ids = [numbers.setdefault(item, len(numbers)) for item in old]
    new_ids = [numbers.setdefault(item, len(numbers)) for item in new]
    runs: list[_Block] = []
    for i, j, k, m in _differences(old_ids, new_ids, 0, 0):
        if runs and runs[-1][1] == i and runs[-1][3] == k:
            i, k = runs[-1][0], runs[-1][2]  # noqa: PLW2901 - a deletion next to an insertion
            runs.pop()
        runs.append((i, j, k, m))
    return runs


def _byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _changes(old: str, new: str) -> Iterator[_Block]:
    start, old_end, new_end = _trim_lines(old, new)
    old_lines, new_lines = _LINES.findall(old, start, old_end), _LINES.findall(new, start, new_end)
    old_places = list(accumulate(map(len, old_lines), initial=start))
    new_places = list(accumulate(map(len, new_lines), initial=start))
    for i, j, k, m in match_sequences(old_lines, new_lines):
        block = (old_places[i], old_places[j], new_places[k], new_places[m])
        yield from _word_changes(old, new, block)


def _trim_lines(old: str, new: str) -> tuple[int, int, int]:
    """Leave out the whole lines that both texts begin and end with."""
    start = _common_prefix(old, new)
    if start == len(old) == len(new):
        return start, start, start
    start = old.rfind("\n", 0, start) + 1
    tail = _common_suffix(old[start:], new[start:])
    newline = old.find("\n", len(old) - tail)
    tail = len(old) - newline - 1 if newline >= 0 else 0
    return start, len(old) - tail, len(new) - tail


def _word_changes(old: str, new: str, block: _Block) -> Iterator[_Block]:
    old_start, old_end, new_start, new_end = block
    old_words = _WORDS.findall(old, old_start, old_end)
    new_words = _WORDS.findall(new, new_start, new_end)
    runs = match_sequences(old_words, new_words)
    if not _are_alike(old_words, new_words, runs):
        yield _trim(old, new, block)
        return
    old_places = list(accumulate(map(len, old_words), initial=old_start))
    new_places = list(accumulate(map(len, new_words), initial=new_start))
    for i, j, k, m in runs:
        yield _trim(old, new, (old_places[i], old_places[j], new_places[k], new_places[m]))


def _are_alike(old: list[str], new: list[str], runs: list[_Block]) -> bool:
    def weigh(words: list[str]) -> int:
        return sum(len(word) for word in words if not word.isspace())

    gone = sum(weigh(old[i:j]) for i, j, _, _ in runs)
    come = sum(weigh(new[k:m]) for _, _, k, m in runs)
    total = weigh(old) + weigh(new)
    likeness = 1 - (gone + come) / total if total else 0
    # What was only taken out or put in leaves the rest alike, however little that is.
    return not gone or not come or likeness >= _MIN_LIKENESS


def _trim(old: str, new: str, block: _Block) -> _Block:
    old_start, old_end, new_start, new_end = block
    before, after = old[old_start:old_end], new[new_start:new_end]
    head = _common_prefix(before, after)
    tail = _common_suffix(before[head:], after[head:])
    return old_start + head, old_end - tail, new_start + head, new_end - tail


def _common_prefix(left: str, right: str) -> int:
    """Measure by doubling and halving: slices compare at the speed of memory."""
    limit = min(len(left), len(right))
    known, step = 0, 64
    while known < limit:
        end = min(known + step, limit)
        if left[known:end] == right[known:end]:
            known, step = end, step * 2
        elif step == 1:
            break
        else:
            step = max(1, min(step, limit - known) // 2)
            limit = min(limit, end)
    return known


def _common_suffix(left: str, right: str) -> int:
    limit = min(len(left), len(right))
    known, step = 0, 64
    while known < limit:
        end = min(known + step, limit)
        if (
            left[len(left) - end : len(left) - known]
            == right[len(right) - end : len(right) - known]
        ):
            known, step = end, step * 2
        elif step == 1:
            break
        else:
            step = max(1, min(step, limit - known) // 2)
            limit = min(limit, end)
    return known


def _differences(old: list[int], new: list[int], i: int, k: int) -> Iterator[_Block]:
    head = 0
    shorter = min(len(old), len(new))
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    i, k = i + head, k + head
    if not old and not new:
        return
    if not old or not new:
        yield i, i + len(old), k, k + len(new)
    elif len(old) * len(new) <= _MAX_PAIRS:
        for run in LCSseq.opcodes(old, new):
            if run.tag != "equal":
                yield i + run.src_start, i + run.src_end, k + run.dest_start, k + run.dest_end
    else:
        yield from _differences_between_anchors(old, new, i, k)


def _differences_between_anchors(
    old: list[int], new: list[int], i: int, k: int
) -> Iterator[_Block]:
    anchors = _anchors(old, new)
    if not anchors:
        yield i, i + len(old), k, k + len(new)
        return
    a = c = 0
    for b, d in [*anchors, (len(old), len(new))]:
        yield from _differences(old[a:b], new[c:d], i + a, k + c)
        a, c = b + 1, d + 1


def _anchors(old: list[int], new: list[int]) -> list[tuple[int, int]]:
    """Find the longest rising run of places whose item stands once in either sequence."""
    old_counts, new_counts = Counter(old), Counter(new)
    places = {item: place for place, item in enumerate(new) if new_counts[item] == 1}
    pairs = [
        (place, places[item])
        for place, item in enumerate(old)
        if old_counts[item] == 1 and item in places
    ]
    return [pairs[index] for index in longest_rise([target for _, target in pairs])]


def longest_rise(values: Sequence[int]) -> list[int]:
    """Give the indices of a longest strictly increasing subsequence."""
    tails: list[int] = []
    tail_indices: list[int] = []
    previous: list[int] = []
    for index, value in enumerate(values):
        length = bisect_left(tails, value)
        previous.append(tail_indices[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        tail_indices[length : length + 1] = [index]
    rise = []
    index = tail_indices[-1] if tail_indices else -1
    while index >= 0:
        rise.append(index)
        index = previous[index]
    rise.reverse()
    return rise
