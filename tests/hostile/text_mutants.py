"""What happens to delimited text on its way: encodings, quotes, delimiters, lines, characters, cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.hostile.samples import CHARACTERS, DATES, DELIMITERS, ENCODINGS, FORMULAS, MARKS, NUMBERS

Mutator = Callable[[Random, bytes], bytes]
MUTATORS: dict[str, list[Mutator]] = {}


def mutates(kind: str) -> Callable[[Mutator], Mutator]:
    def add(function: Mutator) -> Mutator:
        MUTATORS.setdefault(kind, []).append(function)
        return function

    return add


def text_of(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _place(draw: Random, raw: bytes) -> int:
    return draw.randint(0, len(raw))


def _lines(raw: bytes) -> list[bytes]:
    return raw.splitlines(keepends=True) or [b""]


def delimiter_of(raw: bytes) -> bytes:
    """The mark most seen in the first line."""
    first = raw.split(b"\n", 1)[0]
    return max((bytes([mark]) for mark in DELIMITERS), key=first.count)


def with_cell(draw: Random, raw: bytes, cell: bytes, rows: int = 1) -> bytes:
    """Some unquoted cells below the header replaced."""
    mark, lines = delimiter_of(raw), _lines(raw)
    for _ in range(rows):
        if len(lines) < 2:
            return raw + mark + cell
        number = draw.randrange(1, len(lines))
        line = lines[number].rstrip(b"\r\n")
        end = lines[number][len(line) :]
        cells = line.split(mark)
        cells[draw.randrange(len(cells))] = cell
        lines[number] = mark.join(cells) + end
    return b"".join(lines)


# ---- encodings ---------------------------------------------------------------------------------------------


@mutates("encoding")
def recoded(draw: Random, raw: bytes) -> bytes:
    return text_of(raw).encode(draw.choice(ENCODINGS), "replace")


@mutates("encoding")
def marked_wrongly(draw: Random, raw: bytes) -> bytes:
    mark = draw.choice(MARKS)
    place = draw.choice([0, 0, _place(draw, raw), len(raw)])
    return raw[:place] + mark * draw.randint(1, 2) + raw[place:]


@mutates("encoding")
def half_and_half(draw: Random, raw: bytes) -> bytes:
    text = text_of(raw)
    place = draw.randint(0, len(text))
    return text[:place].encode() + text[place:].encode(draw.choice(ENCODINGS), "replace")


@mutates("encoding")
def encoded_twice(draw: Random, raw: bytes) -> bytes:
    return (text_of(raw) + "é").encode().decode("cp1252", "replace").encode()


@mutates("encoding")
def cut_character(draw: Random, raw: bytes) -> bytes:
    text = text_of(raw)
    place = draw.randint(0, len(text))
    return (
        text[:place].encode()
        + "é€👍".encode()[: draw.choice([1, 3, 4, 6, 7, 8])]
        + draw.choice([b"", text[place:].encode()])
    )


@mutates("encoding")
def invalid_utf8(draw: Random, raw: bytes) -> bytes:
    place = _place(draw, raw)
    bad = draw.choice(
        [
            b"\xc0\xaf",
            b"\xed\xa0\x80",
            b"\xf5\x80\x80\x80",
            b"\x80",
            b"\xff",
            b"\x81\x8d\x8f\x90\x9d",
            b"\xf0\x82\x82\xac",
        ]
    )
    return raw[:place] + bad + raw[place:]


@mutates("encoding")
def odd_utf16(draw: Random, raw: bytes) -> bytes:
    body = b"\xff\xfe" + text_of(raw).encode("utf-16-le")
    place = draw.randint(0, len(body))
    return body[:place] + draw.choice([b"", b"\0\xd8", b"\0"]) + body[place + draw.randint(0, 1) :]


# ---- quotes and delimiters ---------------------------------------------------------------------------------


@mutates("quotes")
def quotes_dropped(draw: Random, raw: bytes) -> bytes:
    share = draw.choice([0.1, 0.5, 1.0])
    return re.sub(b'"', lambda _: b"" if draw.random() < share else b'"', raw)


@mutates("quotes")
def quotes_added(draw: Random, raw: bytes) -> bytes:
    for _ in range(draw.choice([1, 1, 2, 5])):
        place = _place(draw, raw)
        raw = (
            raw[:place]
            + draw.choice([b'"', b'""', b'"""', b"'", b'\\"', "“".encode(), b'" ', b' "'])
            + raw[place:]
        )
    return raw


@mutates("quotes")
def quote_before_a_cell(draw: Random, raw: bytes) -> bytes:
    """Opened where a cell starts, and never closed, or by the next one that comes."""
    marks = [match.end() for match in re.finditer(rb"[,;\t|\n]", raw)] or [0]
    place = draw.choice(marks)
    return raw[:place] + b'"' + raw[place:]


@mutates("quotes")
def everything_quoted(draw: Random, raw: bytes) -> bytes:
    mark = delimiter_of(raw)
    return b"\n".join(b'"' + line.replace(mark, b'"' + mark + b'"') + b'"' for line in raw.splitlines())


@mutates("delimiters")
def delimiter_swapped(draw: Random, raw: bytes) -> bytes:
    mark, other = delimiter_of(raw), bytes([draw.choice(DELIMITERS + b"$^ :\x1f\x1e")])
    lines = _lines(raw)
    chosen = draw.choice([lambda _: True, lambda n: n == 0, lambda n: n > 0, lambda _: draw.random() < 0.3])
    return b"".join(
        line.replace(mark, other) if chosen(number) else line for number, line in enumerate(lines)
    )


@mutates("delimiters")
def delimiters_added(draw: Random, raw: bytes) -> bytes:
    mark = delimiter_of(raw)
    trailing = draw.random() < 0.5
    if trailing:
        return re.sub(rb"(\r?\n)", mark * draw.randint(1, 3) + rb"\1", raw)
    for _ in range(draw.randint(1, 6)):
        place = _place(draw, raw)
        raw = raw[:place] + mark + raw[place:]
    return raw


@mutates("delimiters")
def excel_says_its_own(draw: Random, raw: bytes) -> bytes:
    return b"sep=" + draw.choice([delimiter_of(raw), b";", b"!", b""]) + b"\r\n" + raw


# ---- lines -------------------------------------------------------------------------------------------------


@mutates("truncation")
def cut(draw: Random, raw: bytes) -> bytes:
    return raw[: _place(draw, raw)]


@mutates("truncation")
def beginning_lost(draw: Random, raw: bytes) -> bytes:
    return raw[_place(draw, raw) :]


@mutates("truncation")
def hole(draw: Random, raw: bytes) -> bytes:
    low, high = sorted((_place(draw, raw), _place(draw, raw)))
    return raw[:low] + draw.choice([b"", b"\0" * (high - low)]) + raw[high:]


@mutates("lines")
def lines_shuffled(draw: Random, raw: bytes) -> bytes:
    lines = _lines(raw)
    for _ in range(draw.randint(1, 4)):
        number = draw.randrange(len(lines))
        what = draw.choice(["drop", "twice", "swap", "blank", "header"])
        if what == "drop" and len(lines) > 1:
            del lines[number]
        elif what == "twice":
            lines.insert(draw.randrange(len(lines)), lines[number])
        elif what == "swap":
            other = draw.randrange(len(lines))
            lines[number], lines[other] = lines[other], lines[number]
        elif what == "blank":
            lines.insert(
                number, draw.choice([b"\n", b"  \n", b";;;\n", b'""\n', b"\xc2\xa0\n", b",\r\n", b"\r"])
            )
        else:
            lines.insert(number, lines[0])
    return b"".join(lines)


@mutates("lines")
def line_ends(draw: Random, raw: bytes) -> bytes:
    ends = draw.choice(
        [[b"\r"], [b"\r\n"], [b"\r\r\n"], [b"\n\r"], [b"\n", b"\r", b"\r\n"], [b"\n\n"], [b"\x0b"], [b""]]
    )
    return re.sub(rb"\r?\n", lambda _: draw.choice(ends), raw)


@mutates("lines")
def header_damaged(draw: Random, raw: bytes) -> bytes:
    first, _, rest = raw.partition(b"\n")
    mark = delimiter_of(raw)
    cells = first.split(mark)
    place = draw.randrange(len(cells))
    what = draw.choice(["drop", "twin", "empty", "huge", "case", "none", "lines"])
    if what == "none":
        return rest
    if what == "lines":
        return b"\n".join([b"Rapport", b"", b"genere le 1er mars"][: draw.randint(1, 3)]) + b"\n" + raw
    cells[place] = {
        "drop": cells[place][:-1], "twin": cells[0], "empty": b"", "huge": b"x" * 100_000, "case": cells[place].swapcase()
    }[what]  # fmt: skip
    return mark.join(cells) + b"\n" + rest


# ---- characters and cells ----------------------------------------------------------------------------------


def _strange(kind: str) -> Mutator:
    def strange(draw: Random, raw: bytes) -> bytes:
        text = text_of(raw)
        for _ in range(draw.choice([1, 3, 20])):
            place = draw.randint(0, len(text))
            text = text[:place] + draw.choice(CHARACTERS[kind]) + text[place:]
        return text.encode("utf-8", "surrogatepass")

    return strange


for _kind in CHARACTERS:
    mutates(_kind)(_strange(_kind))


@mutates("numbers")
def strange_number(draw: Random, raw: bytes) -> bytes:
    return with_cell(draw, raw, draw.choice(NUMBERS).encode(), draw.choice([1, 2, 10]))


@mutates("formulas")
def formula(draw: Random, raw: bytes) -> bytes:
    return with_cell(draw, raw, draw.choice(FORMULAS).encode(), draw.choice([1, 3]))


@mutates("dates")
def strange_date(draw: Random, raw: bytes) -> bytes:
    return with_cell(draw, raw, draw.choice(DATES).encode(), draw.choice([1, 2, 10]))


@mutates("empty")
def emptied(draw: Random, raw: bytes) -> bytes:
    return with_cell(
        draw, raw, draw.choice([b"", b" ", b"NULL", b"NA", b"-", b"\xc2\xa0", b'""', b"\xe2\x80\x8b"]), 6
    )


@mutates("size")
def huge_cell(draw: Random, raw: bytes) -> bytes:
    megabytes = draw.choice([1, 1, 1, 4, 4, 50])
    body = draw.choice([b"x", b"9", b"a ", b"\xc3\xa9", b'""', b"=", b" "]) * (megabytes << 19)
    return with_cell(draw, raw, body if draw.random() < 0.5 else b'"' + body + b'"')


@mutates("size")
def very_wide(draw: Random, raw: bytes) -> bytes:
    mark, wide = delimiter_of(raw), draw.choice([1_000, 20_000, 300_000])
    lines = _lines(raw)
    number = draw.choice([0, len(lines) - 1, draw.randrange(len(lines))])
    every = draw.random() < 0.3 and wide * len(lines) < 1_000_000
    extra = draw.choice([mark, mark + b"1", mark + b'"a"'])
    for one in range(len(lines)) if every else [number]:
        line = lines[one].rstrip(b"\r\n")
        lines[one] = line + extra * wide + lines[one][len(line) :]
    return b"".join(lines)


@mutates("size")
def many_lines(draw: Random, raw: bytes) -> bytes:
    times = draw.choice([200_000, 2_000_000]) // max(len(raw), 1) + 1
    filler = draw.choice([b"\n", b"\r", b" \n", raw.split(b"\n", 1)[-1], b'"\n', b",\n", b"\t"])
    return raw + filler * min(times * max(1, len(raw) // max(len(filler), 1)), 4_000_000)


@mutates("bytes")
def noise(draw: Random, raw: bytes) -> bytes:
    """Random bytes, alone, or over a part of the file."""
    if draw.random() < 0.2:
        return draw.randbytes(draw.choice([1, 2, 3, 16, 1000, 100_000]))
    place = _place(draw, raw)
    size = draw.choice([1, 4, 64, 4096])
    return raw[:place] + draw.randbytes(size) + raw[place + size :]


@mutates("bytes")
def flipped(draw: Random, raw: bytes) -> bytes:
    body = bytearray(raw)
    for _ in range(draw.choice([1, 1, 3, 30])):
        if body:
            body[draw.randrange(len(body))] ^= 1 << draw.randrange(8)
    return bytes(body)


@mutates("bytes")
def block_moved(draw: Random, raw: bytes) -> bytes:
    low, high = sorted((_place(draw, raw), _place(draw, raw)))
    place = _place(draw, raw)
    return draw.choice([raw[:low] + raw[high:] + raw[low:high], raw[:place] + raw[low:high] + raw[place:]])


@mutates("bytes")
def another_magic(draw: Random, raw: bytes) -> bytes:
    """Another kind of file by its first bytes."""
    magics = [
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"$FL2",
        b"$FL3",
        b"{",
        b"[",
        b"\x1f\x8b",
        b"%PDF-1.7\n",
        b"<html>",
        b"BZh9",
    ]
    return draw.choice(magics) + (raw if draw.random() < 0.7 else raw[8:])
