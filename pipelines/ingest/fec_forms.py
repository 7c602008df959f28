"""Rarer shapes of a ledger: EBCDIC, no header, and closing entries that empty classes 6 and 7."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.ingest.model import FileProblem
from pipelines.ingest.stored import kept, windows
from pipelines.ingest.text import Text

# Where French EBCDIC (code page 297, 1147 with the euro) differs from code page 500, which Python knows.
FRENCH = {
    0x44: "@", 0x48: "\\", 0x4A: "°", 0x51: "{", 0x54: "}", 0x5A: "§", 0x6A: "ù", 0x79: "µ", 0x7B: "£", 0x7C: "à",
    0x90: "[", 0x9F: "€", 0xA0: "`", 0xA1: "¨", 0xB1: "#", 0xB5: "]", 0xC0: "é", 0xD0: "è", 0xE0: "ç",
}  # fmt: skip
SAMPLE = 4096
DIGITS = b"\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"
# What a ledger is made of in EBCDIC: digits, letters, space, comma, dot, the marks between cells, line ends.
COMMON = (
    DIGITS
    + bytes([*range(0x81, 0x8A), *range(0x91, 0x9A), *range(0xA2, 0xAA)])
    + (
        bytes([*range(0xC1, 0xCA), *range(0xD1, 0xDA), *range(0xE2, 0xEA)])
        + b"\x40\x6b\x4b\x05\x4f\xbb\x5e\x15\x25\x0d"
    )
)


def ebcdic(raw: bytes) -> Text | None:
    """The text of a ledger written in EBCDIC; None where it is not. Raises FileProblem where it has no lines."""
    sample = raw[:SAMPLE]
    if len(sample) < 64 or sum(map(sample.count, DIGITS)) * 10 < len(sample):
        return None
    if len(sample.translate(None, COMMON)) * 5 > len(sample):
        return None
    lined = b"\x15" in sample or b"\x25" in sample
    if not lined:
        raise FileProblem(
            "ebcdic_records",
            expected="text with an end to each line",
            found="EBCDIC records of a fixed length",
            fix="export the FEC as UTF-8 or ISO-8859-15 text",
        )
    table = {ord(bytes([code]).decode("cp500")): sign for code, sign in FRENCH.items()}
    # A bar is 0xBB in the French pages and 0x4F in the American ones, where French has "!".
    if sample.count(b"\x4f") > sample.count(b"\xbb"):
        table[ord("!")] = "|"
    texts = (window.decode("cp500").translate(table).replace("\x85", "\n") for window in windows(raw))
    data = kept((text.encode() for text in texts), raw)
    told = "read as EBCDIC (code page 1147): codes, dates and amounts are sure, accents may not be"
    return Text(data, "ebcdic", (told,))


def names_without_header(
    cells: Sequence[str], standard: Sequence[str], read_day: Callable[[str], object]
) -> list[str] | None:
    """Column names of a file whose first row is a line in the standard order, or None. Columns after the 18 have none.

    A letter or sign in the place of the credit says that the two amounts are Montant and Sens.
    """
    if len(cells) < len(standard) - 1:
        return None
    try:
        if read_day(cells[3]) is None or not cells[4].strip()[:3].isdigit():
            return None
    except ValueError:
        return None
    names = list(standard)
    if cells[12].strip().lower() in {"d", "c", "+1", "-1", "+", "-"}:
        names[11:13] = ["montant", "sens"]
    return names + [f"column {place}" for place in range(len(names) + 1, len(cells) + 1)]
