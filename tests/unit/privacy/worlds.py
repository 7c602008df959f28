"""Small invented organisations: people over a unit tree, and the marts they make, computed the long way."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import polars as pl

from pipelines.privacy import Closure, Headcount, Rules

K = 5
PERIODS = {"2025-Q1": dt.date(2025, 3, 31), "2025-Q2": dt.date(2025, 6, 30)}
STAKEHOLDERS = ("employees", "clients")
DIMENSIONS = {"trust": 1.0, "care": 2.0, "joy": 1.0}
FOREVER = dt.date(9999, 12, 31)
START = dt.date(2020, 1, 1)
Person = dict[str, Any]

KPI_SCHEMA = {
    "unit_code": pl.String,
    "period_code": pl.String,
    "stakeholder_code": pl.String,
    "segment_code": pl.String,
    "counterparty_code": pl.String,
    "kpi_code": pl.String,
    "dimension_code": pl.String,
    "value": pl.Float64,
    "n": pl.Int32,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "method": pl.String,
    "status": pl.String,
    "compared_period_code": pl.String,
    "change_value": pl.Float64,
    "change_ci_low": pl.Float64,
    "change_ci_high": pl.Float64,
    "change_label": pl.String,
    "change_p_value": pl.Float64,
    "verdict_code": pl.String,
    "ranking_value": pl.Float64,
    "disclosure": pl.String,
    "definition_version": pl.String,
    "as_of_date": pl.Date,
}
FINANCE_SCHEMA = {
    "unit_code": pl.String,
    "period_code": pl.String,
    "basis": pl.String,
    "kpi_code": pl.String,
    "value": pl.Decimal(18, 6),
    "currency_code": pl.String,
    "status": pl.String,
    "as_of_date": pl.Date,
}
FINANCE_KPIS = ("revenue", "payroll", "payroll_ratio")
SEGMENTS = {"age": ("young", "middle", "old"), "job": ("sales", "support", "staff")}
SIZES = (2, 4, 6, 9, 15, 30, 60)
COPIED = {
    "value": pl.Float64,
    "n": pl.Int32,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "status": pl.String,
    "change_value": pl.Float64,
}


@dataclass
class World:
    """`parents[unit]` is its parent; `people[unit, stakeholder, period]` answered there; `staff[unit]` work
    there. `segments` are the values of each segment, which people hold under its name, or none of them.
    """

    parents: dict[str, str | None]
    people: dict[tuple[str, str, str], list[Person]]
    staff: dict[str, int] = field(default_factory=dict)
    version: str = "1"
    segments: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mirrored: bool = False
    comments: bool = False

    def codes(self, person: Person) -> list[str]:
        """Segment codes of somebody, in the order of segments."""
        return [
            f"{name}__{person[name] if person.get(name) in values else 'other'}"
            for name, values in self.segments.items()
        ]

    def every_code(self) -> list[str]:
        return [f"{name}__{value}" for name, values in self.segments.items() for value in (*values, "other")]

    def overlaps(self) -> list[tuple[str, str, str, str, str, int]]:
        """How segments cross among the people at or under each unit."""
        counted: Counter[tuple[str, str, str, str, str]] = Counter()
        for unit in self.parents:
            for who, period in {key[1:] for key in self.people}:
                for person in self.pooled(unit, who, period):
                    counted.update((unit, who, period, a, b) for a, b in combinations(self.codes(person), 2))
        return [(*key, people) for key, people in counted.items()]

    def roster(self) -> set[tuple[str, str, str, frozenset[str]]]:
        """Who is where, as colleagues know it: unit, stakeholder, period and the segment codes of somebody."""
        return {
            (*place, frozenset(self.codes(person)))
            for place, people in self.people.items()
            for person in people
        }

    def below(self, unit: str) -> list[str]:
        """The unit and everything under it."""
        inside = [unit]
        for code in inside:
            inside += [child for child, parent in self.parents.items() if parent == code]
        return inside

    def pooled(self, unit: str, stakeholder: str, period: str) -> list[Person]:
        return [
            person for code in self.below(unit) for person in self.people.get((code, stakeholder, period), [])
        ]

    def headcount(self, unit: str) -> int:
        return sum(self.staff.get(code, 0) for code in self.below(unit))

    def rules(self, **changed: Any) -> Rules:
        closure = [Closure(unit, code, START, FOREVER) for unit in self.parents for code in self.below(unit)]
        declared: dict[str, Any] = {
            "thresholds": dict.fromkeys(STAKEHOLDERS, K),
            "finance_threshold": K,
            "closure": closure,
            "period_ends": PERIODS,
            "roots": [unit for unit, parent in self.parents.items() if parent is None],
            "headcounts": [Headcount(unit, START, FOREVER, self.headcount(unit)) for unit in self.parents],
            "segments": list(self.segments),
            "overlaps": self.overlaps(),
        }
        return Rules(**(declared | changed))

    def marts(self) -> dict[str, pl.DataFrame]:
        """Unmasked marts, as the warehouse would make them, and the dimensions an attacker reads."""
        kpi, finance = self.kpi_values(), self.finance()
        return {
            "fct_kpi_values": kpi,
            "fct_finance": finance,
            "scorecard_unit_period": self.scorecard(),
            "dim_units": pl.DataFrame(
                [{"unit_code": unit, "parent_code": parent} for unit, parent in self.parents.items()],
                schema={"unit_code": pl.String, "parent_code": pl.String},
            ),
            "dim_stakeholders": pl.DataFrame(
                {"stakeholder_code": STAKEHOLDERS, "threshold_count": [K] * len(STAKEHOLDERS)}
            ),
            "dim_dimensions": pl.DataFrame(
                {"dimension_code": list(DIMENSIONS), "weight": list(DIMENSIONS.values())}
            ),
        }

    def kpi_values(self) -> pl.DataFrame:
        rows = [row for unit in self.parents for period in PERIODS for row in self._place(unit, period)]
        known = {_key(row, row["period_code"]): row for row in rows}
        for row in rows:
            before = known.get(_key(row, "2025-Q1")) if row["period_code"] == "2025-Q2" else None
            if before and row["value"] is not None and before["value"] is not None:
                row |= {
                    "compared_period_code": "2025-Q1",
                    "change_value": row["value"] - before["value"],
                    "change_label": "noise",
                }
        return pl.DataFrame(rows, schema=KPI_SCHEMA)

    def _place(self, unit: str, period: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        indices = []
        for stakeholder in STAKEHOLDERS:
            if not any(key[1:] == (stakeholder, period) for key in self.people):
                continue
            people = self.pooled(unit, stakeholder, period)
            cell = self._cell((unit, period, stakeholder), people)
            rows += cell
            indices += [row["value"] for row in cell if row["kpi_code"] == "rqi" and row["value"] is not None]
            for code in self.every_code():
                some = [person for person in people if code in self.codes(person)]
                rows += self._cell((unit, period, stakeholder), some, code)
        if len(indices) >= 2:
            value = min(indices) / (sum(indices) / len(indices))
            rows.append(self._row((unit, period, "all"), "balance", "all", value, None))
        return rows

    def _cell(
        self, place: tuple[str, str, str], people: Sequence[Person], code: str = "all"
    ) -> list[dict[str, Any]]:
        """Rows of one cell; the mirrored index leaves the last dimension out."""

        def row(
            kpi: str, dimension: str, value: float | None, n: int, towards: str = "all"
        ) -> dict[str, Any]:
            return self._row(place, kpi, dimension, value, n) | {
                "segment_code": code,
                "counterparty_code": towards,
            }

        rows = [row("respondents", "all", len(people) or None, len(people))]
        means = {}
        for dimension in DIMENSIONS:
            scores = [person[dimension] for person in people if person[dimension] is not None]
            mean = sum(scores) / len(scores) if scores else None
            rows.append(row("dimension_score", dimension, mean, len(scores)))
            if len(scores) >= K:
                means[dimension] = mean
        index = _index(means) if 2 * len(means) >= len(DIMENSIONS) else None
        answered = sum(any(person[dimension] is not None for dimension in means) for person in people)
        rows.append(row("rqi", "all", index, answered))
        rows.append(row("rqi_coverage", "all", 100 * len(means) / len(DIMENSIONS), answered))
        if self.mirrored:
            shared = {dimension: mean for dimension, mean in means.items() if dimension != "joy"}
            both = sum(any(person[dimension] is not None for dimension in shared) for person in people)
            other = next(who for who in STAKEHOLDERS if who != place[2])
            rows.append(row("mirrored_index", "all", _index(shared), both, other))
        if self.comments:
            tones = [person["tone"] for person in people if person.get("tone") is not None]
            mean = sum(tones) / len(tones) if tones else None
            rows.append(row("tone_balance", "all", mean, len(tones)))
        return rows

    def _row(
        self, place: tuple[str, str, str], kpi: str, dimension: str, value: float | None, n: int | None
    ) -> dict[str, Any]:
        unit, period, stakeholder = place
        return dict.fromkeys(KPI_SCHEMA) | {
            "unit_code": unit,
            "period_code": period,
            "stakeholder_code": stakeholder,
            "segment_code": "all",
            "counterparty_code": "all",
            "kpi_code": kpi,
            "dimension_code": dimension,
            "value": value,
            "n": n,
            "ci_low": None if value is None else value - 1.0,
            "ci_high": None if value is None else value + 1.0,
            "method": "t",
            "status": "not_enough_data" if value is None else "published",
            "disclosure": "standard",
            "definition_version": self.version,
            "as_of_date": dt.date(2025, 7, 31),
        }

    def finance(self) -> pl.DataFrame:
        rows = []
        for unit in self.parents:
            people = self.headcount(unit)
            for period in PERIODS:
                for basis, months in (("quarter", 3), ("rolling_12m", 12)):
                    figures = (people * 9000.0 * months + 1000, people * 4000.0 * months + 77, None)
                    for code, figure in zip(FINANCE_KPIS, figures, strict=True):
                        value = figures[1] / figures[0] if figure is None else figure  # type: ignore[operator]
                        rows.append(
                            {
                                "unit_code": unit,
                                "period_code": period,
                                "basis": basis,
                                "kpi_code": code,
                                "value": round(value, 6),
                                "currency_code": None if code == "payroll_ratio" else "EUR",
                                "status": "published",
                                "as_of_date": dt.date(2025, 7, 31),
                            }
                        )
        return pl.DataFrame(rows, schema=FINANCE_SCHEMA)

    def scorecard(self) -> pl.DataFrame:
        """The copy the warehouse makes before any mask; -1 stands for figures, which publication
        overwrites.
        """
        rows = []
        for unit in self.parents:
            for period in PERIODS:
                for stakeholder in STAKEHOLDERS:
                    row = {"unit_code": unit, "period_code": period, "stakeholder_code": stakeholder}
                    row |= {"measured_period_code": period, "headline_kpi_code": "rqi"}
                    for prefix in ("headline", "rqi"):
                        row |= {
                            f"{prefix}_{name}": "x" if kind == pl.String else -1
                            for name, kind in COPIED.items()
                        }
                    row |= {"respondents_count": -1, "finance_status": "published"}
                    for code in FINANCE_KPIS:
                        row |= {code: -1, f"{code}_rolling_12m": -1, f"{code}_rolling_12m_change": -1.0}
                    rows.append(row)
        money = dict.fromkeys(
            [*FINANCE_KPIS, *(f"{code}_rolling_12m" for code in FINANCE_KPIS)], pl.Decimal(18, 6)
        )
        kinds = {f"{prefix}_{name}": kind for prefix in ("headline", "rqi") for name, kind in COPIED.items()}
        return pl.DataFrame(
            rows, schema_overrides=kinds | money | {"respondents_count": pl.Int32}, strict=False
        )


def _key(row: Mapping[str, Any], period: str) -> tuple[Any, ...]:
    names = (
        "unit_code",
        "stakeholder_code",
        "segment_code",
        "counterparty_code",
        "kpi_code",
        "dimension_code",
    )
    return (period, *(row[name] for name in names))


def _index(means: Mapping[str, float | None]) -> float | None:
    """The weighted mean of dimensions."""
    total = sum(DIMENSIONS[code] for code in means)
    return (
        sum(DIMENSIONS[code] * mean for code, mean in means.items() if mean is not None) / total
        if total
        else None
    )


def crowd(n: int, seed: int = 0, skip: Mapping[str, int] | None = None) -> list[Person]:
    """`n` people with scores of 0–100; the first `skip[dimension]` of them left that dimension out."""
    source = random.Random(seed)
    people = [{code: float(source.randint(0, 20) * 5) for code in DIMENSIONS} for _ in range(n)]
    for code, count in (skip or {}).items():
        for person in people[:count]:
            person[code] = None
    return people


def flat(
    sizes: Mapping[str, int], direct: int = 0, periods: Sequence[str] = tuple(PERIODS), **more: Any
) -> World:
    """A root `all_units` over leaves with `sizes` respondents of each stakeholder and as many staff."""
    parents: dict[str, str | None] = {"all_units": None} | dict.fromkeys(sizes, "all_units")
    people = {
        (unit, stakeholder, period): crowd(n, seed=hash_of(unit, stakeholder, period))
        for unit, n in (dict(sizes) | {"all_units": direct}).items()
        for stakeholder in STAKEHOLDERS
        for period in periods
    }
    return World(parents, people, dict(sizes) | {"all_units": direct}, **more)


def company(seed: int, regions: int = 3, agencies: int = 4, sizes: Sequence[int] = SIZES) -> World:
    """A company as they are: regions of agencies, ages, and jobs that some agencies and ages do not have."""
    source = random.Random(seed)
    parents: dict[str, str | None] = {"root": None}
    staff = {"root": source.choice([0, 0, 3, 8])}
    for region in range(source.randint(1, regions)):
        parents[f"r{region}"] = "root"
        for agency in range(source.randint(1, agencies)):
            parents[f"r{region}a{agency}"] = f"r{region}"
            staff[f"r{region}a{agency}"] = source.choice(sizes)
    world = World(parents, {}, staff, segments=SEGMENTS, mirrored=True, comments=True)
    ages, jobs = SEGMENTS.values()
    for unit, size in staff.items():
        here = source.sample(jobs, source.randint(1, len(jobs)))
        ages_of = {job: source.sample(ages, source.randint(1, len(ages))) for job in jobs}
        for who in STAKEHOLDERS:
            for period in PERIODS:
                n = source.randint(size // 2, size)
                skip = {"joy": source.randint(0, n)} if source.random() < 0.3 else {}
                world.people[unit, who, period] = [
                    person | _values(source, here, ages_of)
                    for person in crowd(n, source.randint(0, 999), skip)
                ]
    return world


def _values(source: random.Random, jobs: Sequence[str], ages_of: Mapping[str, Sequence[str]]) -> Person:
    job = source.choice(jobs)
    declared = job if source.random() > 0.01 else None
    tone = source.choice([None, -1.0, 1.0, 1.0])
    return {"job": declared, "age": source.choice(ages_of[job]), "tone": tone}


def hash_of(*parts: str) -> int:
    """A seed that is the same in every process."""
    return sum(ord(letter) * (index + 7) for index, letter in enumerate("|".join(parts)))


def status(kpi: pl.DataFrame, unit: str, code: str = "rqi", **where: str) -> str:
    """Status of the one row of a unit, by default of employees in 2025-Q1."""
    usual = {"stakeholder_code": "employees", "period_code": "2025-Q1", "dimension_code": "all"}
    wanted = usual | {"segment_code": "all"} | where
    rows = kpi.filter(unit_code=unit, kpi_code=code, **wanted)
    assert rows.height == 1
    return str(rows["status"][0])
