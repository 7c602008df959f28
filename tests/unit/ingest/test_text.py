"""Bytes to text: the encoding ladder, and files that are damaged beyond reading."""

from __future__ import annotations

import pytest

from pipelines.ingest.model import FileProblem
from pipelines.ingest.text import read_text

FRENCH = "unité;réponse\nLyon;très à l’écoute, œuvre, 5 €\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (FRENCH.encode(), "utf-8"),
        (FRENCH.encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + FRENCH.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + FRENCH.encode("utf-16-be"), "utf-16-be"),
        (FRENCH.encode("cp1252"), "cp1252"),
        ("réponse;très à l'écoute\n".encode("latin-1"), "cp1252"),
        ("réponse;5 €\n".encode("iso-8859-15"), "iso-8859-15"),
        ("unité;réponse;très à l'écoute, ça va, où\n".encode("cp850"), "cp850"),
        ("unité;réponse;très à l’écoute, ça va, où\n".encode("mac_roman"), "mac_roman"),
        (b"plain;ascii\n", "utf-8"),
    ],
)
def test_the_encoding_is_found_and_said(raw: bytes, encoding: str) -> None:
    text = read_text(raw)
    assert text.encoding == encoding
    assert "réponse" in text.data.decode() or raw.isascii()
    assert not text.data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        ("a;b\nl\ufffdgende;1\n".encode(), "damaged_characters"),
        (FRENCH.encode().decode("cp1252", "replace").replace("\ufffd", "").encode(), "mojibake"),
        (b"a;b\n1\x00;2\n", "nul_bytes"),
        ("é;b\n1;é".encode()[:-1], "truncated"),
        (b"a\xe9;b\n1;\x81\n", "unreadable_encoding"),
        (b"\xff\xfea", "truncated"),
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(raw: bytes, reason: str) -> None:
    with pytest.raises(FileProblem) as caught:
        read_text(raw)
    assert (caught.value.reason, caught.value.status) == (reason, "refused")
    assert caught.value.fix


def test_one_pasted_damaged_comment_does_not_refuse_a_sound_file() -> None:
    text = read_text(("é;à\n" * 50 + "Ã©;b\n").encode())
    assert text.warnings == ("1 places where letters are encoded twice",)


def test_ledgers_lose_their_nul_bytes() -> None:
    assert read_text(b"a\0;b\n", keep_nul=True).data == b"a;b\n"
