"""What somebody wrote to a file comes into the document next to what people are typing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_ydoc import YBlob, YNotebook, YUnicode
from pycrdt import Doc

from codesyncx_server.collab.merge import merge_disk_change

lines = st.lists(
    st.sampled_from(["a\n", "b\n", "é = 1\n", "日本\n", "👩‍💻\n", "\n", "long line of code()\n"]),
    max_size=12,
).map("".join)


def saved(document: Any, content: Any) -> list[bytes]:
    """Fill a document; gives the updates that make it up."""
    made: list[bytes] = []
    subscription = document.ydoc.observe(lambda event: made.append(event.update))
    document.set(content)
    document.ydoc.unobserve(subscription)
    return made


def notebook(*sources: str, outputs: Any = ()) -> dict[str, Any]:
    return {
        "cells": [
            {
                "id": f"cell{number}",
                "cell_type": "code",
                "source": source,
                "metadata": {},
                "outputs": list(outputs),
                "execution_count": None,
            }
            for number, source in enumerate(sources)
        ],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def older(content: dict[str, Any]) -> dict[str, Any]:
    """Give a notebook as before format 4.5, whose cells bear no ids."""
    cells = [{key: value for key, value in c.items() if key != "id"} for c in content["cells"]]
    return {**content, "cells": cells, "nbformat_minor": 4}


@given(lines, lines)
def test_a_quiet_document_becomes_what_the_file_holds(before: str, after: str) -> None:
    document = YUnicode()
    base = saved(document, before)
    update = merge_disk_change(base, after, "file")
    assert (update is None) == (before == after)
    if update is not None:
        document.ydoc.apply_update(update)
    assert document.get() == after


@given(lines, lines, st.text("xyz é🌍\n", min_size=1, max_size=5))
def test_what_was_typed_meanwhile_stays(before: str, after: str, typed: str) -> None:
    document = YUnicode()
    base = saved(document, before)
    marked = f"<{typed}>"
    document.ydoc.get("source", type=type(document._ysource)).insert(0, marked)
    update = merge_disk_change(base, after, "file")
    if update is not None:
        document.ydoc.apply_update(update)
    text = document.get()
    assert text.count(marked) == 1
    assert text.replace(marked, "", 1) == after


@given(lines, lines)
def test_it_may_come_twice_and_counts_once(before: str, after: str) -> None:
    document = YUnicode()
    base = saved(document, before)
    update = merge_disk_change(base, after, "file")
    for _ in range(2):
        if update is not None:
            document.ydoc.apply_update(update)
    assert document.get() == after


cells = st.lists(lines, min_size=1, max_size=4)


@given(cells, cells)
def test_a_notebook_becomes_what_the_file_holds(before: list[str], after: list[str]) -> None:
    document = YNotebook()
    base = saved(document, notebook(*before))
    update = merge_disk_change(base, notebook(*after), "notebook")
    if update is not None:
        document.ydoc.apply_update(update)
    assert document.get() == notebook(*after)


@given(cells, cells)
def test_an_older_notebook_becomes_what_the_file_holds(before: list[str], after: list[str]) -> None:
    document = YNotebook()
    base = saved(document, older(notebook(*before)))
    update = merge_disk_change(base, older(notebook(*after)), "notebook")
    if update is not None:
        document.ydoc.apply_update(update)
    assert document.get() == older(notebook(*after))


@pytest.mark.parametrize(
    "after",
    [
        ("one\n", "two\nfrom git\n"),
        ("new first cell\n", "one\n", "two\n"),
        ("one\n",),
        ("one\n", "between\n", "two\n"),
        ("one\nchanged\n", "two\nchanged\n"),
    ],
)
def test_typing_in_an_older_notebook_stays_when_the_file_changes(after: tuple[str, ...]) -> None:
    document = YNotebook()
    base = saved(document, older(notebook("one\n", "two\n")))
    document.ycells[0]["source"].insert(0, "typed é\n")
    update = merge_disk_change(base, older(notebook(*after)), "notebook")
    assert update is not None
    document.ydoc.apply_update(update)
    sources = [cell["source"] for cell in document.get()["cells"]]
    assert sources == [
        f"typed é\n{source}" if source.startswith("one") else source for source in after
    ]


def _stream(text: str) -> dict[str, str]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _figure(data: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"image/png": data}, "metadata": {}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [_stream("é\n")]),
        ([_stream("old\n")], [_stream("new\n"), _figure("AA==")]),
        ([_figure("AA==")], [_figure("BB==")]),
        ([_stream("old\n")], []),
    ],
)
def test_typing_stays_in_a_cell_that_somebody_else_ran(before: list[Any], after: list[Any]) -> None:
    document = YNotebook()
    base = saved(document, notebook("one\n", outputs=before))
    document.ycells[0]["source"].insert(0, "typed é\n")
    update = merge_disk_change(base, notebook("one\n", outputs=after), "notebook")
    assert update is not None
    document.ydoc.apply_update(update)
    (cell,) = document.get()["cells"]
    assert (cell["source"], cell["outputs"]) == ("typed é\none\n", after)


def test_typing_in_one_cell_and_a_change_of_another_both_stay() -> None:
    document = YNotebook()
    base = saved(document, notebook("one\n", "two\n"))
    document.ycells[0]["source"].insert(0, "typed é\n")
    update = merge_disk_change(base, notebook("one\n", "two\nfrom git\n"), "notebook")
    assert update is not None
    document.ydoc.apply_update(update)
    assert [cell["source"] for cell in document.get()["cells"]] == [
        "typed é\none\n",
        "two\nfrom git\n",
    ]


def test_typing_and_a_change_of_the_same_cell_both_stay() -> None:
    document = YNotebook()
    base = saved(document, notebook("one\ntwo\nthree\n"))
    document.ycells[0]["source"].insert(0, "typed é\n")
    update = merge_disk_change(base, notebook("one\nTWO\nthree\n"), "notebook")
    assert update is not None
    document.ydoc.apply_update(update)
    assert document.get()["cells"][0]["source"] == "typed é\none\nTWO\nthree\n"


@pytest.mark.parametrize("sources", [("one\n", "two\n"), ("",)])
def test_a_file_that_says_the_same_is_no_change(sources: tuple[str, ...]) -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "é\n"}]
    content = notebook(*sources, outputs=outputs)
    base = saved(YNotebook(), content)
    assert merge_disk_change(base, content, "notebook") is None


def test_bytes_are_replaced_as_a_whole() -> None:
    document = YBlob()
    base = saved(document, b"\x00\x01")
    update = merge_disk_change(base, b"\xff", "blob")
    assert update is not None
    other: Doc[Any] = Doc()
    for each in [*base, update]:
        other.apply_update(each)
    assert YBlob(other).get() == b"\xff"
