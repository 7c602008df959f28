"""A workbook is a zip: its directory is judged before anything in it is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from datetime import date

from pipelines.ingest.isolated import unreadable
from pipelines.ingest.model import FileProblem

LARGEST_UNPACKED = 1 << 29
MOST_MEMBERS = 10_000
# Sheets shrink ten to fifty times; a member this large that shrinks more is made to fill the memory.
BOMB_RATIO, BOMB_SIZE = 200, 1 << 24
HEAD = 2048
EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
BOOKS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, LookupError, ArithmeticError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def check_archive(raw: bytes) -> date:
    """Day 0 of the workbook's dates.

    Raises FileProblem: zip_bomb, too_large, unsafe_names, not_a_workbook, entities, password_protected, unreadable.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            _refuse_bomb(members)
            names = {member.filename.replace("\\", "/").lower(): member for member in members}
            if any(".." in name.split("/") or name.startswith("/") for name in names):
                raise FileProblem(
                    "unsafe_names",
                    expected="a workbook",
                    found="a zip whose files would be written outside their folder",
                    fix="ask its sender where it comes from; save the workbook again in a spreadsheet program",
                )
            if not any(book in names for book in BOOKS):
                raise FileProblem(
                    "not_a_workbook",
                    expected="a workbook",
                    found=f"a zip of {len(members)} files",
                    fix="unpack it and send the files in it",
                )
            if any(member.flag_bits & 1 for member in members):
                raise _protected()
            _refuse_entities(archive, members)
            if "xl/workbook.xml" in names:
                book = archive.read(names["xl/workbook.xml"])
                return EPOCH_1904 if b'date1904="1"' in book or b'date1904="true"' in book else EPOCH_1900
    except BROKEN:
        raise unreadable() from None
    return EPOCH_1900


def _refuse_bomb(members: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = [
        member
        for member in members
        if member.file_size > BOMB_SIZE and member.file_size > BOMB_RATIO * max(1, member.compress_size)
    ]
    if packed or len(members) > MOST_MEMBERS:
        raise FileProblem(
            "zip_bomb",
            expected=f"at most {MOST_MEMBERS:,} members, none packed more than {BOMB_RATIO} times",
            found=f"{len(members):,} members that unpack to {unpacked >> 20:,} MB from {_size(members):,} MB",
            fix="save the data alone in a new workbook, or export it as CSV",
        )
    if unpacked > LARGEST_UNPACKED:
        raise FileProblem(
            "too_large",
            expected=f"at most {LARGEST_UNPACKED >> 20} MB unpacked",
            found=f"{unpacked >> 20:,} MB",
            fix="export it as CSV, or in several files",
        )


def _size(members: list[zipfile.ZipInfo]) -> int:
    return sum(member.compress_size for member in members) >> 20


def _refuse_entities(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """No workbook program writes a document type; one that is there would define entities."""
    for member in members:
        if not member.filename.lower().endswith((".xml", ".rels")):
            continue
        with archive.open(member) as part:
            head = part.read(HEAD).replace(b"\0", b"").upper()
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise FileProblem(
                "entities",
                expected="a workbook without a document type",
                found="an XML document type, which can define entities",
                fix="save the data in a new workbook, or export it as CSV",
            )


def _protected() -> FileProblem:
    return FileProblem(
        "password_protected",
        expected="a workbook without a password",
        found="a protected one",
        fix="save it without a password",
    )
