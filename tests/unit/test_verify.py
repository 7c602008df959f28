"""`relier verify`: each promised number is there, a drift is named and ends with 1, the page is what the code says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.stats import Estimate, simulation
from pipelines.verify import files, published, run, simulated
from pipelines.verify.lines import ABSENT, DRIFT, OK, Inputs, Line, at_least, at_most, between, exact, rounded
from pipelines.verify.page import page
from pipelines.verify.simulated import Table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "verified-numbers.md"
NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="module")
def found() -> list[Line | Table]:
    """Everything, with few samples: enough for what is said, not for what is held."""
    return list(run.verified(Inputs(draws=200)))


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the simulations, which take their time."""
    monkeypatch.setattr(simulated, "lines", lambda inputs: iter(()))


@pytest.fixture
def reference(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the published inputs with one text replaced in one file."""

    def changed(name: str, before: str, after: str) -> Path:
        folder = tmp_path / name
        shutil.copytree(Inputs().reference, folder)
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(before) == 1
        (folder / name).write_text(text.replace(before, after), encoding="utf-8")
        return folder

    return changed


def verify(*options: str | Path) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, ["verify", *map(str, options)])
    return done.exit_code, done.output.splitlines()


# ---- what is promised --------------------------------------------------------------------------------------

PROMISED = [
    ("UK Civil Service engagement", {"2009": "58", "2010": "56", "2012": "58", "2016": "59", "2018": "62"}),
    ("Johnson weights", {"weights": ".24066119 .05492664 .12143476 .28158189"}),
    (
        "R data set attitude",
        {
            "R²": ".7326",
            "LMG": ".3708 .0509 .1558 .1203 .0066 .0282",
            "Cronbach α of": ".8431",
            "standardised": ".8391",
        },
    ),
    ("Benjamini–Hochberg 1995", {"rejections of 15": "4", "Bonferroni": "3"}),
    ("Net promoter score", {"19 promoters, 9 passives, 8 detractors": "30.6 2.9 53.5"}),
    (
        "Two real ledgers (FEC)",
        {
            "1: debit": "10,186,219.81",
            "1: credit": "10,186,219.81",
            "1: revenue": "1,049,934.32",
            "1: value_added": "458,190.22",
            "1: ebe": "269,161.07",
            "1: payroll": "173,614.25",
            "1: operating income": "1,056,945.93",
            "1: operating charges": "892,081.83",
            "1: operating_result": "164,864.10",
            "1: financial income": "13,253.57",
            "1: financial charges": "4,909.19",
            "1: net_result": "173,208.48",
            "2: debit": "1,265,350.82",
            "2: credit": "1,265,350.82",
            "2: revenue": "165,297.93",
            "2: payroll": "34,735.24",
            "2: net_result": "3,988.38",
        },
    ),
    (
        "Coverage of the 95 % intervals",
        {
            f"{method}: {what}": limit
            for method in ("t", "Wilson", "adjusted Wald")
            for what, limit in (
                ("mean over the grid", "94 % to 96 %"),
                ("lowest at n = 10", "≥ 89 %"),
                ("lowest from n = 30", "≥ 92 %"),
            )
        },
    ),
    (
        "False discoveries among labelled changes",
        {"nothing has moved": "≤ 5 %", "a quarter of the teams": "≤ 5 %", "move is found": "≥ 80 %"},
    ),
    (
        "Relation to finance: false and true claims",
        {", 8 units": "≤ 5 %", ", 12 units": "≤ 5 %", "”, 30 units, worst": "≤ 5 %", "planted": "≥ 80 %"},
    ),
    ("Early warning: false alarms", {"autocorrelation 0.6": "≤ 5 %"}),
]


@pytest.mark.parametrize(("target", "numbers"), PROMISED, ids=[target for target, _ in PROMISED])
def test_every_promised_number_is_there(
    found: list[Line | Table], target: str, numbers: dict[str, str]
) -> None:
    lines = [one for one in found if isinstance(one, Line) and one.target == target]
    for name, expected in numbers.items():
        (line,) = [one for one in lines if name in one.name]
        assert line.expected == expected
        assert line.source


def test_nothing_else_is_claimed(found: list[Line | Table]) -> None:
    assert {one.target for one in found} == {target for target, _ in PROMISED}


def test_by_default_a_cell_is_ten_thousand_samples() -> None:
    assert Inputs().draws == 10_000


# ---- verdicts ----------------------------------------------------------------------------------------------


def test_what_is_published_and_travels_agrees() -> None:
    lines = [*published.lines(Inputs()), *files.lines(Inputs(real=NOWHERE))]
    assert {line.verdict for line in lines if line.target != files.LEDGERS} == {OK}


def test_ledgers_that_are_not_here_are_said_to_be_absent_and_are_no_drift(still: None) -> None:
    code, told = verify("--real", NOWHERE)
    absent = [line for line in told if line.startswith(ABSENT)]
    assert code == 0
    assert len(absent) == sum(3 + len(figures) for *_, figures in files.BOOKS)
    assert f"{len(absent)} {ABSENT}" in told[-1]


@pytest.mark.real
def test_the_ledgers_agree_to_the_cent(real: Path) -> None:
    ledgers = [line for line in files.lines(Inputs(real=real)) if line.target == files.LEDGERS]
    assert [line.name for line in ledgers if line.verdict != OK] == []


@pytest.mark.real
def test_a_cent_in_a_ledger_is_a_drift(real: Path, tmp_path: Path) -> None:
    folder = tmp_path / "finance" / "fec"
    shutil.copytree(real / "finance" / "fec", folder)
    name = files.BOOKS[1][0]
    text = (folder / name).read_bytes()
    header, line, rest = text.split(b"\n", 2)
    cells = line.split(b"\t")
    place = 11 if cells[11].strip(b" 0,") else 12
    cells[place] = cells[place][:-1] + (b"1" if cells[place][-1:] != b"1" else b"2")
    (folder / name).write_bytes(b"\n".join([header, b"\t".join(cells), rest]))
    drifts = [line.name for line in files.lines(Inputs(real=tmp_path)) if line.verdict == DRIFT]
    assert drifts
    assert all(name.startswith("ledger 2") for name in drifts)


@pytest.mark.parametrize(
    ("name", "before", "after", "target", "drifts"),
    [
        ("attitude.csv", "43,51,30,39,61,92,45", "43,51,30,39,61,92,46", published.ATTITUDE, 2),
        ("p_values.csv", ".0095", ".0295", published.FALSE_DISCOVERIES, 1),
        ("johnson_weights.csv", "1,.2,.3,.4,-.4", "1,.2,.3,.4,-.3", published.JOHNSON, 1),
    ],
)
def test_one_digit_of_an_input_ends_with_one_and_names_the_line(
    still: None,
    reference: Callable[[str, str, str], Path],
    name: str,
    before: str,
    after: str,
    target: str,
    drifts: int,
) -> None:
    code, told = verify("--reference", reference(name, before, after), "--real", NOWHERE)
    drifted = [line for line in told if line.startswith(DRIFT)]
    assert code == 1
    assert len(drifted) >= drifts
    assert all(target in line and "expected" in line and "got" in line for line in drifted)


def test_an_organisation_changed_in_the_survey_is_a_drift(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(Inputs().survey, home, ignore=shutil.ignore_patterns("data"))
    (landed,) = (home / "landing").glob("csps2012*")
    landed.write_bytes(landed.read_bytes().replace(b"58%", b"61%"))
    (gone,) = (home / "landing").glob("csps2009*")
    gone.unlink()
    lines = [line for line in files.lines(Inputs(survey=home, real=NOWHERE)) if line.target == files.SURVEY]
    assert [line.name[-4:] for line in lines if line.verdict == DRIFT] == ["2009", "2012"]
    assert lines[0].got == "no file gives it"
    away = [line.verdict for line in files.lines(Inputs(survey=NOWHERE, real=NOWHERE))]
    assert set(away) == {ABSENT}


def test_a_broken_interval_is_a_drift_of_its_own_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    def wald(successes: int, n: int) -> Estimate:
        share = successes / n
        half = 1.96 * (share * (1 - share) / n) ** 0.5
        return Estimate(share, share - half, share + half)

    monkeypatch.setattr(simulation, "wilson", wald)
    monkeypatch.setattr(simulation, "SIZES", (10, 30))
    monkeypatch.setattr(simulated, "SIZES", (10, 30))
    lines = [one for one in simulated._coverage(1000) if isinstance(one, Line)]
    drifted = [line.name for line in lines if line.verdict == DRIFT]
    assert {"Wilson: mean over the grid", "Wilson: lowest at n = 10", "Wilson: lowest from n = 30"} <= set(
        drifted
    )
    assert not any(name.startswith("adjusted Wald: lowest") for name in drifted)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (rounded("", "", (".50", "-1.0"), (0.504, -0.96), ""), OK),
        (rounded("", "", (".50",), (0.506,), ""), DRIFT),
        (exact("", "", "1,000.10", None, ""), ABSENT),
        (at_most("", "", 0.05, 0.05, ""), OK),
        (at_most("", "", 0.05, 0.0501, ""), DRIFT),
        (at_least("", "", 0.92, 0.9199, ""), DRIFT),
        (between("", "", 0.94, 0.96, 0.9601, ""), DRIFT),
        (between("", "", 0.94, 0.96, float("nan"), ""), DRIFT),
    ],
)
def test_a_limit_is_held_where_it_is_written(line: Line, verdict: str) -> None:
    assert line.verdict == verdict


# ---- the page ----------------------------------------------------------------------------------------------


def rows_of(text: str) -> list[list[str]]:
    """Cells of the lines of a page: rows of its tables that end with a verdict."""
    rows = [re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows if row[-1] in {OK, DRIFT, ABSENT}]


def test_the_page_says_what_the_code_verifies(found: list[Line | Table]) -> None:
    lines = [one for one in found if isinstance(one, Line)]
    written = rows_of(PAGE.read_text(encoding="utf-8"))
    assert [(row[0], row[1], row[3]) for row in written] == [
        (line.name, line.expected, line.source.replace("200 panels", "10,000 panels")) for line in lines
    ]
    sampled = {target for target, _ in PROMISED[6:]}
    assert [row[2] for row, line in zip(written, lines, strict=True) if line.target not in sampled] == [
        line.got or line.expected for line in lines if line.target not in sampled
    ]
    assert {row[-1] for row in written} == {OK}


def test_the_page_keeps_its_sections_and_tables(found: list[Line | Table]) -> None:
    def shape(text: str) -> list[str]:
        opening, *rest = text.replace("10,000", "200").split("\n## ")
        heads = [
            line
            for part in rest
            for line in part.splitlines()
            if re.match(r"#|\| (population|units|n =)", line)
        ]
        return [opening, *(part.splitlines()[0] for part in rest), *heads]

    assert shape(PAGE.read_text(encoding="utf-8")) == shape(page(found, 200))


def test_the_page_is_written_by_the_command(still: None, tmp_path: Path) -> None:
    target = tmp_path / "page.md"
    code, told = verify("--write", target, "--real", NOWHERE)
    assert (code, told[-1]) == (0, f"{target} is written")
    assert len(rows_of(target.read_text(encoding="utf-8"))) == len(told) - 2
    assert ABSENT in target.read_text(encoding="utf-8")
