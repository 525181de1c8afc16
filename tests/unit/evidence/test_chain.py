"""The chain notices what was changed, and says where."""

from __future__ import annotations

import io
import json

import pytest

from conclave.errors import ExitCode
from conclave.evidence import chain


def written(count: int = 6) -> list[bytes]:
    file = io.BytesIO()
    book = chain.Chain(file)
    for number in range(count - 1):
        book.add("fact", number=number, text="Grüße", large=2**60, share=0.5)
    book.add("certificate", green=True)
    return file.getvalue().splitlines()


def test_an_untouched_chain_is_whole() -> None:
    lines = chain.check(written())
    assert [line["seq"] for line in lines] == list(range(6))
    assert lines[0]["prev"] == chain.FIRST


def test_a_number_that_json_cannot_carry_is_kept_as_text() -> None:
    assert chain.check(written())[0]["large"] == str(2**60)
    assert chain.plain({"a": [2**53, -(2**53), 2**53 - 1, True]}) == {"a": [str(2**53), str(-(2**53)), 2**53 - 1, True]}


def test_names_are_sorted_by_utf16_as_rfc_8785_asks() -> None:
    # U+1F600 comes before U+FB33 in UTF-16 and after it in code points; json.dumps(sort_keys=True) gets this wrong.
    assert chain.canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize("number", range(5))
def test_a_changed_line_is_named(number: int) -> None:
    rows = written()
    line = json.loads(rows[number])
    line["number"] = 99
    rows[number] = chain.canonical(line)
    with pytest.raises(chain.DamagedError, match=rf"^line {number + 1} was changed") as caught:
        chain.check(rows)
    assert caught.value.exit_code == ExitCode.EVIDENCE_EDITED


def test_a_line_written_in_another_form_is_named() -> None:
    rows = written()
    rows[2] = rows[2].replace(b":", b": ", 1)
    with pytest.raises(chain.DamagedError, match=r"^line 3 was changed: it is not in the form"):
        chain.check(rows)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [(slice(0, 1), "line 1 is missing"), (slice(2, 3), "line 3 is missing"), (slice(1, 4), "lines 2 to 4 are missing")],
)
def test_a_removed_line_is_named(gone: slice, sentence: str) -> None:
    rows = written()
    del rows[gone]
    with pytest.raises(chain.DamagedError, match=sentence) as caught:
        chain.check(rows)
    assert caught.value.exit_code == ExitCode.EVIDENCE_REMOVED


def test_a_doubled_or_swapped_line_is_named() -> None:
    rows = written()
    with pytest.raises(chain.DamagedError, match="line 3 says that it is line 2"):
        chain.check([*rows[:2], rows[1], *rows[2:]])
    rows[1], rows[2] = rows[2], rows[1]
    with pytest.raises(chain.DamagedError, match="line 2 is missing"):
        chain.check(rows)


def test_a_missing_end_is_noticed() -> None:
    with pytest.raises(chain.DamagedError, match="the file ends after line 4") as caught:
        chain.check(written()[:4])
    assert caught.value.exit_code == ExitCode.EVIDENCE_TRUNCATED


def test_a_file_cut_within_a_line_is_noticed() -> None:
    data = b"\n".join(written()) + b"\n"
    with pytest.raises(chain.DamagedError, match="line 6 has no end") as caught:
        chain.split(data[:-10])
    assert caught.value.exit_code == ExitCode.EVIDENCE_TRUNCATED


@pytest.mark.parametrize("data", [b"", b"\n", b"hello\n", b"[1]\n"])
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(chain.DamagedError) as caught:
        chain.check(chain.split(data)[0])
    assert caught.value.exit_code == ExitCode.EVIDENCE_UNREADABLE


def test_signatures_stand_behind_the_chain() -> None:
    rows = written()
    mark = chain.canonical({"kind": "signature", "armor": "x"})
    assert chain.split(b"\n".join([*rows, mark]) + b"\n") == (rows, [mark])
