"""Identifiers become pseudonyms on their way into raw: keyed, one way, and the same for the same person.

A plain hash of an e-mail address is undone with a dictionary; a keyed one only by who holds the key, which
lives in the vault or in the environment. Losing the key unlinks old answers from new ones: it cannot be
made again.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

KEY_VARIABLE = "RELIER_KEY"
SHORTEST_KEY = 32
SEPARATOR = "\u001f"
PSEUDONYM_DIGITS = 32  # 128 bits


class KeyRefusedError(ValueError):
    """The key of the pseudonyms is missing, too short or readable by others; the message says what to do."""


def pseudonymise(table: pa.Table, columns: Mapping[str, str], key: bytes, namespace: str) -> pa.Table:
    """Replace each clear column of `columns` by its key column, in place; the clear values do not survive.

    A pseudonym is the first 128 bits of HMAC-SHA-256(key, namespace + U+001F + normalised id) as 32 hex
    digits. Ids are normalised by Unicode NFKC, then stripped, then case-folded, so that one person typed in
    two ways stays one person. Null or blank gives null. Two namespaces never share a pseudonym. Each
    distinct id is hashed once.

    Raises ValueError when a column is missing or a key column would hide an existing one: names only, no
    value.
    """
    if len(key) < SHORTEST_KEY:
        raise KeyRefusedError(f"the pseudonym key has {len(key)} bytes; at least {SHORTEST_KEY} are needed")
    for clear, hidden in columns.items():
        position = table.schema.get_field_index(clear)
        if position < 0:
            raise ValueError(f"column '{clear}' to pseudonymise is not there once, as it should be")
        if hidden != clear and hidden in table.schema.names:
            raise ValueError(f"column '{hidden}' exists already; the pseudonym of '{clear}' would hide it")
        table = table.set_column(position, hidden, _pseudonyms(table.column(clear), key, namespace))
    return table


def _pseudonyms(column: pa.ChunkedArray, key: bytes, namespace: str) -> pa.ChunkedArray:
    """Hash the distinct values, then spread them back by position."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = pc.dictionary_encode(column.cast(pa.string())).unify_dictionaries()
    if encoded.num_chunks == 0:
        return pa.chunked_array([pa.array([], pa.string())])
    # Keyed once and copied for each id: half the time of a whole HMAC each.
    keyed = hmac.new(key, (namespace + SEPARATOR).encode(), "sha256")
    distinct = encoded.chunk(0).dictionary.to_pylist()
    hashed = pa.array([_pseudonym(value, keyed) for value in distinct], pa.string())
    return pa.chunked_array([hashed.take(chunk.indices) for chunk in encoded.chunks], pa.string())


def _pseudonym(value: str, keyed: hmac.HMAC) -> str | None:
    """32 hex digits, or null for a blank id."""
    # ASCII is its own NFKC form; the test is ten times cheaper than the normalisation.
    normal = value if value.isascii() else unicodedata.normalize("NFKC", value)
    normal = normal.strip().casefold()
    if not normal:
        return None
    person = keyed.copy()
    person.update(normal.encode())
    return person.hexdigest()[:PSEUDONYM_DIGITS]


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
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST_KEY:
        raise KeyRefusedError(
            f"the key file {path} is cut short; restore its backup, it cannot be made again"
        )
    return key.encode()


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
