"""What it costs to judge one message to a chat, in chats that are long already, in microseconds.

python tests/benchmarks/chat.py [--json results.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc, Map

from codesyncx_server.chat.judge import ChatJudge

LENGTHS = (100, 1_000, 10_000)
MESSAGES = 25  # more at once are refused


def _message(identifier: str) -> Map[Any]:
    said = {"type": "msg", "id": identifier, "body": "hello", "time": 1.0, "raw_time": True}
    return Map({**said, "sender": "ann"})


def judging_us(length: int) -> float:
    """Give the median for one message to a chat of so many."""
    doc: Doc[Any] = Doc()
    messages = doc.get("messages", type=Array)
    for name in ("users", "attachments", "metadata", "state"):
        doc.get(name, type=Map)
    messages.extend([_message(f"x{number}") for number in range(length)])
    judge = ChatJudge(doc)
    copy: Doc[Any] = Doc()
    typed = copy.get("messages", type=Array)
    copy.apply_update(doc.get_update())
    took = []
    for number in range(MESSAGES):
        before = copy.get_state()
        typed.append(_message(f"n{number}"))
        update = copy.get_update(before)
        began = time.perf_counter()
        judge.admit(update, "ann")
        judge.follow(update)
        took.append(time.perf_counter() - began)
    return round(1e6 * statistics.median(took), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = {length: judging_us(length) for length in LENGTHS}
    print(json.dumps(report))
    if options.json:
        found = json.loads(options.json.read_text()) if options.json.exists() else {}
        options.json.write_text(json.dumps({**found, "chat_us": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
