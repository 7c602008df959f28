"""Files as their publishers sent them, against figures computed by an independent script (shared/real/README.md)."""

from __future__ import annotations

import statistics
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.ingest import FileProblem, ItemSpec, MeasureSpec, SourceSpec, WaveSpec, decode

pytestmark = pytest.mark.real
LEDGER = SourceSpec("ledger", "ledger", "fec", "*FEC*")


def net(table: pa.Table, *prefixes: str) -> Decimal:
    """Sum of credit - debit over the accounts that start with one of the prefixes."""
    wanted = pc.match_substring_regex(table["account_code"], "^(" + "|".join(prefixes) + ")")
    return pc.sum(pc.subtract(table["credit"], table["debit"]).filter(wanted)).as_py()


def test_first_ledger_meets_its_published_accounts(real: Path) -> None:
    file = real / "finance" / "fec" / "0000000001FEC20220831.txt"
    decoded = decode(file, file.name, LEDGER)
    table = decoded.table
    assert (decoded.records, decoded.accepted, decoded.quarantined) == (5422, 5422, [])
    assert (decoded.company_code, str(decoded.closing_date)) == ("0000000001", "2022-08-31")
    assert (decoded.encoding, decoded.delimiter) == ("utf-8-sig", "\t")
    assert pc.sum(table["debit"]).as_py() == pc.sum(table["credit"]).as_py() == Decimal("10186219.81")
    assert net(table, "70") == Decimal("1049934.32")
    assert net(table, "64") == Decimal("-173614.25")
    assert net(table, "6", "7") == Decimal("173208.48")
    assert str(pc.min(table["entry_date"])) == "2021-09-01"


def test_second_ledger_has_columns_after_the_eighteenth_and_dates_outside_its_year(real: Path) -> None:
    file = real / "finance" / "fec" / "000000000FEC20231231.txt"
    decoded = decode(file, file.name, LEDGER)
    assert (decoded.records, decoded.accepted) == (2102, 2102)
    assert (
        pc.sum(decoded.table["debit"]).as_py()
        == pc.sum(decoded.table["credit"]).as_py()
        == Decimal("1265350.82")
    )
    assert net(decoded.table, "70") == Decimal("165297.93")
    assert net(decoded.table, "64") == Decimal("-34735.24")
    assert net(decoded.table, "6", "7") == Decimal("3988.38")
    assert any("outside the year" in warning for warning in decoded.warnings)


def test_airport_survey_has_its_net_promoter_score(real: Path) -> None:
    file = real / "customer" / "sfo" / "2017_SFO_Customer_Survey_20250817.csv"
    spec = SourceSpec(
        "airport", "responses", "table", "*", unit="sfo", drop=("*",), waves=(WaveSpec("2017", "2017*"),),
        keys={"response": "RESPNUM", "weight": "WEIGHT"},
        items=(
            ItemSpec("recommend", "NETPRO", minimum=0, maximum=10, missing={"11": "not_applicable"}),
            ItemSpec("overall", "Q7ALL", minimum=1, maximum=5, missing={"Blank": "blank", "6": "not_applicable"}),
        ),
    )  # fmt: skip
    decoded = decode(file, file.name, spec)
    assert (decoded.records, decoded.accepted) == (2831, 2831)
    scores = decoded.table["recommend"].drop_null().to_pylist()
    promoters, detractors = sum(score >= 9 for score in scores), sum(score <= 6 for score in scores)
    assert (len(scores), promoters, detractors) == (2746, 1436, 342)
    assert round(100 * (promoters - detractors) / len(scores), 2) == 39.84
    assert decoded.table["recommend__why"].to_pylist().count("not_applicable") == 84
    assert decoded.table["weight"][0].as_py() == Decimal("0.284718")


def test_airport_score_outside_its_scale_is_quarantined_when_not_declared_missing(real: Path) -> None:
    file = real / "customer" / "sfo" / "2017_SFO_Customer_Survey_20250817.csv"
    item = ItemSpec("recommend", "NETPRO", minimum=0, maximum=10)
    spec = SourceSpec(
        "airport", "responses", "table", "*", unit="sfo", items=(item,), drop=("*",), keys={"response": "RESPNUM"},
        waves=(WaveSpec("2017", "2017*"),),
    )  # fmt: skip
    decoded = decode(file, file.name, spec)
    assert [problem.reason for problem in decoded.quarantined] == ["out_of_scale"] * 84


@pytest.mark.parametrize(
    ("file", "median"),
    [
        ("Civil-Service-People-Survey-2018-All-Organisation-Scores-v2.0.csv", "0.62"),
        ("civil_service_peoples_survey_2016_all_org_scores.csv", "0.59"),
        ("Civil_Service_People_Survey_2020-_All_organisation_scores.ods", None),
    ],
)
def test_one_declaration_reads_percents_of_a_csv_and_shares_of_a_workbook(
    real: Path, file: str, median: str | None
) -> None:
    path = real / "employee" / "civil_service" / file
    engagement = MeasureSpec(
        "engagement", "Engagement index", ("EES", "Employee engagement index"), "share", {".": "suppressed"}
    )
    organisations = SourceSpec(
        "people", "measures", "table", "*", {"unit": "Organisation"}, measures=(engagement,), drop=("*",),
        sheet="Table_1", waves=(WaveSpec("w", "*"),), aliases=_names(path),
    )  # fmt: skip
    decoded = decode(path, path.name, organisations)
    values = [value for value in decoded.table["value"].to_pylist() if value is not None]
    assert decoded.accepted == decoded.table.num_rows == decoded.records - len(decoded.quarantined)
    assert all(0 < value < 1 for value in values)
    if median:
        assert statistics.median(values) == Decimal(median)
    else:
        assert (decoded.records, values[0]) == (111, Decimal("0.69"))


def _names(path: Path) -> dict[str, str]:
    """Every organisation of a file under its own name; the benchmark rows are left unknown."""
    probe = SourceSpec(
        "people", "measures", "table", "*", {"unit": "Organisation"}, drop=("*",), sheet="Table_1",
        waves=(WaveSpec("w", "*"),),
    )  # fmt: skip
    found = [problem.found.strip('"') for problem in decode(path, path.name, probe).quarantined]
    return {name: name for name in found if "enchmark" not in name and "mean score" not in name}


def test_a_workbook_of_several_sheets_asks_which(real: Path) -> None:
    path = (
        real / "employee" / "civil_service" / "Civil_Service_People_Survey_2020-_All_organisation_scores.ods"
    )
    with pytest.raises(FileProblem, match='sheet: "Contents"') as caught:
        decode(path, path.name, SourceSpec("people", "measures", "table", "*", drop=("*",)))
    assert caught.value.status == "held"


def test_qualtrics_with_german_question_texts(real: Path) -> None:
    path = real / "exports" / "qualtrics_sample_DE_3headers.csv"
    spec = SourceSpec(
        "clients", "responses", "qualtrics_csv", "*", unit="u", items=(ItemSpec("a", "QID1", minimum=1, maximum=5),),
        drop=("Recipient*", "Location*", "ExternalReference", "IPAddress", "*Topics"), comments=("Q2",),
    )  # fmt: skip
    row = decode(path, path.name, spec).table.to_pylist()[0]
    assert (row["response_id"], row["a"], row["language_code"], row["is_test"]) == (
        "R_2YPOQ602ER1jkf1",
        2,
        "DE",
        False,
    )
    assert str(row["submitted_at"]) == "2017-07-18 08:28:48"


def test_qualtrics_legacy_with_its_trailing_empty_column(real: Path) -> None:
    path = real / "exports" / "qualtrics_sample_legacy.csv"
    spec = SourceSpec(
        "clients", "responses", "qualtrics_csv", "*", unit="u", items=(ItemSpec("a", "Q1", minimum=1, maximum=5),),
        drop=("Name", "Location*", "ExternalData*", "IPAddress", "EmailAddress"), comments=("Q2",),
    )  # fmt: skip
    decoded = decode(path, path.name, spec)
    assert decoded.table.select(["response_id", "a", "is_complete"]).to_pylist() == [
        {"response_id": "R_2YPOQ602ER1jkf1", "a": 2.0, "is_complete": True}
    ]


def test_community_survey_reads_alike_as_csv_and_as_workbook(real: Path) -> None:
    item = ItemSpec("years", "How long have you been a member of the community?", minimum=0, maximum=10)
    spec = SourceSpec(
        "community", "responses", "table", "*", unit="u", items=(item,), drop=("*",),
        sheet="Stacks Gov Community Survey", waves=(WaveSpec("w", "*"),),
    )  # fmt: skip
    answers = []
    for suffix in ("csv", "xlsx"):
        path = real / "exports" / f"stacks_community_survey_2020.{suffix}"
        decoded = decode(path, path.name, spec)
        assert decoded.accepted == decoded.records == 69
        answers.append(decoded.table["years"].to_pylist())
    assert answers[0] == answers[1]
    assert any(answers[0])
