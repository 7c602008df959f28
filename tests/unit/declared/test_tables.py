"""The declarations as tables: the tree through time, periods, and account coefficients."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declared import SCHEMAS, Home, declared_tables, decoding_digest, source_spec, unit_closure
from pipelines.declared.expressions import ExpressionError, resolve
from pipelines.declared.periods import code_of, fiscal_year, periods
from tests.unit.declared.homes import DELIVERIES, FILES, changed, write_home


def test_every_table_has_its_schema(tmp_path: Path) -> None:
    tables = declared_tables(Home.load(write_home(tmp_path)))
    for name, schema in SCHEMAS.items():
        assert dict(zip(tables[name].schema.names, tables[name].schema.types, strict=True)) == schema


def test_a_fact_of_an_event_is_a_share_weighted_by_the_number_of_events(tmp_path: Path) -> None:
    aliases = FILES["unit_aliases.csv"] + "deliveries,AG1,sud\n"
    home = Home.load(
        write_home(tmp_path, {"sources/deliveries.yml": DELIVERIES, "unit_aliases.csv": aliases})
    )
    first, _ = declared_tables(home)["measures"].to_pylist()
    told = {key: first[key] for key in ("kind", "measure_code", "kpi_code", "dimension_code")}
    assert told == {
        "kind": "events",
        "measure_code": "on_time",
        "kpi_code": "on_time_share",
        "dimension_code": "all",
    }
    assert (first["statistic"], first["scale"], first["roll_up"]) == ("share", "share", "weighted_by_n")


def test_a_reorganisation_moves_a_unit_and_keeps_its_past(tmp_path: Path) -> None:
    units = (
        "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\n"
        "e,,E,E,2024-01-01,\nsud,e,S,S,2024-01-01,\nnord,e,N,N,2024-01-01,\n"
        "lyon,sud,L,L,2024-01-01,2024-12-31\nlyon,nord,L,L,2025-01-01,\n"
    )
    changes = {"units.csv": units, "unit_aliases.csv": "source,alias,unit_code\nhr_survey,AG1,lyon\n"}
    closure = unit_closure(Home.load(write_home(tmp_path, changes)))
    over_lyon = {
        (ancestor, start, end)
        for ancestor, unit, _, start, end in closure
        if unit == "lyon" and ancestor != "lyon"
    }
    first, last = (dt.date(2024, 1, 1), dt.date(2024, 12, 31)), (dt.date(2025, 1, 1), dt.date(9999, 12, 31))
    assert over_lyon == {("sud", *first), ("nord", *last), ("e", *first), ("e", *last)}


def test_editing_wording_does_not_change_how_bytes_decode_but_an_alias_does(tmp_path: Path) -> None:
    def digest(name: str, changes: dict[str, str | None]) -> str:
        folder = tmp_path / name
        folder.mkdir()
        return decoding_digest(source_spec(Home.load(write_home(folder, changes)), "hr_survey"))

    plain = digest("a", {})
    assert digest("b", changed("sources/hr_survey.yml", "owner: people team", "owner: someone else")) == plain
    assert digest("c", changed("unit_aliases.csv", "AG2,nord", "AG2,nord\nhr_survey,AG3,sud")) != plain


@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2025, 12, 31)),
    st.sampled_from(["month", "quarter", "year", "fiscal_year"]),
    st.integers(1, 12),
)
def test_a_day_lies_in_exactly_the_period_its_code_names(day: dt.date, grain: str, start: int) -> None:
    held = [
        p
        for p in periods(dt.date(2019, 1, 1), dt.date(2026, 12, 31), start)
        if p.grain == grain and p.start <= day <= p.end
    ]
    if grain == "fiscal_year" and start == 1:
        assert held == []
    else:
        assert [period.code for period in held] == [code_of(day, grain, start)]


def test_a_fiscal_year_is_named_after_its_close() -> None:
    assert fiscal_year(dt.date(2021, 9, 1), 9) == 2022
    assert fiscal_year(dt.date(2022, 8, 31), 9) == 2022
    assert fiscal_year(dt.date(2022, 1, 1), 1) == 2022


def test_expressions_are_additive_over_prefixes() -> None:
    charts = {
        "revenue": "credit(70)",
        "margin": "revenue + credit(713) - debit(601, 607)",
        "net": "credit(7) - debit(6)",
    }
    assert resolve("margin", charts) == {"70": 1, "713": 1, "601": 1, "607": 1}
    assert resolve("net", charts) == {"7": 1, "6": 1}
    assert resolve("production", {"production": "credit(70 except 707 7097)"}) == {
        "70": 1,
        "707": -1,
        "7097": -1,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("credit(70", "cannot read"), ("credit()", "names no account"), ("credit(70) credit(71)", "needs + or -"),
        ("credit(70) +", "ends without a term"), ("credit(70, 701)", "counted twice"), ("credit(70 except 61)", "not inside"),
        ("sales", "not a KPI"), ("", "ends without a term"),
    ],
)  # fmt: skip
def test_a_wrong_expression_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said.replace("+", r"\+")):
        resolve("k", {"k": text})
