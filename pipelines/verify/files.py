"""Figures that others computed from real files, recomputed through the readers and the chart that ship."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl
import yaml

from pipelines.declared import Home
from pipelines.declared.expressions import resolve
from pipelines.declared.lines import DEFAULTS
from pipelines.declared.specs import source_spec
from pipelines.ingest import SourceSpec, decode
from pipelines.ingest.header import matches_glob
from pipelines.verify.lines import Inputs, Line, exact, rounded

SURVEY, LEDGERS = "UK Civil Service engagement", "Two real ledgers (FEC)"
ENGAGEMENT = "engagement"
MEDIANS = {"2009": "58", "2010": "56", "2012": "58", "2016": "59", "2018": "62"}
BENCHMARK = "published median benchmark, Cabinet Office (OGL)"
TAX_FORM = "independent script; operating and net result also on the company's tax form"
SCRIPT = "independent script"
# Beside the chart that ships: what the accounts show and no KPI names.
MORE = {
    "operating income": "credit(70, 71, 72, 74, 75, 781, 791)",
    "operating charges": "debit(60, 61, 62, 63, 64, 65, 681)",
    "financial income": "credit(76, 786, 796)",
    "financial charges": "debit(66, 686)",
}
# File, its lines, their total, figures by KPI of the shipped chart or of the four above.
BOOKS: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    (
        "0000000001FEC20220831.txt",
        TAX_FORM,
        "5,422",
        "10,186,219.81",
        {
            "revenue": "1,049,934.32",
            "value_added": "458,190.22",
            "ebe": "269,161.07",
            "payroll": "173,614.25",
            "operating income": "1,056,945.93",
            "operating charges": "892,081.83",
            "operating_result": "164,864.10",
            "financial income": "13,253.57",
            "financial charges": "4,909.19",
            "net_result": "173,208.48",
        },
    ),
    (
        "000000000FEC20231231.txt",
        SCRIPT,
        "2,102",
        "1,265,350.82",
        {"revenue": "165,297.93", "payroll": "34,735.24", "net_result": "3,988.38"},
    ),
)


def lines(inputs: Inputs) -> Iterator[Line]:
    """Medians of the survey that ships, then every figure of the two ledgers."""
    yield from _survey(inputs.survey)
    with (DEFAULTS / "finance.yml").open(encoding="utf-8") as shipped:
        chart: dict[str, str] = yaml.safe_load(shipped)["kpis"] | MORE
    for number, (name, source, count, total, figures) in enumerate(BOOKS, start=1):
        path = inputs.real / "finance" / "fec" / name
        yield from _ledger(f"ledger {number}", path, chart, source, count, total, figures)


def _survey(folder: Path) -> Iterator[Line]:
    """Median over organisations of each year's engagement index, in points."""
    found = _engagement(folder) if folder.is_dir() else None
    for year, expected in MEDIANS.items():
        name = f"median of organisations, {year}"
        if found is None:
            yield Line(SURVEY, name, expected, None, BENCHMARK)
        elif year not in found:
            yield Line(SURVEY, name, expected, "no file gives it", BENCHMARK)
        else:
            yield rounded(SURVEY, name, (expected,), [float(statistics.median(found[year]))], BENCHMARK)


def _engagement(folder: Path) -> dict[str, list[Decimal]]:
    """Engagement of the organisations under the root, in points, by wave, as the home's declarations read its files."""
    home = Home.load(folder)
    above = {unit.code: unit.parent for unit in home.units}
    found: dict[str, list[Decimal]] = {}
    for code, source in home.sources.items():
        spec = source_spec(home, code)
        worth = {measure.code: 100 if measure.scale == "share" else 1 for measure in spec.measures}[
            ENGAGEMENT
        ]
        for path in sorted(home.landing.iterdir()):
            if not matches_glob(path.name, source.files):
                continue
            table = pl.DataFrame(pl.from_arrow(decode(path, path.name, spec).table))
            kept = table.filter(pl.col("measure_code") == ENGAGEMENT, pl.col("value").is_not_null())
            for unit, wave, value in kept.select("unit_code", "wave_code", "value").iter_rows():
                if _under(unit, home.root, above):
                    found.setdefault(wave, []).append(worth * value)
    return found


def _under(unit: str | None, root: str, above: dict[str, str | None]) -> bool:
    while unit is not None and unit != root:
        unit = above.get(unit)
    return unit == root


def _ledger(
    ledger: str,
    path: Path,
    chart: dict[str, str],
    source: str,
    count: str,
    total: str,
    figures: dict[str, str],
) -> Iterator[Line]:
    """Lines read, debit and credit, then each KPI as the sum of its account prefixes."""
    names = {"lines": count, "debit": total, "credit": total} | figures
    if not path.is_file():
        for name, expected in names.items():
            yield Line(LEDGERS, f"{ledger}: {name}", expected, None, source)
        return
    table = decode(path, path.name, SourceSpec("ledger", "ledger", "fec", "*")).table
    frame = pl.DataFrame({name: pl.Series(table[name]) for name in ("account_code", "debit", "credit")})
    yield Line(LEDGERS, f"{ledger}: lines", count, f"{frame.height:,}", source, f"{frame.height:,}" == count)
    for side in ("debit", "credit"):
        yield exact(LEDGERS, f"{ledger}: {side}", total, Decimal(frame[side].sum()), source)
    net = frame.group_by("account_code").agg((pl.col("credit") - pl.col("debit")).sum().alias("net"))
    balances = dict(net.iter_rows())
    for kpi, expected in figures.items():
        weights = resolve(kpi, chart)
        value = sum(
            (weight * balance for account, balance in balances.items() for prefix, weight in weights.items()
             if account.startswith(prefix)),
            Decimal(0),
        )  # fmt: skip
        yield exact(LEDGERS, f"{ledger}: {kpi}", expected, value, source)
