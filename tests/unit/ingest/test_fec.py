"""Golden ledgers: what accounting tools really write under the name of FEC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from pipelines.ingest import Decoded, FileProblem, SourceSpec

Decode = Callable[..., Decoded]
HEADER = (
    "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef|PieceDate|"
    "EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise"
)
SALE = 'VE|Ventes|1|20250131|706000|Prestations "Été"|||F1|20250131|Facture 1|0,00| 000000000012000,00|||20250131||'
CLIENT = (
    "VE|Ventes|1|20250131|411000|Clients|C1|Client 001|F1|20250131|Facture 1|"
    " 000000000012000,00|0,00|A|00000000|20250131||"
)
NAME = "123456789FEC20251231.txt"


def ledger(*lines: str, header: str = HEADER, end: str = "\n") -> str:
    return end.join([header, *lines]) + end


@pytest.fixture
def books(read: Decode) -> Decode:
    """Decode a ledger's text under a lawful name."""

    def run(content: str | bytes, name: str = NAME, aliases: frozenset[str] = frozenset()) -> Decoded:
        spec = SourceSpec("ledger", "ledger", "fec", "*", ledger_aliases=aliases)
        return read(content, spec, name=name)

    return run


def amounts(decoded: Decoded) -> list[tuple[Decimal, Decimal]]:
    return list(zip(decoded.table["debit"].to_pylist(), decoded.table["credit"].to_pylist(), strict=True))


def test_zero_padded_amounts_literal_quotes_and_empty_dates(books: Decode) -> None:
    decoded = books(ledger(SALE, CLIENT), aliases=frozenset({"C1"}))
    assert (decoded.records, decoded.accepted, decoded.delimiter) == (2, 2, "|")
    assert amounts(decoded) == [
        (Decimal("0.00"), Decimal("12000.00")),
        (Decimal("12000.00"), Decimal("0.00")),
    ]
    rows = decoded.table.to_pylist()
    assert (rows[0]["account_code"], rows[0]["entry_date"]) == ("706000", date(2025, 1, 31))
    assert (rows[1]["auxiliary_code"], rows[1]["auxiliary_is_alias"]) == ("C1", True)
    assert (rows[0]["auxiliary_code"], rows[0]["auxiliary_is_alias"]) == (None, False)
    assert (rows[1]["lettering_code"], rows[1]["lettering_date"]) == ("A", None)
    assert (rows[0]["company_code"], rows[0]["closing_date"]) == ("123456789", date(2025, 12, 31))
    assert not {"CompteLib", "EcritureLib"} & set(decoded.table.column_names)


@pytest.mark.parametrize("mark", ["\t", ";", ","])
def test_every_delimiter(books: Decode, mark: str) -> None:
    content = ledger(SALE.replace("0,00", "0.00"), CLIENT.replace("0,00", "0.00")).replace("|", mark)
    assert amounts(books(content))[0][1] == Decimal("12000.00")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_line_end_and_encoding(books: Decode, end: str) -> None:
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        assert books(ledger(SALE, CLIENT, end=end).encode(encoding)).accepted == 2


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("32.9", "32.90"),
        ("10248", "10248.00"),
        ("12,50-", "-12.50"),
        ("-000000000000012,50", "-12.50"),
        ("+5,00", "5.00"),
        ("\u00a07,10 ", "7.10"),
        ("1,5E3", "1500.00"),
        ("1437,1200000000001", "1437.12"),
        (",5", "0.50"),
        ("", "0.00"),
    ],
)
def test_amounts_as_editors_write_them(books: Decode, text: str, amount: str) -> None:
    line = SALE.replace("0,00| 000000000012000,00", f"{text}|0")
    assert amounts(books(ledger(line))) == [(Decimal(amount), Decimal("0.00"))]


@pytest.mark.parametrize("text", ["1 234,56", "1.234,56", "12.345", "abc", "1e99", "--5", "9" * 30])
def test_amounts_that_are_none_refuse_their_line(books: Decode, text: str) -> None:
    line = SALE.replace("0,00| 000000000012000,00", f"{text}|0")
    decoded = books(ledger(line, CLIENT.replace(",", ".") if text == "12.345" else CLIENT))
    assert [(p.record, p.line, p.reason, p.found) for p in decoded.quarantined] == [
        (1, 2, "bad_amount", "withheld")
    ]
    assert decoded.accepted == 1


def test_two_decimal_marks_hold_the_ledger(books: Decode) -> None:
    with pytest.raises(FileProblem) as caught:
        books(ledger(SALE, CLIENT.replace("0,00", "0.00")))
    assert (caught.value.reason, caught.value.status, caught.value.records) == (
        "unsettled_decimal_mark",
        "held",
        2,
    )


@pytest.mark.parametrize(("debit", "credit"), [("D", "C"), ("+1", "-1")])
def test_amount_with_its_sense(books: Decode, debit: str, credit: str) -> None:
    header = HEADER.replace("Debit|Credit", "Montant|Sens")
    lines = [
        f"VE|V|1|20250131|706000|P|||F|20250131|x|120,00|{credit}|||||",
        f"VE|V|1|20250131|411000|P|||F|20250131|x|120,00|{debit}|||||",
        "VE|V|1|20250131|411000|P|||F|20250131|x|120,00|X|||||",
    ]
    decoded = books(ledger(*lines, header=header))
    assert amounts(decoded) == [(Decimal(0), Decimal(120)), (Decimal(120), Decimal(0))]
    assert [problem.reason for problem in decoded.quarantined] == ["bad_amount"]


def test_header_accents_case_and_synonyms(books: Decode) -> None:
    header = (
        HEADER.replace("PieceRef", "PièceRef")
        .replace("CompAuxNum", "CompteAuxNum")
        .replace("EcritureLet", "EcrtureLet")
    )
    rows = books(ledger(CLIENT, header=header.upper())).table.to_pylist()
    assert (rows[0]["piece_ref"], rows[0]["auxiliary_code"], rows[0]["lettering_code"]) == ("F1", "C1", "A")


def test_columns_after_the_eighteenth_are_tolerated(books: Decode) -> None:
    assert books(ledger(SALE + "|20250131|CH|", header=HEADER + "|DateRglt|ModeRglt|NatOp")).accepted == 1


def test_a_trailing_delimiter_is_no_column(books: Decode) -> None:
    assert books(ledger(SALE + "|", CLIENT + "|")).accepted == 2
    assert books(ledger(SALE, CLIENT, header=HEADER + "|")).accepted == 2
    mixed = books(ledger(SALE, CLIENT + "|", SALE))
    assert mixed.table["account_code"].to_pylist() == ["706000", "411000", "706000"]


def test_a_ledger_without_header_in_the_standard_order(books: Decode) -> None:
    decoded = books(SALE + "\n" + CLIENT + "\n")
    assert (decoded.records, decoded.table["account_code"].to_pylist()) == (2, ["706000", "411000"])


def test_odoo_opening_account_and_nul_bytes(books: Decode) -> None:
    line = SALE.replace("706000", "120/129").replace("VE|", "OUV|").replace("F1", "-")
    assert books(ledger(line + "\0")).table["account_code"].to_pylist() == ["120/129"]


def test_lines_that_cannot_be_placed_are_quarantined(books: Decode) -> None:
    decoded = books(
        ledger(
            SALE,
            SALE.replace("|20250131|706", "|00000000|706"),
            SALE.replace("706000", "VENTES"),
            "VE|x",
            CLIENT,
        )
    )
    assert [(problem.record, problem.reason) for problem in decoded.quarantined] == [
        (2, "bad_date"),
        (3, "bad_account"),
        (4, "wrong_width"),
    ]
    assert (decoded.records, decoded.accepted) == (5, 2)


def test_an_unreadable_secondary_date_only_warns(books: Decode) -> None:
    decoded = books(ledger(SALE.replace("F1|20250131", "F1|soon")))
    assert decoded.table["piece_date"].to_pylist() == [None]
    assert decoded.warnings == ["1 dates of PieceDate could not be read and are left empty"]


@pytest.mark.parametrize(
    ("name", "company", "closing"),
    [
        ("444377204FEC20171231.csv", "444377204", date(2017, 12, 31)),
        ("export 444377204fec20171231 (2).txt", "444377204", date(2017, 12, 31)),
        ("ACME_FEC20250630.txt", "ACME_", date(2025, 6, 30)),
        ("books 444377204 final.txt", "444377204", date(2025, 1, 31)),
        ("books.txt", "ledger", date(2025, 1, 31)),
        ("444377204FEC20251331.txt", "444377204", date(2025, 1, 31)),
    ],
)
def test_company_and_closing_come_from_the_name_else_from_the_lines(
    books: Decode, name: str, company: str, closing: date
) -> None:
    decoded = books(ledger(SALE, CLIENT), name=name)
    assert (decoded.company_code, decoded.closing_date) == (company, closing)
    assert bool(decoded.warnings) == ("FEC2025" not in name.upper() or "1331" in name)


def test_a_cut_ledger_is_refused(books: Decode) -> None:
    with pytest.raises(FileProblem, match="truncated"):
        books(ledger(SALE, CLIENT)[:-30])


def test_what_is_no_ledger_is_held(books: Decode) -> None:
    with pytest.raises(FileProblem) as caught:
        books("a|b|c\n1|2|3\n")
    assert (caught.value.reason, caught.value.status, caught.value.records) == ("missing_column", "held", 1)


@pytest.mark.parametrize("mark", ["\t", "|", ";", " | ", " ; "])
def test_spaces_around_delimiters(books: Decode, mark: str) -> None:
    rows = books(ledger(SALE, CLIENT).replace("|", mark)).table.to_pylist()
    assert [row["account_code"] for row in rows] == ["706000", "411000"]
    assert [row["journal_code"] for row in rows] == ["VE", "VE"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/01/2025", date(2025, 1, 31)),
        ("31-01-2025", date(2025, 1, 31)),
        ("31.01.2025", date(2025, 1, 31)),
        ("2025-01-31", date(2025, 1, 31)),
        ("20250131 10:20:30", date(2025, 1, 31)),
        ("2025-01-31T00:00:00", date(2025, 1, 31)),
    ],
)
def test_days_as_editors_write_them(books: Decode, text: str, day: date) -> None:
    decoded = books(ledger(SALE.replace("|20250131|706", f"|{text}|706")))
    assert decoded.table["entry_date"].to_pylist() == [day]


@pytest.mark.parametrize("encoding", ["iso-8859-15", "cp1252", "utf-8", "cp850"])
def test_french_encodings(books: Decode, encoding: str) -> None:
    content = ledger(SALE, CLIENT.replace("|411000|", "|411000|").replace("C1|", "Société|"))
    rows = books(content.encode(encoding)).table.to_pylist()
    assert rows[1]["auxiliary_code"] == "Société"


def ebcdic(text: str) -> bytes:
    """In code page 297, whose line end is NEL: Python's page 500 with the signs that France moved."""
    moved = {"é": "\xc0", "è": "\xd0", "à": "\x7c", "ç": "\xe0"}
    codes = {sign: bytes([ord(code)]) for sign, code in moved.items()}
    return b"".join(codes.get(sign) or (b"\x15" if sign == "\n" else sign.encode("cp500")) for sign in text)


@pytest.mark.parametrize("mark", ["|", "\t"])
def test_a_ledger_in_ebcdic(books: Decode, mark: str) -> None:
    content = (
        ledger(SALE.replace('"Été"', "Café à la crème"), CLIENT)
        .replace("PieceRef", "PièceRef")
        .replace("|", mark)
    )
    decoded = books(ebcdic(content))
    assert (decoded.encoding, decoded.records, decoded.accepted, decoded.delimiter) == ("ebcdic", 2, 2, mark)
    assert amounts(decoded)[0] == (Decimal("0.00"), Decimal("12000.00"))
    assert decoded.table["piece_ref"].to_pylist() == ["F1", "F1"]
    assert any("EBCDIC" in warning for warning in decoded.warnings)


def test_ebcdic_records_without_line_ends_are_refused_with_a_sentence(books: Decode) -> None:
    with pytest.raises(FileProblem, match=r"ebcdic_records.*export the FEC as UTF-8"):
        books(ebcdic(ledger(SALE, CLIENT).replace("\n", " ")))


def test_no_header_with_montant_and_sens_or_columns_of_a_cash_basis(books: Decode) -> None:
    lines = [
        "VE|V|1|20250131|706000|P|||F|20250131|x|120,00|C|||||",
        "VE|V|1|20250131|411000|P|||F|20250131|x|120,00|D|||||",
    ]
    assert amounts(books("\n".join(lines) + "\n")) == [(Decimal(0), Decimal(120)), (Decimal(120), Decimal(0))]
    cash = [line + "|20250131|CH||FR" for line in (SALE, CLIENT)]
    decoded = books("\n".join(cash) + "\n")
    assert (decoded.records, decoded.accepted) == (2, 2)


CLOSING = [
    "VE|V|1|20250131|706000|P|||F|20250131|x|0,00|100,00|||20250131||",
    "VE|V|1|20250131|411000|P|||F|20250131|x|100,00|0,00|||20250131||",
    "HA|A|2|20250228|607000|P|||F|20250228|x|60,00|0,00|||20250228||",
    "HA|A|2|20250228|401000|P|||F|20250228|x|0,00|60,00|||20250228||",
]
CLOSE = [
    "CL|Cl|9|20251231|706000|P|||F|20251231|x|100,00|0,00|||20251231||",
    "CL|Cl|9|20251231|607000|P|||F|20251231|x|0,00|60,00|||20251231||",
    "CL|Cl|9|20251231|120000|P|||F|20251231|x|0,00|40,00|||20251231||",
]


def test_entries_that_close_the_year_are_left_out_and_said(books: Decode) -> None:
    decoded = books(ledger(*CLOSING, *CLOSE))
    assert (decoded.records, decoded.accepted) == (4, 4)
    assert "3 lines that close classes 6 and 7 (journal CL) are left out" in decoded.warnings
    assert {row["journal_code"] for row in decoded.table.to_pylist()} == {"VE", "HA"}


def test_a_ledger_that_is_not_closed_keeps_every_line(books: Decode) -> None:
    assert books(ledger(*CLOSING)).accepted == 4
    # an entry into the result that leaves an account open is no closing of the year
    assert books(ledger(*CLOSING, *CLOSE[:1], CLOSE[2].replace("0,00|40,00", "0,00|100,00"))).accepted == 6


def test_odoo_negative_amounts_and_a_slash_for_a_label(books: Decode) -> None:
    line = "OUV|O|0|20250101|120/129|R||| - |20250101|/|-000000000000012,50| 000000000000000,00|||20250101||"
    decoded = books(ledger(line))
    assert amounts(decoded) == [(Decimal("-12.50"), Decimal("0.00"))]
    assert decoded.table["account_code"].to_pylist() == ["120/129"]
