"""Figures that come as counts: how many of the n, or of a base of their own, and sometimes of the contrary."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pipelines.ingest import MeasureSpec, SourceSpec, WaveSpec
from tests.unit.ingest.conftest import Decode

FILE = "unit,late,all,rate,base,worst\nA,25,200,40.5,37,NA\nB,0,0,NA,NA,3\nC,NA,90,10,900,8\n"


def rows(read: Decode, text: str, *measures: MeasureSpec, **keys: str) -> list[tuple[Any, ...]]:
    spec = SourceSpec(
        "waits", "measures", "table", "*", {"unit": "unit", **keys}, measures=measures, drop=("*",),
        waves=(WaveSpec("w1", "*"),),
        aliases={name: name.lower() for name in "ABC"},
    )  # fmt: skip
    table = read(text, spec).table
    names = ("unit_code", "measure_code", "value", "n", "missing_reason")
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


@pytest.mark.parametrize(("complement", "share"), [(False, "12.5"), (True, "87.5")])
def test_a_count_is_a_percent_of_the_n_beside_it(read: Decode, complement: bool, share: str) -> None:
    late = MeasureSpec(
        "late", "late", scale="count", missing={"NA": "not_given"}, minimum=0, complement=complement
    )
    assert rows(read, FILE, late, n="all") == [
        ("a", "late", Decimal(share), 200, None),
        ("b", "late", None, 0, "not_applicable"),
        ("c", "late", None, 90, "not_given"),
    ]


@pytest.mark.parametrize(
    ("scale", "told", "left"), [("percent", "40.5", "59.5"), ("share", "0.405", "0.595")]
)
def test_the_complement_of_a_share(read: Decode, scale: str, told: str, left: str) -> None:
    file = f"unit,rate\nA,{told}\n"
    high = 100 if scale == "percent" else 1
    rate = MeasureSpec("rate", "rate", scale=scale, minimum=0, maximum=high, complement=True)
    assert rows(read, file, rate)[0][2] == Decimal(left)


def test_each_figure_stands_on_its_own_base(read: Decode) -> None:
    none = {"NA": "not_given"}
    late = MeasureSpec("late", "late", scale="count", missing=none, minimum=0)
    rate = MeasureSpec("rate", "rate", scale="percent", missing=none, minimum=0, maximum=100, n="base")
    found = rows(read, FILE, late, rate, n="all")
    assert [(unit, code, n) for unit, code, _, n, _ in found] == [
        ("a", "late", 200), ("a", "rate", 37), ("b", "late", 0), ("b", "rate", None), ("c", "late", 90), ("c", "rate", 900),
    ]  # fmt: skip


def test_a_count_above_its_whole_refuses_the_record(read: Decode) -> None:
    spec = SourceSpec(
        "waits", "measures", "table", "*", {"unit": "unit", "n": "all"}, drop=("*",), aliases={"A": "a", "B": "b"},
        measures=(MeasureSpec("late", "late", scale="count", minimum=0),), waves=(WaveSpec("w1", "*"),),
    )  # fmt: skip
    decoded = read("unit,late,all\nA,12,10\nB,10,10\n", spec)
    assert (decoded.accepted, [one.reason for one in decoded.quarantined]) == (1, ["out_of_scale"])
    assert decoded.quarantined[0].expected == "at most the number it is counted among"
