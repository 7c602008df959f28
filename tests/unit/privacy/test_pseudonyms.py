"""Pseudonyms: keyed, stable, one way; and a key that is made once and refused when it is weak."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.privacy.pseudonyms import KeyRefusedError, load_or_make_key, pseudonymise

KEY = b"k" * 32


def keys_of(*values: object, key: bytes = KEY, namespace: str = "hr_survey") -> list[str | None]:
    table = pa.table({"token": pa.array(list(values))})
    return pseudonymise(table, {"token": "respondent_key"}, key, namespace)["respondent_key"].to_pylist()


@pytest.mark.parametrize("size", [32, 63, 64, 65, 200])
def test_a_pseudonym_is_the_first_128_bits_of_the_keyed_hash(size: int) -> None:
    key = bytes(range(size))
    for person in ("ann@example.org", "zoé", "x" * 300):
        expected = hmac.new(key, f"hr_survey\x1f{person}".encode(), hashlib.sha256).hexdigest()[:32]
        assert keys_of(person, key=key) == [expected]


def test_spaces_and_case_are_told_apart_as_python_does() -> None:
    for blank in " \t\n\v\f\r\x1c\x1d\x1e\x1f":
        assert keys_of(f"{blank}ANN{blank}") == keys_of("ann") == keys_of(f"{blank}ANN{blank}", "zoé")[:1]


def test_one_person_typed_in_several_ways_stays_one_person() -> None:
    composed, decomposed, wide = "Zo\u00e9", "  ZOE\u0301 ", "\uff3a\uff4f\u00e9"
    assert len(set(keys_of(composed, decomposed, wide))) == 1


def test_blank_and_null_have_no_pseudonym() -> None:
    assert keys_of("", "  ", None, "\u00a0") == [None] * 4


def test_another_key_or_another_namespace_unlinks() -> None:
    assert keys_of("ann") != keys_of("ann", key=b"l" * 32)
    assert keys_of("ann") != keys_of("ann", namespace="client_survey")


def test_a_separator_keeps_namespaces_apart() -> None:
    assert keys_of("ba", namespace="a") != keys_of("a", namespace="ab")


def test_the_clear_column_does_not_survive_and_the_others_do() -> None:
    table = pa.table({"a": [1, 2], "token": ["x", "y"], "b": [3, 4]})
    out = pseudonymise(table, {"token": "respondent_key"}, KEY, "s")
    assert out.schema.names == ["a", "respondent_key", "b"]
    assert b"token" not in out.schema.serialize().to_pybytes()


def test_numbers_and_dictionaries_are_ids_too() -> None:
    assert keys_of(7) == keys_of("7")
    coded = pa.chunked_array([pa.array(["x", "y"]).dictionary_encode(), pa.array(["z"]).dictionary_encode()])
    out = pseudonymise(pa.table({"token": coded}), {"token": "token"}, KEY, "hr_survey")
    assert out["token"].to_pylist() == keys_of("x", "y", "z")


def test_an_empty_table_keeps_its_columns() -> None:
    out = pseudonymise(pa.table({"token": pa.array([], pa.string())}), {"token": "k"}, KEY, "s")
    assert (out.num_rows, out.schema.names) == (0, ["k"])


def test_chunks_do_not_change_a_pseudonym() -> None:
    table = pa.table({"token": pa.chunked_array([["a", "b"], ["b", None], []], pa.string())})
    out = pseudonymise(table, {"token": "k"}, KEY, "hr_survey")
    assert out["k"].to_pylist() == keys_of("a", "b", "b", None)


@pytest.mark.parametrize("columns", [{"absent": "k"}, {"token": "other"}])
def test_a_missing_or_hidden_column_is_named(columns: dict[str, str]) -> None:
    table = pa.table({"token": ["ann@example.org"], "other": [1]})
    with pytest.raises(ValueError, match=r"absent|other") as error:
        pseudonymise(table, columns, KEY, "s")
    assert "ann" not in str(error.value)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(KeyRefusedError, match="at least 32"):
        keys_of("ann", key=b"short")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "vault" / "key"
    first = load_or_make_key(path, env={})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) == 64
    assert load_or_make_key(path, env={}) == first
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_first_runs_at_once_agree_on_one_key(tmp_path: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        found.append(load_or_make_key(tmp_path / "key", env={}))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_environment_comes_first_and_writes_nothing(tmp_path: Path) -> None:
    assert load_or_make_key(tmp_path / "key", env={"RELIER_KEY": "é" * 32}) == ("é" * 32).encode()
    assert not (tmp_path / "key").exists()


def test_a_short_environment_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(KeyRefusedError, match="RELIER_KEY has 6 characters") as error:
        load_or_make_key(tmp_path / "key", env={"RELIER_KEY": "secret"})
    assert "secret" not in str(error.value)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_or_make_key(tmp_path / "key", env={})
    os.chmod(tmp_path / "key", 0o644)
    with pytest.raises(KeyRefusedError, match="chmod 600"):
        load_or_make_key(tmp_path / "key", env={})


def test_a_cut_key_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "key").touch(mode=0o600)
    with pytest.raises(KeyRefusedError, match="cut short"):
        load_or_make_key(tmp_path / "key", env={})
    assert (tmp_path / "key").read_bytes() == b""
