"""What happens to workbooks and SPSS files: bombs, giants, entities, path tricks, lies in their directories."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.hostile import text_mutants
from tests.hostile.originals import CANARY, ROWS, ods, xlsx
from tests.hostile.samples import DATES, FORMULAS, NUMBERS
from tests.hostile.text_mutants import Mutator

ZIP: dict[str, list[Mutator]] = {}
SAV: dict[str, list[Mutator]] = {}
SHEET = "xl/worksheets/sheet1.xml"
BOMB = b"0" * (1 << 20)


def adds_to(table: dict[str, list[Mutator]]) -> Callable[[str], Callable[[Mutator], Mutator]]:
    def mutates(kind: str) -> Callable[[Mutator], Mutator]:
        def add(function: Mutator) -> Mutator:
            table.setdefault(kind, []).append(function)
            return function

        return add

    return mutates


zips, savs = adds_to(ZIP), adds_to(SAV)
for _table in (ZIP, SAV):
    _table["truncation"] = text_mutants.MUTATORS["truncation"]
    _table["bytes"] = text_mutants.MUTATORS["bytes"]


def members(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(
    parts: dict[str, bytes], extra: Sequence[tuple[str, bytes]] = (), method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # a name twice is meant
        for name, body in [*parts.items(), *extra]:
            archive.writestr(zipfile.ZipInfo(name), body, method)
    return out.getvalue()


def _sheet_of(parts: dict[str, bytes]) -> str:
    """The part that holds the first sheet."""
    sheets = sorted(name for name in parts if re.fullmatch(r"xl/worksheets/[^/]*\.xml|content\.xml", name))
    return sheets[0] if sheets else next(iter(parts))


# ---- zips --------------------------------------------------------------------------------------------------


@zips("zip bomb")
def high_ratio(draw: Random, raw: bytes) -> bytes:
    parts = members(raw)
    body = draw.choice([b"<x>", b"", b"<!-- "]) + BOMB * draw.choice([20, 100, 400])
    where = draw.choice([_sheet_of(parts), "xl/media/image1.png", "xl/sharedStrings.xml"])
    return packed(parts | {where: body})


@zips("zip bomb")
def nested(draw: Random, raw: bytes) -> bytes:
    inner = packed({"0": BOMB * 20})
    for depth in range(draw.choice([1, 4])):
        inner = packed({str(number): inner for number in range(8 if depth < 2 else 2)})
    return draw.choice([inner, packed(members(raw) | {"xl/embeddings/book.xlsx": inner})])


@zips("zip bomb")
def many_members(draw: Random, raw: bytes) -> bytes:
    return packed(
        members(raw), [(f"xl/x{number}.xml", b"") for number in range(draw.choice([2_000, 12_000, 66_000]))]
    )


@zips("zip bomb")
def lying_size(draw: Random, raw: bytes) -> bytes:
    """The directory says that a member is small, or immense."""
    body = bytearray(packed(members(raw) | {"xl/filler.xml": BOMB * 30}))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = body.find(mark)
        while at >= 0:
            if draw.random() < 0.5:
                body[at + place : at + place + 4] = struct.pack(
                    "<I", draw.choice([0, 1, 100, 0xFFFFFFFF, 0x7FFFFFFF])
                )
            at = body.find(mark, at + 4)
    return bytes(body)


@zips("zip bomb")
def padded_sheet(draw: Random, raw: bytes) -> bytes:
    """A sheet that unpacks to a few hundred megabytes, just under the ratio that gives it away."""
    parts = members(raw)
    name = _sheet_of(parts)
    noise = draw.randbytes(60_000).hex().encode()
    filler = b"<!--" + noise + b" " * (6_000_000) + b"-->"
    return packed(parts | {name: parts[name] + filler * draw.choice([1, 20, 60])})


@zips("giant")
def sparse_giant(draw: Random, raw: bytes) -> bytes:
    parts = members(xlsx(ROWS))
    sheet = parts[SHEET].decode()
    last = draw.choice(["XFD1048576", "A1048576", "XFD1", "XFE1048577", "ZZZ99999999", "A0", "A4294967296"])
    cell = draw.choice([f'<row r="1048576"><c r="{last}" t="n"><v>1</v></c></row>', ""])
    sheet = re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="A1:{last}"', sheet)
    return packed(parts | {SHEET: sheet.replace("</sheetData>", f"{cell}</sheetData>").encode()})


@zips("giant")
def repeated_rows(draw: Random, raw: bytes) -> bytes:
    return ods(ROWS, draw.choice([1_048_576, 4_000_000_000, 10**18, -1, 0, 100_000]))


@zips("giant")
def repeated_cells(draw: Random, raw: bytes) -> bytes:
    parts = members(ods(ROWS))
    many = draw.choice([16_384, 100_000_000, 10**15, -5])
    body = parts["content.xml"].replace(
        b"<table:table-cell",
        f'<table:table-cell table:number-columns-repeated="{many}"'.encode(),
        draw.choice([1, 3]),
    )
    return packed(parts | {"content.xml": body})


@zips("giant")
def merged_giant(draw: Random, raw: bytes) -> bytes:
    parts = members(xlsx(ROWS))
    areas = ["A1:XFD1048576", "A2:A1048576", "B2:A1", "A1", ":", "A1:A1:A1", "XFD1048576:A1", "A" * 5000]
    merged = "".join(f'<mergeCell ref="{draw.choice(areas)}"/>' for _ in range(draw.choice([1, 50_000])))
    sheet = parts[SHEET].decode().replace("</sheetData>", f"</sheetData><mergeCells>{merged}</mergeCells>")
    return packed(parts | {SHEET: sheet.encode()})


@zips("giant")
def wide_workbook(draw: Random, raw: bytes) -> bytes:
    rows = [list(row) + ["x"] * draw.choice([300, 3000]) for row in ROWS]
    return draw.choice([xlsx, ods])(rows)


@zips("entities")
def entities(draw: Random, raw: bytes) -> bytes:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    told = draw.choice(
        [laughs, '<!ENTITY l11 SYSTEM "file:///etc/passwd">', '<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;']
    )
    parts = members(raw)
    name = draw.choice([part for part in parts if part.endswith((".xml", ".rels"))] or list(parts))
    body = parts[name].decode("utf-8", "replace")
    body = body.split("?>", 1)[-1] if body.startswith("<?xml") else body
    gap = " " * draw.choice([0, 0, 5000])
    body = f"<?xml version='1.0'?>{gap}<!DOCTYPE x [{told}]>" + re.sub(
        r"<t>[^<]*|<text:p>[^<]*", r"\g<0>&l11;", body, count=2
    )
    coded = body.encode(draw.choice(["utf-8", "utf-8", "utf-16"]))
    return packed(parts | {name: coded})


@zips("paths")
def path_tricks(draw: Random, raw: bytes) -> bytes:
    names = ["../../etc/cron.d/x", "/etc/passwd", "..\\..\\x.xml", "C:\\x", "xl/../../../x", "a\nb.xml", "\u202exslx.exe", "x" * 255, "", "/", "xl//x", "./xl/workbook.xml", "XL/WORKBOOK.XML", "é.xml", "con.xml"]  # fmt: skip
    extra = [(name, b"<x/>") for name in draw.sample(names, 2)]
    return packed(members(raw), extra)


@zips("paths")
def twice(draw: Random, raw: bytes) -> bytes:
    parts = members(raw)
    name = draw.choice(list(parts))
    return packed(parts, [(name, draw.choice([parts[name], b"", b"<x/>", parts[_sheet_of(parts)]]))])


@zips("parts")
def part_damaged(draw: Random, raw: bytes) -> bytes:
    """One part lost, emptied, or mutated as text, under a sound directory."""
    parts = members(raw)
    name = draw.choice(list(parts))
    what = draw.choice(["lost", "empty", "text", "text", "text", "other"])
    if what == "lost":
        del parts[name]
    elif what == "text":
        kind = draw.choice(["bytes", "truncation", "quotes", "NUL", "encoding", "letters"])
        parts[name] = draw.choice(text_mutants.MUTATORS[kind])(draw, parts[name])
    else:
        parts[name] = b"" if what == "empty" else parts[draw.choice(list(parts))]
    return packed(parts, method=draw.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]))


@zips("parts")
def attributes(draw: Random, raw: bytes) -> bytes:
    """Numbers in the sheet's markup replaced by impossible ones: places, styles, indexes of shared texts."""
    parts = members(raw)
    name = draw.choice([_sheet_of(parts), draw.choice(list(parts))])
    body = parts[name].decode("utf-8", "replace")
    for _ in range(draw.choice([1, 3, 10])):
        spots = list(re.finditer(r'="[^"]*"|<v>[^<]*', body))[:5000]
        if not spots:
            break
        spot = draw.choice(spots)
        new = draw.choice(
            ["-1", "99999999999", "4294967295", "", "A1:", "NaN", "&#0;", "&#x110000;", "\u202e", "1e400"]
        )
        body = (
            body[: spot.start()]
            + (f"<v>{new}" if spot.group().startswith("<v>") else f'="{new}"')
            + body[spot.end() :]
        )
    return packed(parts | {name: body.encode()})


@zips("cells")
def strange_cells(draw: Random, raw: bytes) -> bytes:
    """Formulas, numbers, dates and long texts in a workbook of ours."""
    rows = [list(row) for row in ROWS]
    values: list[Any] = [
        *FORMULAS,
        *NUMBERS,
        *DATES,
        True,
        1e300,
        -1e-300,
        10**400 % 10**15,
        "é" * 32_000,
        "\u202e" + CANARY,
        " ",
        "",
    ]
    for _ in range(draw.choice([1, 4, 20])):
        rows[draw.randrange(1, len(rows))][draw.randrange(len(rows[0]))] = draw.choice(values)
    if draw.random() < 0.5:
        return ods([[str(cell).replace("&", "").replace("<", "") for cell in row] for row in rows])
    return xlsx(
        [
            [
                None if isinstance(cell, str) and re.search(r"[\0-\x08\x0b-\x1f]", cell) else cell
                for cell in row
            ]
            for row in rows
        ]
    )


@zips("cells")
def strange_serials(draw: Random, raw: bytes) -> bytes:
    """Numbers dressed as dates, at and beyond the edges of the calendar."""
    parts = members(xlsx(ROWS))
    numbers = ["-1", "0", "59", "60", "2958465.99", "2958466", "1e9", "1e300", "-693594", "NaN", "inf"]
    cells = "".join(
        f'<row r="{20 + n}"><c r="C{20 + n}" s="{draw.choice([0, 1, 9])}"><v>{draw.choice(numbers)}</v></c></row>'
        for n in range(4)
    )
    sheet = parts[SHEET].decode().replace("</sheetData>", f"{cells}</sheetData>")
    return packed(parts | {SHEET: sheet.encode()})


@zips("flags")
def flagged(draw: Random, raw: bytes) -> bytes:
    """Said to be encrypted, packed by an unknown method, of another version."""
    body = bytearray(raw)
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = body.find(mark)
        while at >= 0:
            shift = draw.choice([0, 2, -2])
            body[at + place + shift] = draw.choice([1, 8, 0x41, 99, 12, 14])
            at = body.find(mark, at + 4)
    return bytes(body)


@zips("flags")
def wrapped(draw: Random, raw: bytes) -> bytes:
    junk = draw.choice([b"MZ\x90", b"\n", b"PK\x05\x06", draw.randbytes(100), b"PK\x03\x04" * 1000])
    return draw.choice([junk + raw, raw + junk, raw + raw])


# ---- SPSS --------------------------------------------------------------------------------------------------


@savs("lies")
def header_lies(draw: Random, raw: bytes) -> bytes:
    """The header's counts of variables and cases, its compression, its byte order; lengths further on."""
    body = bytearray(raw)
    for _ in range(draw.choice([1, 2])):
        place = draw.choice([64, 68, 72, 76, 80, draw.randrange(176, max(177, len(body) - 4))])
        body[place : place + 4] = struct.pack(
            "<i", draw.choice([-1, 0, 1, 2, 3, 99, 2**31 - 1, -(2**31), 65536])
        )
    return bytes(body)


@savs("lies")
def letters_in_records(draw: Random, raw: bytes) -> bytes:
    body = bytearray(raw)
    place = draw.randrange(176, len(body))
    word = draw.choice(
        [
            b"\xff" * 8,
            b"\0" * 8,
            b"\xe9" + b" " * 7,
            "\ud7ff".encode() * 3,
            b"\x02\0\0\0",
            b"\x07\0\0\0",
            b"\xe7\x03\0\0",
        ]
    )
    body[place : place + len(word)] = word
    return bytes(body)


@savs("lies")
def zlib_bomb(draw: Random, raw: bytes) -> bytes:
    place = raw.find(b"\x78\x01") if b"\x78\x01" in raw else raw.find(b"\x78\x9c")
    bomb = zlib.compress(BOMB * 50)
    return raw[: place if place > 0 else len(raw) // 2] + bomb + raw[-48:]
