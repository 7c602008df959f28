"""Bytes to UTF-8 text, once, saying which encoding was chosen and refusing what is already damaged.

The ladder: byte order mark; strict UTF-8; else a choice among the single-byte
encodings French tools write. Free detection is not used: it misreads French cp1252 and ISO-8859-15.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.ingest.model import FileProblem
from pipelines.ingest.stored import Data, after, kept, windows

BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
FRENCH = frozenset("éèêëàâäùûüçîïôöœÉÈÊËÀÂÇÎÏÔÖÙÛŒ’‘“”«»°€–—…")
REPLACEMENT = "\ufffd".encode()
# UTF-8 read as cp1252 and written again as UTF-8: "é" has become "Ã©", "’" has become "â€™".
MOJIBAKE = re.compile(
    rb"\xc3[\x82\x83](?:\xc2[\x80-\xbf]|\xc5[\x92\x93\xa0\xa1\xb8\xbd\xbe]|\xc6\x92|\xcb[\x86\x9c]"
    rb"|\xe2\x80[\x93-\xba]|\xe2\x82\xac|\xe2\x84\xa2)|\xc3\xa2\xe2\x82\xac"
)
# A respondent may paste one damaged sentence into a comment; a damaged export damages (nearly) every accent.
MOJIBAKE_SHARE = 0.05
HEAD = 1 << 22


@dataclass(frozen=True)
class Text:
    """The whole file as UTF-8 bytes without byte order mark, and the encoding it came in."""

    data: Data
    encoding: str
    warnings: tuple[str, ...] = ()

    @property
    def head(self) -> bytes:
        """The first bytes: enough for header rows, never the whole of a big file."""
        return self.data[:HEAD]


def read_text(raw: Data, *, keep_nul: bool = False) -> Text:
    """Decode a whole text file. With `keep_nul=False` a NUL byte refuses it, else NUL bytes are removed.

    Raises FileProblem: empty, truncated, unreadable_encoding, nul_bytes, damaged_characters, mojibake.
    """
    if isinstance(raw, bytes):
        return _read_text(raw, keep_nul)
    return raw.once(keep_nul, lambda: _read_text(raw, keep_nul))


def _read_text(raw: Data, keep_nul: bool) -> Text:
    data, encoding = _to_utf8(raw)
    if all(window.isspace() for window in windows(data)):
        raise FileProblem(
            "empty", expected="a header and records", found="no text", fix="export the file again"
        )
    if any(b"\0" in window for window in windows(data)):
        if not keep_nul:
            raise FileProblem(
                "nul_bytes",
                expected="text",
                found="NUL bytes, as in a binary file or UTF-16 without its mark",
                fix="export the file again as UTF-8",
            )
        data = kept((window.replace(b"\0", b"") for window in windows(data)), data)
    return Text(data, encoding, _refuse_damage(data))


def _to_utf8(raw: Data) -> tuple[Data, str]:
    for mark, name in BOMS:
        if raw.startswith(mark):
            return _after_mark(after(raw, len(mark)), name)
    if is_utf8(raw):
        return raw, "utf-8"
    _refuse_cut_character(raw)
    return _recoded(raw, name := _single_byte_encoding(raw)), name


def _after_mark(body: Data, name: str) -> tuple[Data, str]:
    if name != "utf-8-sig":
        return _recoded(body, name), name
    if not is_utf8(body):
        _refuse_cut_character(body)
        raise _unreadable()
    return body, name


def _recoded(data: Data, name: str) -> Data:
    """The text in UTF-8, made window by window."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        parts = (decoder.decode(window).encode() for window in windows(data))
        return kept(itertools.chain(parts, _rest(decoder)), data)
    except UnicodeError:
        if name.startswith("utf-16") and len(data) % 2:
            raise _truncated_character() from None
        raise _unreadable() from None


def _rest(decoder: codecs.IncrementalDecoder) -> Iterator[bytes]:
    yield decoder.decode(b"", final=True).encode()


def is_utf8(data: Data) -> bool:
    """Strict UTF-8, checked by Arrow without building a Python string."""
    return all(window.isascii() or _is_utf8(window) for window in windows(data))


def _is_utf8(window: bytes) -> bool:
    offsets = np.array([0, len(window)], dtype=np.int64)
    cell = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(window)]
    )
    try:
        cell.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _refuse_cut_character(data: Data) -> None:
    """UTF-8 but for a last character cut short: the transfer stopped, no other encoding is meant."""
    end = data[max(len(data) - 3, 0) :]
    for missing in range(1, len(end) + 1):
        if end[-missing] >= 0xC0:
            # A lone last accent of a single-byte file also looks cut: other non-ASCII text must vouch for UTF-8.
            head = data[:-missing] if isinstance(data, bytes) else data.before(len(data) - missing)
            if not all(window.isascii() for window in windows(head)) and is_utf8(head):
                raise _truncated_character()
            return


def _single_byte_encoding(raw: Data) -> str:
    counts = np.zeros(256, dtype=np.int64)
    for window in windows(raw):
        counts += np.bincount(np.frombuffer(window, dtype=np.uint8), minlength=256)
    high = int(counts[0x80:].sum())
    controls = int(counts[0x80:0xA0].sum())
    if controls > 0.30 * high:
        return max(("cp1252", "cp850", "mac_roman"), key=lambda name: _french_letters(counts, name))
    if controls:
        return "cp1252"
    return "iso-8859-15" if counts[0xA4] else "cp1252"


def _french_letters(counts: np.ndarray, name: str) -> int:
    """How many of the high bytes are letters and signs French uses, read in encoding `name`."""
    return sum(
        int(counts[code]) for code in range(0x80, 0x100) if bytes([code]).decode(name, "replace") in FRENCH
    )


def _refuse_damage(data: Data) -> tuple[str, ...]:
    damaged = letters = 0
    for window in windows(data):
        if window.isascii():
            continue
        if REPLACEMENT in window:
            raise FileProblem(
                "damaged_characters",
                expected="text in one encoding",
                found="replacement characters (U+FFFD): letters were lost before this file was sent",
                fix="export it again from the tool, as UTF-8",
            )
        damaged += len(MOJIBAKE.findall(window))
        # lead bytes: one per non-ASCII character
        letters += int(np.count_nonzero(np.frombuffer(window, dtype=np.uint8) >= 0xC0))
    if not damaged:
        return ()
    if damaged >= MOJIBAKE_SHARE * letters:
        raise FileProblem(
            "mojibake",
            expected="text in one encoding",
            found="letters encoded twice, such as 'Ã©' for 'é'",
            fix="export it again from the tool, as UTF-8, without opening it in a spreadsheet",
        )
    return (f"{damaged} places where letters are encoded twice",)


def _unreadable() -> FileProblem:
    return FileProblem(
        "unreadable_encoding",
        expected="UTF-8, UTF-16 with its mark, or a western single-byte encoding",
        found="bytes that none of them can hold",
        fix="export the file again as UTF-8",
    )


def _truncated_character() -> FileProblem:
    return FileProblem(
        "truncated",
        expected="a complete file",
        found="a last character cut in two",
        fix="send the whole file again",
    )
