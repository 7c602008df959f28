"""The bytes of a file, whole when it is small, else read by slices, so that no file is ever too large for memory."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from pipelines.ingest.model import FileProblem

WINDOW = 1 << 23
# A larger text stays on disk. Workbooks, SPSS files and JSON are read whole: their readers bound them otherwise.
BIG, LARGEST_JSON = 1 << 26, 1 << 26
NOT_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"$FL")
JSON_MAY_FOLLOW = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"

Found = TypeVar("Found")


class Stored:
    """A file on disk (or a part of one) that is sliced and searched like bytes; a slice is read when asked for."""

    def __init__(self, file: BinaryIO, start: int = 0, end: int | None = None) -> None:
        self._file, self._start = file, start
        self._size = (os.fstat(file.fileno()).st_size if end is None else end) - start
        self._told: dict[object, Any] = {}

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        low, high, _ = part.indices(self._size)
        pieces, position = [], low
        while position < high:
            piece = os.pread(self._file.fileno(), high - position, self._start + position)
            if not piece:
                break  # the file has become shorter: what is missing shows in the counts
            pieces.append(piece)
            position += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def startswith(self, prefix: bytes | tuple[bytes, ...]) -> bool:
        return self[:16].startswith(prefix)

    def once(self, key: object, find: Callable[[], Found]) -> Found:
        """What `find` says of these bytes, found once: two readers of one file read it through once."""
        if key not in self._told:
            self._told[key] = find()
        return self._told[key]

    def after(self, start: int) -> Stored:
        """The same file without its first `start` bytes."""
        return Stored(self._file, self._start + start, self._start + self._size)

    def before(self, end: int) -> Stored:
        """The same file up to byte `end`."""
        return Stored(self._file, self._start, self._start + end)


Data = bytes | Stored


def opened(path: Path) -> bytes:
    """The bytes of a file; of a big text, what reads them when they are sliced or searched, which is all that readers
    of text do. Raises FileProblem: unreadable, empty.
    """
    try:
        file = path.open("rb")
        size = os.fstat(file.fileno()).st_size
        head = file.read(1024)
        is_json = head.lstrip(JSON_MAY_FOLLOW)[:1] in (b"{", b"[")
        whole = size <= (LARGEST_JSON if is_json else BIG) or head.startswith(NOT_TEXT)
        data: Data = head + file.read() if whole else Stored(file)
    except OSError:
        raise FileProblem(
            "unreadable", expected="a file that can be read", found="none", fix="send the file again"
        ) from None
    if isinstance(data, bytes) and (not data or data.isspace()):
        raise FileProblem(
            "empty", expected="a header and records", found="no bytes", fix="export the file again"
        )
    return cast(bytes, data)


def sha256_of(data: Data) -> str:
    """SHA-256 of all the bytes, in hexadecimal."""
    hasher = hashlib.sha256()
    for low in range(0, len(data), WINDOW):
        hasher.update(data[low : low + WINDOW])
    return hasher.hexdigest()


def after(data: Data, start: int) -> Data:
    """Everything from byte `start`, not read before it is asked for."""
    return data.after(start) if isinstance(data, Stored) else data[start:]


def windows(data: Data, start: int = 0) -> Iterator[bytes]:
    """The bytes in windows that end after an ASCII byte, so that none cuts a character of UTF-8."""
    position = start
    while position < len(data):
        size = WINDOW
        window = data[position : position + size]
        while window[-1] >= 0x80 and position + size < len(data):
            kept = _up_to_ascii(window)
            if kept:
                window = window[:kept]
                break
            size *= 2
            window = data[position : position + size]
        yield window
        position += len(window)


def _up_to_ascii(window: bytes) -> int:
    """How long the window is without the non-ASCII bytes at its end, 0 where nearly all of it would go."""
    for length in range(len(window) - 1, max(len(window) - 4096, 0), -1):
        if window[length - 1] < 0x80:
            return length
    return 0


def kept(parts: Iterator[bytes], like: Data) -> Data:
    """The joined parts: in memory where `like` is, else in a file that has no name and ends with this process."""
    if isinstance(like, bytes):
        return b"".join(parts)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as what reads it
    for part in parts:
        file.write(part)
    file.flush()
    return Stored(file)
