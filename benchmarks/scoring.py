"""From raw answers to dimension scores: the SQL that dbt writes from declarations against one written by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks import survey
from benchmarks.measuring import Comparison, medians
from pipelines.declared import Home
from pipelines.ledger import Ledger
from pipelines.resources import DBT_PROJECT
from pipelines.warehouse import path_of, write_declared, write_raw, writing


def compare(home: Home, scratch: Path) -> Comparison:
    """Both statements read the same Parquet and are kept as tables of the same warehouse file."""
    with Ledger(home.restricted / "ledger.sqlite") as ledger:
        write_raw(home, ledger, "candidate")
        parquet = [home.restricted / str(entry.parquet) for entry in ledger.files("candidate")]
    write_declared(home)
    compiled = _compiled(home, scratch)
    by_hand = _by_hand(parquet[0])
    with writing(home) as connection:
        seconds = medians(
            {
                "ours": lambda: connection.execute(f"create or replace table compiled as {compiled}"),
                "theirs": lambda: connection.execute(f"create or replace table by_hand as {by_hand}"),
            }
        )
        scores = " + ".join(
            f"abs(compiled.{name}_score - by_hand.{name}_score)" for name in survey.DIMENSIONS
        )
        worst = connection.execute(
            f"select count(*), max({scores}) from compiled inner join by_hand using (response_key)"
        ).fetchone()
        rows = connection.execute("select count(*) from by_hand").fetchone()
    if worst is None or rows is None or worst[0] != rows[0] or worst[1] > 1e-9:
        raise AssertionError("the compiled model and the statement by hand do not agree")
    return Comparison(
        f"scoring of {rows[0]:,} responses × {len(survey.ITEMS)} items on {len(survey.DIMENSIONS)} dimensions",
        ("`stg_responses` as dbt compiles it", seconds["ours"]),
        ("one wide statement by hand", seconds["theirs"]),
        aim=2.5,
    )


def _compiled(home: Home, scratch: Path) -> str:
    target = scratch / "dbt"
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "compile", "--select", "stg_responses"]
    folders = {"project": DBT_PROJECT, "profiles": DBT_PROJECT}
    options = [word for name, folder in folders.items() for word in (f"--{name}-dir", str(folder))]
    done = subprocess.run(
        [*command, *options, "--target-path", str(target), "--log-path", str(target)],
        env={**os.environ, "RELIER_WAREHOUSE": str(path_of(home)), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"dbt could not compile stg_responses: {done.stdout[-2000:]}")
    return next(target.glob("compiled/**/stg_responses.sql")).read_text(encoding="utf-8")


def _by_hand(parquet: Path) -> str:
    """What an analyst would write: half of a dimension's items answered, then their mean from 0 to 100."""
    scores = []
    for name in survey.DIMENSIONS:
        columns = [f'"{survey.SOURCE}__{code}"' for code, dimension in survey.ITEMS if dimension == name]
        answered = " + ".join(f"({column} is not null)::int" for column in columns)
        total = " + ".join(f"coalesce({column} - 1, 0)" for column in columns)
        scores.append(
            f"case when 2 * ({answered}) >= {len(columns)} then 25.0::double * ({total}) / ({answered}) end "
            f"as {name}_score"
        )
    outcomes = [f'"{survey.SOURCE}__{name}" as {name}_value' for name in survey.OUTCOMES]
    return (
        "select source_code, response_key, respondent_key, unit_code, wave_code, submitted_at, submitted_date, "
        f"{', '.join(scores)}, {', '.join(outcomes)} from read_parquet('{parquet}')"
    )
