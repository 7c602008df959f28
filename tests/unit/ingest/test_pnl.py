"""Golden statements of income: wide and long, sums checked and left out, signs, brackets, years."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from pipelines.ingest import Decoded, FileProblem, SourceSpec
from pipelines.ingest.spec import StatementSpec

Decode = Callable[..., Decoded]
GOLDEN = """Compte;Libellé;janv. 2026;févr. 2026;Total
706;Prestations;120 000,00;115 500,50;235 500,50
641;Rémunérations;(60 000,00);(61 200,00);(121 200,00)
;Résultat;60 000,00;54 300,50;114 300,50
;;;;
"""
NATURAL = """Compte;Libellé;01/2026;02/2026
;Produits;;
70;Ventes;150;160
706;Prestations;100;110
707;Marchandises;50;50
;Charges;;
641;Salaires;60;61
6411;Salaires du siège;20;20
6412;Salaires des agences;40;41
607;Achats;10-;30
;Total charges;50;91
;Résultat;100;69
;Marge %;66,7 %;43,1 %
"""


@pytest.fixture
def books(read: Decode) -> Decode:
    def run(content: str | bytes, sign: str = "result", **changes: Any) -> Decoded:
        told = {"account": "Compte", "label": "Libellé", "sign": sign}
        told |= changes.pop("statement", {})
        parts = {"fiscal_start_month": 1, "format": "pnl"} | changes
        spec = SourceSpec("pnl", "ledger", parts.pop("format"), "*", statement=StatementSpec(**told), **parts)
        return read(content, spec, name="resultat.csv")

    return run


def net(decoded: Decoded) -> dict[tuple[str, int], Decimal]:
    """Credit less debit by account and month number."""
    rows = decoded.table.to_pylist()
    return {(row["account_code"], row["entry_date"].month): row["credit"] - row["debit"] for row in rows}


@pytest.mark.parametrize("format_name", ["pnl", "auto"])
def test_french_numbers_brackets_and_a_result_that_is_checked_and_left_out(
    books: Decode, format_name: str
) -> None:
    decoded = books(GOLDEN, format=format_name)
    assert (decoded.records, decoded.accepted, decoded.format) == (2, 2, "pnl")
    assert net(decoded) == {
        ("706", 1): Decimal("120000.00"),
        ("706", 2): Decimal("115500.50"),
        ("641", 1): Decimal("-60000.00"),
        ("641", 2): Decimal("-61200.00"),
    }
    row = decoded.table.to_pylist()[0]
    assert (row["entry_date"], row["closing_date"], row["journal_code"]) == (
        date(2026, 1, 31),
        date(2026, 12, 31),
        "PNL",
    )
    assert (row["company_code"], row["record_number"], row["auxiliary_code"]) == ("pnl", 1, None)
    assert "1 lines are sums of others: checked against them and left out" in decoded.warnings


def test_parents_by_code_headings_and_ratios_are_no_records(books: Decode) -> None:
    decoded = books(NATURAL, sign="natural")
    assert (decoded.records, decoded.accepted) == (5, 5)
    assert {account for account, _ in net(decoded)} == {"706", "707", "6411", "6412", "607"}
    assert net(decoded)[("607", 1)] == Decimal("10.00")  # a negative charge is income
    assert net(decoded)[("6412", 2)] == Decimal("-41.00")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("706;Prestations;100;110", "706;Prestations;100;121", "Ventes"),
        ("6412;Salaires des agences;40;41\n", "", "Salaires"),
        (";Résultat;100;69", ";Résultat;100;79", "Résultat"),
        ("707;Marchandises;50;50\n", "", "Ventes"),
    ],
)
def test_a_sum_that_is_none_any_more_holds_the_file_and_is_named(
    books: Decode, old: str, new: str, named: str
) -> None:
    assert old in NATURAL
    content = NATURAL.replace(old, new)
    if "Marchandises" not in content:  # enough accounts left for a parent, one of them lost
        content = content.replace("706;Prestations", "7061;Prestations")
    with pytest.raises(FileProblem) as caught:
        books(content, sign="natural")
    assert (caught.value.reason, caught.value.status) == ("subtotal_mismatch", "held")
    assert f'"{named}"' in caught.value.expected
    assert not set("0123456789") & set(
        caught.value.found.replace("of 2 months", "").replace("1 ", "").replace("2 ", "")
    )


def test_a_total_column_that_is_no_sum_holds_the_file(books: Decode) -> None:
    with pytest.raises(FileProblem, match=r"total_mismatch.*account 706"):
        books(GOLDEN.replace("235 500,50", "235 500,51").replace("114 300,50", "114 300,51"))
    assert books(GOLDEN.replace("235 500,50", "9,00"), drop=("Total",)).accepted == 2


@pytest.mark.parametrize(("declared", "fix"), [("natural", "sign: result"), ("debit", "sign: natural")])
def test_a_convention_the_file_contradicts_holds_it(books: Decode, declared: str, fix: str) -> None:
    with pytest.raises(FileProblem, match="sign_changed") as caught:
        books(GOLDEN, sign=declared)
    assert fix in caught.value.fix


def test_charges_written_positive(books: Decode) -> None:
    content = "Compte;Libellé;2026-01\n706;Ventes;-100\n641;Paie;60\n"
    assert net(books(content, sign="debit")) == {("706", 1): 100, ("641", 1): -60}


@pytest.mark.parametrize(
    "header",
    [
        "janv. 2026;févr. 2026",
        "2026-01;2026-02",
        "Jan-26;Feb-26",
        "01/2026;02/2026",
        "January 2026;February 2026",
    ],
)
def test_every_way_to_write_a_month(books: Decode, header: str) -> None:
    decoded = books(GOLDEN.replace("janv. 2026;févr. 2026", header))
    assert sorted({row["entry_date"] for row in decoded.table.to_pylist()}) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
    ]


def test_a_long_statement_with_units_sums_and_a_bad_amount(books: Decode) -> None:
    content = (
        "Compte,Libellé,Agence,Mois,Montant\n706,Ventes,LY,2026-01,100.5\n641,Paie,LY,2026-01,-60\n,Résultat,LY,2026-01,40.5\n"
        "706,Ventes,LY,2026-02,90\n641,Paie,LY,2026-02,-61\n,Résultat,LY,2026-02,29\n"
    )
    told = {"unit": "Agence", "month": "Mois", "amount": "Montant"}
    decoded = books(content, statement=told, ledger_aliases=frozenset({"LY"}))
    assert (decoded.records, decoded.accepted) == (4, 4)
    assert net(decoded)[("641", 2)] == Decimal("-61.00")
    row = decoded.table.to_pylist()[0]
    assert (row["auxiliary_code"], row["auxiliary_is_alias"]) == ("LY", True)
    bad = books(
        "Compte,Libellé,Agence,Mois,Montant\n706,V,LY,2026-01,100\n641,P,LY,2026-01,sixty\n641,P,LY,soon,60\n",
        statement=told,
    )
    assert [(p.record, p.line, p.reason, p.found) for p in bad.quarantined] == [
        (2, 3, "bad_amount", "withheld"),
        (3, 4, "bad_amount", "withheld"),
    ]
    assert (bad.records, bad.accepted) == (3, 1)


def test_the_closing_date_is_the_fiscal_years_so_that_a_later_export_replaces_it(books: Decode) -> None:
    one = books("Compte;Libellé;2025-09\n706;V;1\n", fiscal_start_month=9)
    later = books("Compte;Libellé;2025-09;2026-03\n706;V;1;2\n", fiscal_start_month=9)
    assert one.closing_date == later.closing_date == date(2026, 8, 31)


def test_two_fiscal_years_in_one_file_are_held_until_one_is_dropped(books: Decode) -> None:
    content = "Compte;Libellé;déc. 2025;janv. 2026\n706;V;1;2\n"
    with pytest.raises(FileProblem, match="several_fiscal_years"):
        books(content)
    assert net(books(content, drop=("* 2025",))) == {("706", 1): 2}


def test_a_workbook_whose_months_are_dates_and_whose_header_is_lower_down(books: Decode) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Compte de résultat"], [], ["Compte", "Libellé", date(2026, 1, 1), date(2026, 2, 1), "Total"],
        [706000, "Ventes", 100.1, 200.2, 300.3], [641000, "Paie", -60, -70.25, -130.25],
        [None, "Résultat", 40.1, 129.95, 170.05],
    ):  # fmt: skip
        sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    decoded = books(raw.getvalue(), header_row=3)
    assert net(decoded)[("706000", 2)] == Decimal("200.20")
    assert (decoded.records, decoded.encoding) == (2, "workbook")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Compte;Libellé;Budget;2026-01\n706;V;1;2\n", "undeclared_column"),
        ("Compte;Libellé;Réel;Budget\n706;V;1;2\n", "undeclared_column"),
        ("Account;Libellé;2026-01\n706;V;1\n", "missing_column"),
        ("Compte;Libellé\n706;V\n", "no_months"),
        ("Compte;Libellé;2026-01;janv. 2026\n706;V;1;2\n", "duplicate_column"),
        ("Compte;Libellé;2026-01;2026-02\n706;V;1,25;2.5\n641;P;-1.5;2\n", "unsettled_decimal_mark"),
        ("Compte;Libellé;2026-01\n;Total;5\n", "subtotal_mismatch"),
        ("Compte;Libellé;2026-01\n706;V;\n", "several_fiscal_years|no_records"),
    ],
)
def test_what_cannot_be_settled_is_held_by_name(books: Decode, content: str, reason: str) -> None:
    with pytest.raises(FileProblem, match=reason) as caught:
        books(content)
    assert caught.value.status == "held"
