"""Every published figure of the demo, worked out a second time from its raw files by code that shares no line with ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from tests.conftest import REPO
from tests.oracle import reports, sides, units
from tests.oracle.base import Key, Marts
from tests.oracle.comparing import of_change, of_figure, of_rows, told
from tests.oracle.reading import Home, read
from tests.oracle.visible import Row, Seen, rows_of

# Where each derived method is worked out again.
DERIVED = {
    method: module
    for module in (sides, units, reports)
    for method in (
        "mirrored_gap", "york_slope", "concordance", "reciprocity", "gesture_gap", "better_together", "sibling_excess",
        "concentration", "crisis_share", "early_warning", "link", "rank_correlation", "register_share", "relational_weight",
    )
    if hasattr(module, method)
}  # fmt: skip
# The slope is settled by iteration, to eight digits; of an early warning the value is made again, its limits judged apart.
CLOSE = {"york_slope": 1e-7}
LEFT = {"early_warning": {"ci_low", "ci_high", "verdict_code"}}


@pytest.fixture(scope="module")
def home(published_demo: Path) -> Home:
    return read(published_demo)


@pytest.fixture(scope="module")
def marts(home: Home) -> Marts:
    return Marts(home)


@pytest.fixture(scope="module")
def warehouse(published_demo: Path) -> Path:
    return published_demo / "data" / "restricted" / "warehouse.duckdb"


@pytest.fixture(scope="module")
def published(demo_snapshot: Path) -> dict[Key, Row]:
    return rows_of(demo_snapshot)


@pytest.fixture(scope="module")
def seen(home: Home, marts: Marts, published: dict[Key, Row]) -> Seen:
    return Seen(home, published, marts)


def based(rows: dict[Key, Row], home: Home) -> dict[Key, Row]:
    """Rows of the KPIs that are made of answers, not of other KPIs."""
    return {key: row for key, row in rows.items() if home.framework["kpis"][key[5]]["method"] not in DERIVED}


def test_the_oracle_shares_no_code_with_the_pipeline() -> None:
    """Lexicons apart, which read a comment and count nothing."""
    text = "\n".join(path.read_text() for path in (REPO / "tests" / "oracle").glob("*.py"))
    taken = re.findall(r"^\s*(?:from|import) ((?:pipelines|dashboards|examples|dbt)\S*)", text, re.MULTILINE)
    assert taken == ["pipelines.verbatims"]


def test_every_cell_has_its_row_and_none_is_invented(
    home: Home, marts: Marts, published: dict[Key, Row]
) -> None:
    found = based(published, home)
    assert len(found) > 50_000
    assert not marts.figures.keys() ^ found.keys()


def test_every_published_figure(home: Home, marts: Marts, published: dict[Key, Row]) -> None:
    rows = based(published, home)
    shown = {key: row for key, row in rows.items() if row["status"] == "published"}
    assert len(shown) > 20_000
    assert not told(line for key, row in shown.items() for line in of_figure(key, marts.figures[key], row))
    undecided = [(key, row) for key, row in rows.items() if row["status"] == "not_enough_data"]
    assert all(row["value"] is None and marts.figures[key].n == row["n"] for key, row in undecided)


def test_a_protected_row_says_nothing(published: dict[Key, Row]) -> None:
    silent = (
        "value",
        "n",
        "ci_low",
        "ci_high",
        "method",
        "change_value",
        "change_p_value",
        "ranking_value",
        "verdict_code",
    )
    hidden = [row for row in published.values() if row["status"] == "protected"]
    assert hidden
    assert not [row for row in hidden if any(row[column] is not None for column in silent)]


def test_an_index_holds_published_dimensions_alone(
    home: Home, marts: Marts, published: dict[Key, Row]
) -> None:
    """CONTRACT: Σ over the dimensions published in that cell."""
    for key, row in published.items():
        if home.framework["kpis"][key[5]]["method"] == "weighted_index" and row["status"] == "published":
            parts = {d: published[(*key[:5], "dimension_score", d)] for d in marts.present(key[:4])}
            assert {part["status"] for part in parts.values()} == {"published"}, key


def test_every_change(home: Home, marts: Marts, published: dict[Key, Row]) -> None:
    rows = based(published, home)
    shown = {key for key, row in rows.items() if row["status"] == "published"}
    changes = marts.changes(shown)
    assert len(changes) > 10_000
    assert not told(line for key in shown for line in of_change(key, changes.get(key), rows[key]))


def test_changes_of_a_report_are_judged_together(seen: Seen, published: dict[Key, Row]) -> None:
    for key, near in reports.p_values(seen).items():
        assert min(abs(p - published[key]["change_p_value"]) for p in near) < 1e-9, key
    labels = reports.labels(seen)
    assert {"noise", "real_and_large"} <= set(labels.values())
    assert not [key for key, row in published.items() if row["change_label"] != labels.get(key)]


def test_units_are_ranked_by_what_is_known_of_them(seen: Seen, published: dict[Key, Row]) -> None:
    ranking = reports.ranking(seen)
    assert {key for key, row in published.items() if row["ranking_value"] is not None} == ranking.keys()
    assert not [key for key, value in ranking.items() if abs(published[key]["ranking_value"] - value) > 1e-7]


@pytest.mark.parametrize("method", sorted(DERIVED))
def test_every_derived_figure(method: str, home: Home, seen: Seen, published: dict[Key, Row]) -> None:
    for code, kpi in home.framework["kpis"].items():
        if kpi["method"] == method:
            seen.made = {}
            getattr(DERIVED[method], method)(seen, code, kpi)
            assert seen.made.keys() == {key for key in published if key[5] == code}
            assert seen.made, f"the demo measures no {code}"
            checked = {
                key: {
                    name: value
                    for name, value in row.items()
                    if name not in LEFT.get(method, ()) or value is not None
                }
                for key, row in seen.made.items()
            }
            assert not told(
                line
                for key, row in checked.items()
                for line in of_rows(key, row, published[key], CLOSE.get(method, 1e-9))
            )


def test_the_limits_of_early_warnings(home: Home, seen: Seen, published: dict[Key, Row]) -> None:
    """Beyond the errors of its points an interval allows for one movement, alike for all units; a fall below it alarms."""
    for code, kpi in home.framework["kpis"].items():
        if kpi["method"] == "early_warning":
            limits = reports.early_limits(seen, code, kpi)
            movements = defaultdict(list)
            for key, limit in limits.items():
                movements[key[2], limit.points].append(limit.movement)
                row = published[key]
                assert (row["ci_low"] + row["ci_high"]) / 2 == pytest.approx(row["value"], abs=1e-9)
                assert not limit.signals or row["verdict_code"] in ("alarm", "moved_together"), key
            assert any(limit.signals for limit in limits.values())
            assert max(len(found) for found in movements.values()) >= 10
            assert all(max(found) - min(found) < 1e-9 and min(found) > 0 for found in movements.values())


def test_every_figure_before_the_mask(marts: Marts, warehouse: Path) -> None:
    assert not told(against(marts, rows_of(warehouse, "marts")))


def against(marts: Marts, rows: dict[Key, Row]) -> list[str]:
    """What an unmasked warehouse says otherwise than the oracle, rows that one has alone included."""
    alone = [f"{' '.join(key)}: only one has it" for key in marts.figures.keys() ^ rows.keys()]
    return alone + [
        line
        for key in marts.figures.keys() & rows.keys()
        for line in of_figure(key, marts.figures[key], rows[key])
    ]


def test_marts_do_not_depend_on_the_optimiser(marts: Marts, warehouse: Path, tmp_path: Path) -> None:
    """dbt builds them again with every optimiser of DuckDB off: what is wrong in both would have to be wrong alike."""
    copy = tmp_path / warehouse.name
    shutil.copyfile(warehouse, copy)
    with duckdb.connect() as connection:
        optimisers = [
            name for (name,) in connection.execute("select name from duckdb_optimizers()").fetchall()
        ]
    assert len(optimisers) > 20
    profile = (REPO / "dbt_project" / "profiles.yml").read_text()
    settings = f"      settings: {{disabled_optimizers: '{','.join(optimisers)}'}}\n"
    (tmp_path / "profiles.yml").write_text(f"{profile.rstrip()}\n{settings}")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")), "run", "--project-dir", str(REPO / "dbt_project"),
            "--profiles-dir", str(tmp_path), "--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs"),
        ],
        env={**os.environ, "RELIER_WAREHOUSE": str(copy), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert not told(differences(warehouse, copy))
    assert not told(against(marts, rows_of(copy, "marts")))


def differences(one: Path, other: Path) -> list[str]:
    """Rows of the marts that two warehouses do not share, to the last bit: sums are of decimals."""
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as a (read_only); attach '{other}' as b (read_only)")
        listed = "select table_name from duckdb_tables() where database_name = '{}' and schema_name = 'marts' order by 1"
        tables = [[name for (name,) in connection.execute(listed.format(side)).fetchall()] for side in "ab"]
        assert tables[0] == tables[1]
        assert "fct_kpi_values" in tables[0]
        for table in tables[0]:
            for less, more in (("a", "b"), ("b", "a")):
                rest = f"from {less}.marts.{table} except all from {more}.marts.{table}"
                found += [f"{table}: {less} alone has {row}" for row in connection.execute(rest).fetchall()]
    return found


def test_one_answer_changed_in_one_file_is_seen(
    published_demo: Path, published: dict[Key, Row], tmp_path: Path
) -> None:
    """The oracle on one file agrees with the snapshot; with one cell of it changed it does not, up to the root."""
    file = "clients_2025-Q4.csv"
    shutil.copytree(published_demo / "declarations", tmp_path / "declarations")
    (tmp_path / "landing").mkdir()
    text = (published_demo / "landing" / file).read_text("utf-8-sig")
    lines = text.split("\n")
    column = lines[0].split(",").index("Q1_8")
    place = next(i for i, line in enumerate(lines) if "69-LYON" in line and line.split(",")[column] == "2")
    cells = lines[place].split(",")
    cells[column] = "3"

    def said(content: str) -> list[str]:
        (tmp_path / "landing" / file).write_text(content, "utf-8")
        figures = Marts(read(tmp_path), ["client_survey"]).figures
        return [
            line
            for key, figure in figures.items()
            if key[5] == "dimension_score" and published[key]["status"] == "published"
            for line in of_figure(key, figure, published[key])
        ]

    assert said(text) == []
    changed = said("\n".join([*lines[:place], ",".join(cells), *lines[place + 1 :]]))
    assert {line.split()[0] for line in changed} == {"ag_lyon", "reg_sud", "rivage"}
    assert {line.split()[6].rstrip(":") for line in changed} == {"ease"}
