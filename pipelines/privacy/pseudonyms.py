"""Identifiers become pseudonyms on their way into raw: keyed, one way, and the same for the same person.

A plain hash of an e-mail address is undone with a dictionary; a keyed one only by who holds the key, which
lives in the vault or in the environment. Losing the key unlinks old answers from new ones: it cannot be
made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

KEY_VARIABLE = "RELIER_KEY"
SHORTEST_KEY = 32
SEPARATOR = "\u001f"
SPACES = " \t\n\v\f\r\x1c\x1d\x1e\x1f"  # what str.strip() takes from ASCII text
BLOCK = 64  # bytes SHA-256 takes at once


class KeyRefusedError(ValueError):
    """The key of the pseudonyms is missing, too short or readable by others; the message says what to do."""


class Pseudonyms:
    """Pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise KeyRefusedError(
                f"the pseudonym key has {len(key)} bytes; at least {SHORTEST_KEY} are needed"
            )
        # HMAC (RFC 2104) by its definition: both pads are hashed once, then copied for each id.
        block = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def replace(self, table: pa.Table, columns: Mapping[str, str], namespace: str) -> pa.Table:
        """Replace each clear column of `columns` by its key column, in place; the clear values do not survive.

        A pseudonym is the first 128 bits of HMAC-SHA-256(key, namespace + U+001F + normalised id) as 32 hex
        digits. Ids are normalised by Unicode NFKC, then stripped, then case-folded, so that one person typed in
        two ways stays one person. Null or blank gives null. Two namespaces never share a pseudonym. Each
        distinct id of a table is hashed once.

        Raises ValueError when a column is missing or a key column would hide an existing one: names only, no
        value.
        """
        for clear, hidden in columns.items():
            position = table.schema.get_field_index(clear)
            if position < 0:
                raise ValueError(f"column '{clear}' to pseudonymise is not there once, as it should be")
            if hidden != clear and hidden in table.schema.names:
                raise ValueError(
                    f"column '{hidden}' exists already; the pseudonym of '{clear}' would hide it"
                )
            table = table.set_column(position, hidden, self._column(table.column(clear), namespace))
        return table

    def _column(self, column: pa.ChunkedArray, namespace: str) -> pa.ChunkedArray:
        """Hash the distinct values, then spread them back by position."""
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        encoded = pc.dictionary_encode(column.cast(pa.string())).unify_dictionaries()
        if encoded.num_chunks == 0:
            return pa.chunked_array([pa.array([], pa.string())])
        hashed = self._hashed(_normal(encoded.chunk(0).dictionary).to_pylist(), namespace)
        return pa.chunked_array([hashed.take(chunk.indices) for chunk in encoded.chunks], pa.string())

    def _hashed(self, ids: list[str], namespace: str) -> pa.Array:
        """32 hex digits for each normalised id, or null for a blank one."""
        inner = self._inner.copy()
        inner.update((namespace + SEPARATOR).encode())
        fresh, seal = inner.copy, self._outer.copy
        digests = bytearray()
        for person in ids:
            message = fresh()
            message.update(person.encode())
            sealed = seal()
            sealed.update(message.digest())
            digests += sealed.digest()
        blank = np.array([not person for person in ids], dtype=bool)
        return _hexadecimal(np.frombuffer(bytes(digests), dtype=np.uint8).reshape(-1, 32)[:, :16], blank)


def pseudonymise(table: pa.Table, columns: Mapping[str, str], key: bytes, namespace: str) -> pa.Table:
    """`Pseudonyms(key).replace(table, columns, namespace)`."""
    return Pseudonyms(key).replace(table, columns, namespace)


def _normal(ids: pa.Array) -> pa.Array:
    """Ids as they are compared: NFKC, without spaces around, case folded."""
    if (
        pc.all(pc.string_is_ascii(ids)).as_py() is not False
    ):  # ASCII is its own NFKC form, and folds by lowering
        return pc.ascii_lower(pc.utf8_trim(ids, SPACES))
    return pa.array(
        [unicodedata.normalize("NFKC", value).strip().casefold() for value in ids.to_pylist()], pa.string()
    )


def _hexadecimal(digests: np.ndarray, null: np.ndarray) -> pa.Array:
    """Rows of bytes as texts of hexadecimal digits, null where asked."""
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.empty((len(digests), 2 * digests.shape[1]), dtype=np.uint8)
    text[:, 0::2], text[:, 1::2] = digits[digests >> 4], digits[digests & 15]
    offsets = np.arange(0, text.size + 1, text.shape[1], dtype=np.int32)
    plain = pa.StringArray.from_buffers(len(text), pa.py_buffer(offsets), pa.py_buffer(text.ravel()))
    return pc.if_else(pa.array(null), pa.scalar(None, pa.string()), plain)


def load_or_make_key(path: Path, env: Mapping[str, str] = os.environ) -> bytes:
    """The pseudonym key: RELIER_KEY when set, else the file at `path`, made on the first run with mode 0600.

    Two first runs at once get the same key: it is linked into place whole, and the loser reads the
    winner's. Raises KeyRefusedError for a key below 32 characters or a key file that others may read.
    """
    given = env.get(KEY_VARIABLE)
    if given is not None:
        if len(given) < SHORTEST_KEY:
            raise KeyRefusedError(
                f"{KEY_VARIABLE} has {len(given)} characters; give it at least {SHORTEST_KEY} random ones, "
                f"or unset it and the key in {path.name} is used"
            )
        return given.encode()
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        raise KeyRefusedError(f"the key file {path} may be read by others; run: chmod 600 {path}")
    key = path.read_bytes().strip()
    if len(key) < SHORTEST_KEY or not key.isascii():
        raise KeyRefusedError(
            f"the key file {path} is cut short or damaged; restore its backup, it cannot be made again"
        )
    return key


def key_mark(key: bytes) -> str:
    """16 hex digits that tell two keys apart and say nothing of either."""
    return hmac.new(key, b"relier: which key is this", "sha256").hexdigest()[:16]


def _make_key(path: Path) -> None:
    """Write a new key beside its place, then link it there: whole or not at all, and never over another."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Somebody else's first run got there before: theirs is the key.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
