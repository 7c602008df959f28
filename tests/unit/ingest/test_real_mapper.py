"""The declared mapper on files as their publishers sent them, against figures computed by an independent script."""

from __future__ import annotations

import csv
import datetime as dt
import statistics
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.ingest import Decoded, ItemSpec, MeasureSpec, SourceSpec, WaveSpec, decode
from pipelines.ingest.spec import ChoiceSpec, FactSpec, LongSpec

pytestmark = pytest.mark.real
ONE_WAVE = (WaveSpec("w", "*"),)


def read(path: Path, kind: str, **parts: object) -> Decoded:
    given: dict[str, object] = {"drop": ("*",), "waves": ONE_WAVE, "time_zone": "Europe/London"} | parts
    return decode(path, path.name, SourceSpec("s", kind, "table", "*", **given))  # type: ignore[arg-type]


def column_of(path: Path, name: str, encoding: str = "utf-8-sig") -> list[str]:
    with path.open(encoding=encoding, newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def test_deliveries_are_on_time_as_published(real: Path) -> None:
    path = real / "supplier" / "scms_delivery_history_usaid.csv"
    facts = (
        FactSpec("on_time", promised="scheduled delivery date", actual="delivered to client date"),
        FactSpec(
            "ordered_in_time", promised="scheduled delivery date", actual="po sent to vendor date",
            missing={"Date Not Captured": "blank", "N/A - From RDC": "not_applicable"},
        ),
    )  # fmt: skip
    decoded = read(
        path, "events", keys={"response": "id", "counterparty": "vendor"}, unit="partners", facts=facts,
        time_formats=("%d-%b-%y", "%m/%d/%Y"),
    )  # fmt: skip
    assert (decoded.records, decoded.accepted, decoded.quarantined) == (10_324, 10_324, [])
    rows = decoded.table.select(["counterparty_code", "measure_code", "value", "missing_reason"]).to_pylist()
    on_time = [(row["counterparty_code"], row["value"]) for row in rows if row["measure_code"] == "on_time"]
    others = [value for vendor, value in on_time if vendor != "SCMS from RDC"]
    assert round(100 * statistics.mean(value for _, value in on_time), 1) == Decimal("88.5")
    assert (len(others), round(100 * statistics.mean(others), 1)) == (4920, Decimal("94.7"))
    ordered = [row["missing_reason"] for row in rows if row["measure_code"] == "ordered_in_time"]
    assert ordered.count("not_applicable") == 5404
    assert ordered.count(None) + ordered.count("blank") + 5404 == 10_324


def test_deliveries_whose_words_are_not_declared_are_refused_one_by_one(real: Path) -> None:
    path = real / "supplier" / "scms_delivery_history_usaid.csv"
    fact = FactSpec("t", promised="scheduled delivery date", actual="po sent to vendor date")
    decoded = read(
        path,
        "events",
        keys={"response": "id"},
        unit="u",
        facts=(fact,),
        time_formats=("%d-%b-%y", "%m/%d/%Y"),
    )
    words = [text for text in column_of(path, "po sent to vendor date", "cp1252") if text[:1] in "DN"]
    assert len(decoded.quarantined) == len(words) > 5404
    assert {problem.reason for problem in decoded.quarantined} == {"bad_date"}


def test_emergency_rates_by_month_written_out(real: Path) -> None:
    path = real / "nhs_trusts" / "ae_trust_monthly_2021on.csv"
    trusts = set(column_of(path, "nhs_trust22_code"))
    decoded = read(
        path, "measures", waves=None, aliases={trust: trust.lower() for trust in trusts},
        keys={"unit": "nhs_trust22_code", "submitted_at": "date", "n": "total_attendances"},
        measures=(MeasureSpec("over_4h", "pct_attendance_over_4hours", (), "share", {"NA": "not_applicable"}),),
    )  # fmt: skip
    assert decoded.records == decoded.accepted == len(column_of(path, "date"))
    days = decoded.table["submitted_date"].to_pylist()
    assert (min(days), max(days)) == (dt.date(2021, 4, 30), dt.date(2025, 7, 31))
    first = decoded.table.slice(2, 1).to_pylist()[0]
    assert (first["unit_code"], str(first["value"]), first["n"]) == ("rwh", "0.170000", 13470)


def test_staff_survey_rows_say_their_year(real: Path) -> None:
    path = real / "nhs_trusts" / "staff_survey_2021_2024_trusts.csv"
    years = column_of(path, "Year")
    trusts = set(column_of(path, "ODS code"))
    burnout = MeasureSpec(
        "burnout", "Burned_out_rate", (), "percent", {"-": "suppressed", "NA": "suppressed"}
    )
    parts = {
        "keys": {"unit": "ODS code", "wave": "Year", "n": "Respondents"}, "measures": (burnout,),
        "aliases": {trust: trust.lower() for trust in trusts},
    }  # fmt: skip
    waves = tuple(WaveSpec(f"y{year}", None, year) for year in ("2021", "2022", "2023", "2024"))
    decoded = read(path, "measures", waves=waves, **parts)
    assert decoded.accepted == decoded.records == len(years) == 1075
    assert decoded.table["wave_code"].to_pylist() == [f"y{year}" for year in years]
    without = read(path, "measures", waves=waves[:3], **parts)
    assert [problem.reason for problem in without.quarantined] == ["unknown_wave"] * years.count("2024")


def test_inpatient_trusts_join_the_staff_survey_by_cleaned_name(real: Path) -> None:
    staff = real / "nhs_trusts" / "staff_survey_2021_2024_trusts.csv"
    with staff.open(encoding="utf-8-sig", newline="") as file:
        names = {
            row["Organisation name"]: row["ODS code"].lower()
            for row in csv.DictReader(file)
            if row["Year"] == "2023"
        }
    decoded = read(
        real / "nhs_trusts" / "inpatient_survey_2023_mlm_rankings.xlsx", "measures", sheet="age 66+",
        keys={"unit": "grp"}, measures=(MeasureSpec("ranking", "Ranking"),), aliases=names, not_records=("",),
    )  # fmt: skip
    assert (decoded.records, decoded.accepted) == (131, 127)
    assert {problem.reason for problem in decoded.quarantined} == {"unknown_unit"}
    alike, left_out = sorted(decoded.warnings, reverse=True)
    assert left_out.startswith("1 rows left out")
    # 125 are written alike; "And" for "and" is joined, and said
    assert alike.count("Hospital") == 2
    assert "Sandwell And West Birmingham Hospitals NHS Trust" in alike


@pytest.mark.parametrize(("year", "n", "agree"), [(2021, 227, "65.700000"), (2023, 423, "65.400000")])
def test_federal_survey_of_a_sheet_per_question(real: Path, year: int, n: int, agree: str) -> None:
    path = real / "employee" / "fevs" / f"fevs_{year}_report_by_agency.xlsx"
    measures = (MeasureSpec("improve", "Q1", (), "percent", {"--": "suppressed"}, plus=("Agree",)),)
    decoded = read(
        path, "measures", sheet="*", header_row=4, keys={"unit": "Agency", "n": "Item Response Total**"},
        measures=measures, long=LongSpec("@sheet", "Strongly Agree"), aliases={"CSOSA": "csosa"},
        not_records=("†*", "*Click here*", "[*]*", "All Responses"),
    )  # fmt: skip
    rows = [row for row in decoded.table.to_pylist() if row["measure_code"] == "improve"]
    assert [row["unit_code"] for row in rows] == ["csosa"]
    assert (rows[0]["n"], str(rows[0]["value"])) == (n, agree)
    assert decoded.records == decoded.accepted + len(decoded.quarantined)


CIVIL_SERVICE = {
    2009: ("csps2009_allorganisations_20140213.csv", "Employee engagement index", 58),
    2010: ("csps2010allorganisations_tcm6-38334.csv", "Employee Engagement Index", 56),
    2012: ("csps2012_allorganisations_20130201.csv", "Employee engagement index", 58),
}
INDEX = MeasureSpec(
    "engagement", "Employee engagement index", ("Employee Engagement Index",), "points", {"n/a": "suppressed"}
)


def civil_service(real: Path, year: int) -> tuple[dict[str, str], Decoded]:
    """The organisations of a year under their own names, and their figures."""
    path = real / "employee" / "civil_service" / CIVIL_SERVICE[year][0]
    names = {name: f"u{place}" for place, name in enumerate(column_of(path, "Organisation", "cp1252"))}
    organisations = {name: code for name, code in names.items() if "benchmark" not in name}
    parts = {"keys": {"unit": "Organisation"}, "measures": (INDEX,), "aliases": organisations}
    return organisations, read(path, "measures", **parts, not_records=("*enchmark*", "*mean score*"))


@pytest.mark.parametrize("year", CIVIL_SERVICE)
def test_civil_service_before_2016_meets_its_published_benchmark(real: Path, year: int) -> None:
    organisations, decoded = civil_service(real, year)
    values = [float(value) for value in decoded.table["value"].to_pylist() if value is not None]
    assert decoded.accepted == decoded.records == len(organisations)
    median = statistics.median(value * (1 if max(values) > 1 else 100) for value in values)
    assert int(median + 0.5) == CIVIL_SERVICE[year][2]


@pytest.mark.parametrize(
    ("year", "file", "sheet", "row", "column", "factor"),
    [
        (2010, "csps2010allorganisations_tcm6-38335.xls", "Table 1 - Engagement and themes", 3, "Employee Engagement Index1", 1),
        (2012, "csps2012_allorganisations_20130201.xlsx", "Table 1 - EEI and theme scores", 2, "Employee engagement1 index", 100),
    ],
)  # fmt: skip
def test_civil_service_workbooks_agree_with_their_csv(
    real: Path, year: int, file: str, sheet: str, row: int, column: str, factor: int
) -> None:
    organisations, twin = civil_service(real, year)
    path = real / "employee" / "civil_service" / file
    measure = MeasureSpec("engagement", column, (), "points", {"n/a": "suppressed"})
    decoded = read(
        path, "measures", sheet=sheet, header_row=row, keys={"unit": "Organisation"}, measures=(measure,),
        aliases=organisations, not_records=("*enchmark*", "", "[0-9] *"),
    )  # fmt: skip
    expected = {unit: value for unit, value in pairs(twin) if value is not None}
    found = {unit: value * factor for unit, value in pairs(decoded) if value is not None}
    common = expected.keys() & found.keys()
    assert len(common) > 60
    assert all(round(float(found[unit])) == round(float(expected[unit])) for unit in common)
    assert {problem.reason for problem in decoded.quarantined} <= {"unknown_unit"}  # headings of groups


def pairs(decoded: Decoded) -> list[tuple[str, object]]:
    return list(zip(decoded.table["unit_code"].to_pylist(), decoded.table["value"].to_pylist(), strict=True))


def test_community_choices_with_commas_inside(real: Path) -> None:
    path = real / "exports" / "stacks_community_survey_2020.csv"
    choice = ChoiceSpec(
        "barriers", "What limits you from participating in governance today?",
        options=("I don't feel informed enough about Blockstack", "*"),
    )  # fmt: skip
    decoded = read(path, "responses", unit="u", choices=(choice,))
    answers = decoded.table["choice_barriers"].to_pylist()
    written = column_of(path, choice.column)
    assert decoded.accepted == decoded.records == len(written) == 69
    told = [bool(answer) and choice.options[0] in answer for answer in answers]
    assert told == [choice.options[0] in text for text in written]
    assert any(told)


def test_airport_surveys_of_three_years_by_alias(real: Path) -> None:
    item = ItemSpec(
        "overall", "Q7ALL", ("Q7O_WHOLE",), 1, 5, missing={"0": "blank", "6": "not_applicable", "Blank": "blank"},
    )  # fmt: skip
    for year in (2013, 2014, 2017):
        path = real / "customer" / "sfo" / f"{year}_SFO_Customer_Survey_20250817.csv"
        decoded = read(path, "responses", keys={"response": "RESPNUM"}, unit="sfo", items=(item,))
        assert decoded.records == decoded.accepted == len(column_of(path, "RESPNUM", "cp1252"))
        assert 3.5 < statistics.mean(decoded.table["overall"].drop_null().to_pylist()) < 4.5
