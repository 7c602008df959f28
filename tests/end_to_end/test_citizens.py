"""Methods are code and nothing else is: a commune's citizens, a stakeholder, dimension, value and cut of a home's own.

What is published is compared with the same figures computed here from the answers, by plain arithmetic.
"""

from __future__ import annotations

import csv
import importlib.util
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.end_to_end.runs import HOMES, REPO, books, publish, rows

HOME = HOMES / "citizens"
DISTRICTS = {
    "N": "nord",
    "S": "sud",
    "R": "rives",
    "Quartier nord": "nord",
    "Quartier sud": "sud",
    "Les Rives": "rives",
}
YEARS = ("2024", "2025")
WEIGHTS = {"fairness": 2, "listening": 1, "trust": 1}
PARALLEL = ("fairness", "listening")
# Columns of each dimension, the reversed ones marked.
ASKED = {
    "citizens": {"fairness": ["A1", "-A2"], "listening": ["A3"], "trust": ["A4"]},
    "employees": {"fairness": ["Q1"], "listening": ["Q2"], "trust": ["Q3"]},
}
FILES = {"citizens": "habitants", "employees": "agents"}
SCALES = {"citizens": (1, 5), "employees": (0, 10)}
Answers = list[dict[str, str]]


def answers(side: str, year: str, unit: str = "valbrume") -> Answers:
    with (HOME / "landing" / f"{FILES[side]}_{year}.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    return [row for row in read if unit in {"valbrume", DISTRICTS[row.get("quartier") or row["service"]]}]


def pomp(side: str, row: dict[str, str], columns: Iterable[str]) -> float | None:
    """0 to 100: the mean of the columns answered, reversed ones flipped; None below half of them."""
    low, high = SCALES[side]
    told = []
    for column in columns:
        text = row[column.lstrip("-")]
        if text not in {"", "NSP"}:
            share = (int(text) - low) / (high - low)
            told.append(100 * (1 - share if column.startswith("-") else share))
    return statistics.fmean(told) if 2 * len(told) >= len(list(columns)) and told else None


def scores(side: str, given: Answers, dimension: str) -> list[float]:
    found = (pomp(side, row, ASKED[side][dimension]) for row in given)
    return [score for score in found if score is not None]


def index(side: str, given: Answers, dimensions: Iterable[str] = tuple(WEIGHTS)) -> float:
    """Weighted mean of the dimensions' means."""
    kept = list(dimensions)
    total = sum(WEIGHTS[one] * statistics.fmean(scores(side, given, one)) for one in kept)
    return total / sum(WEIGHTS[one] for one in kept)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(HOME, tmp_path_factory.mktemp("citizens"))


@pytest.fixture(scope="module")
def told(snapshot: Path) -> Callable[..., dict[tuple[str, ...], float]]:
    """Values by the columns asked for, of the published rows of one KPI."""

    def read(kpi: str, *columns: str, where: str = "true") -> dict[tuple[str, ...], float]:
        query = (
            f"select {', '.join(columns)}, value from mart.fct_kpi_values"
            f" where kpi_code = '{kpi}' and status = 'published' and {where}"
        )
        return {tuple(keys): value for *keys, value in rows(snapshot, query)}

    return read


def near(values: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], object]:
    return {key: pytest.approx(value, abs=1e-9) for key, value in values.items()}


UNITS = ("valbrume", "nord", "sud", "rives")


def test_the_committed_answers_are_those_of_the_generator() -> None:
    spec = importlib.util.spec_from_file_location("citizens_generator", HOME / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    there = {path.name: path.read_text(encoding="utf-8") for path in (HOME / "landing").iterdir()}
    assert there == made.files()


def test_no_code_knows_what_the_home_declares() -> None:
    """Not in the pipeline, the SQL or the screens: a code found there would be a stakeholder, cut or value in code."""
    own = ("citizens", "residence__", "impartiality", "newcomer", "habitants", "valbrume")
    suffixes = {".py", ".sql", ".yml", ".yaml", ".toml", ".html", ".css", ".js", ".md", ".csv"}
    found = [
        (str(path.relative_to(REPO)), word)
        for folder in ("pipelines", "dbt_project", "dashboards")
        for path in sorted((REPO / folder).rglob("*"))
        if path.suffix in suffixes and not {"target", "logs"} & set(path.relative_to(REPO).parts)
        for word in own
        if word in path.read_text(encoding="utf-8").casefold()
    ]
    assert found == []


def test_every_answer_is_in_the_books(snapshot: Path) -> None:
    assert books(snapshot) == {"residents": (144, 144, 0, 0), "agents": (96, 96, 0, 0)}


def test_each_dimension_of_each_side(told: Callable[..., dict[tuple[str, ...], float]]) -> None:
    found = told(
        "dimension_score",
        "unit_code",
        "period_code",
        "stakeholder_code",
        "dimension_code",
        where="segment_code = 'all'",
    )
    assert found == near(
        {
            (unit, year, side, dimension): statistics.fmean(
                scores(side, answers(side, year, unit), dimension)
            )
            for unit in UNITS
            for year in YEARS
            for side in ASKED
            for dimension in WEIGHTS
        }
    )


def test_the_index_weighs_what_the_home_declares(told: Callable[..., dict[tuple[str, ...], float]]) -> None:
    found = told("rqi", "unit_code", "period_code", "stakeholder_code", where="segment_code = 'all'")
    assert found == near(
        {
            (unit, year, side): index(side, answers(side, year, unit))
            for unit in UNITS
            for year in YEARS
            for side in ASKED
        }
    )


def test_both_groups_are_covered_and_balanced(told: Callable[..., dict[tuple[str, ...], float]]) -> None:
    assert told("coverage", "unit_code", "period_code") == {
        (unit, year): 100 for unit in UNITS for year in YEARS
    }
    expected = {}
    for unit in UNITS:
        for year in YEARS:
            both = [index(side, answers(side, year, unit)) for side in ASKED]
            expected[unit, year] = min(both) / statistics.fmean(both)
    assert told("balance", "unit_code", "period_code") == near(expected)


def test_each_side_sees_the_other_on_what_is_worded_alike(
    told: Callable[..., dict[tuple[str, ...], float]],
) -> None:
    """Trust is asked of both in other words: it is in each side's index and in no gap."""
    found = told("mirrored_index", "unit_code", "period_code", "stakeholder_code", "counterparty_code")
    other = {"citizens": "employees", "employees": "citizens"}
    assert found == near(
        {
            (unit, year, side, other[side]): index(side, answers(side, year, unit), PARALLEL)
            for unit in UNITS
            for year in YEARS
            for side in ASKED
        }
    )


def test_the_gap_is_the_citizens_less_the_staff(
    told: Callable[..., dict[tuple[str, ...], float]], snapshot: Path
) -> None:
    found = told(
        "symmetry_gap", "unit_code", "period_code", "dimension_code",
        where="stakeholder_code = 'employees' and counterparty_code = 'citizens'",
    )  # fmt: skip
    expected = {}
    for unit in UNITS:
        for year in YEARS:
            sides = {side: answers(side, year, unit) for side in ASKED}
            for dimension in PARALLEL:
                theirs, ours = (
                    statistics.fmean(scores(side, sides[side], dimension))
                    for side in ("citizens", "employees")
                )
                expected[unit, year, dimension] = theirs - ours
            theirs, ours = (index(side, sides[side], PARALLEL) for side in ("citizens", "employees"))
            expected[unit, year, "all"] = theirs - ours
    assert found == near(expected)
    judged = rows(
        snapshot,
        "select value, ci_low, ci_high, verdict_code from mart.fct_kpi_values where kpi_code = 'symmetry_gap'",
    )
    for value, low, high, verdict in judged:
        assert low < value < high
        assert (verdict == "counterparty_higher") == (low > 0)
        assert (verdict == "stakeholder_higher") == (high < 0)


def test_what_is_lived_less_what_is_proclaimed(told: Callable[..., dict[tuple[str, ...], float]]) -> None:
    found = told("say_do_gap", "unit_code", "period_code", "stakeholder_code", "dimension_code")
    expected = {}
    for unit in UNITS:
        for year in YEARS:
            pairs = [
                (pomp("employees", row, ["Q5"]), pomp("employees", row, ["Q4"]))
                for row in answers("employees", year, unit)
            ]
            both = [lived - said for lived, said in pairs if lived is not None and said is not None]
            expected[unit, year, "employees", "impartiality"] = statistics.fmean(both)
    assert found == near(expected)


def test_each_cut_of_the_whole(told: Callable[..., dict[tuple[str, ...], float]]) -> None:
    """Two texts mean newcomers, and who does not say is told apart from both.

    In 2025 eight of those who do not say answered on trust: hidden, and with it what would give it away by difference.
    """
    meant = {
        "moins de 5 ans": "newcomer",
        "arrivée récente": "newcomer",
        "5 ans et plus": "settled",
        "": "other",
    }
    cuts = {
        (year, f"residence__{group}"): [
            row for row in answers("citizens", year) if meant[row["anciennete"]] == group
        ]
        for year in YEARS
        for group in ("newcomer", "settled", "other")
    }
    where = "unit_code = 'valbrume' and segment_code <> 'all'"
    dimensions = told("dimension_score", "period_code", "segment_code", "dimension_code", where=where)
    assert dimensions == near(
        {
            (year, cut, dimension): statistics.fmean(scores("citizens", own, dimension))
            for (year, cut), own in cuts.items()
            for dimension in WEIGHTS
            if (year, dimension) != ("2025", "trust")
        }
    )
    indices = told("rqi", "period_code", "segment_code", where=where)
    assert {cut for year, cut in indices if year == "2024"} == {cut for _, cut in cuts}
    assert indices == near(
        {
            (year, cut): index(
                "citizens", cuts[year, cut], [one for one in WEIGHTS if (year, cut, one) in dimensions]
            )
            for year, cut in indices
        }
    )


def test_a_cut_below_the_threshold_is_protected_in_a_district(snapshot: Path) -> None:
    """Four citizens of each district do not say; ten said either way."""
    query = (
        "select distinct status, value, n from mart.fct_kpi_values"
        " where segment_code = 'residence__other' and unit_code <> 'valbrume' and kpi_code = 'rqi'"
    )
    assert rows(snapshot, query) == [("protected", None, None)]


def test_what_readers_are_told_of_them(snapshot: Path) -> None:
    assert rows(snapshot, "select stakeholder_code, label_en from mart.dim_stakeholders order by 1") == [
        ("citizens", "Citizens"),
        ("employees", "Employees"),
    ]
    asked = dict(rows(snapshot, "select dimension_code, label_fr from mart.dim_dimensions"))
    assert {code: asked[code] for code in ("fairness", "impartiality")} == {
        "fairness": "Équité",
        "impartiality": "Impartialité",
    }
    segments = rows(
        snapshot, "select segment_code from mart.dim_segments where segment_code <> 'all' order by 1"
    )
    assert segments == [("residence__newcomer",), ("residence__other",), ("residence__settled",)]
    told = {code for (code,) in rows(snapshot, "select kpi_code from mart.dim_kpis")}
    assert {"rqi", "symmetry_gap", "mirrored_index", "say_do_gap", "coverage"} <= told
    (relation,) = rows(snapshot, "select relation_code, label_en from mart.dim_relations")
    assert relation == ("commune", "Staff and citizens")
