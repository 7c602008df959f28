"""A home of one survey: 40 items, any number of responses, drawn with a fixed seed."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import yaml

from pipelines.declared import Home

SOURCE = "big_survey"
UNITS = 20
DIMENSIONS = (
    *("trust", "listening", "sincerity", "care", "recognition", "initiative"),
    *("competence", "ease", "cooperation", "values", "time", "joy"),
)
ITEMS = [(f"q{number}", DIMENSIONS[number % len(DIMENSIONS)]) for number in range(36)]
OUTCOMES = ("satisfaction", "recommend", "effort", "loyalty")


def make(folder: Path, responses: int) -> Home:
    """Write declarations and a CSV of `responses` rows under `folder`; returns the loaded home."""
    declarations = folder / "declarations"
    (declarations / "sources").mkdir(parents=True)
    landing = folder / "landing"
    landing.mkdir()
    (declarations / "organisation.yml").write_text(
        "{name: Bench, language: en, currency: EUR, time_zone: Europe/Paris, fiscal_year_start: 01-01,\n"
        " scorecard_grain: quarter, as_of: 2026-01-31}\n"
    )
    (declarations / "units.csv").write_text(
        "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\nroot,,Tout,All,2020-01-01,\n"
        + "".join(f"u{number},root,Unité {number},Unit {number},2020-01-01,\n" for number in range(UNITS))
    )
    (declarations / "unit_aliases.csv").write_text(
        "source,alias,unit_code\n" + "".join(f"{SOURCE},U{number},u{number}\n" for number in range(UNITS))
    )
    source = yaml.safe_dump(_declaration(), allow_unicode=True)
    (declarations / "sources" / f"{SOURCE}.yml").write_text(source, encoding="utf-8")
    file = landing / "answers.csv"
    _draw(file, responses)
    os.utime(
        file, (1_700_000_000, 1_700_000_000)
    )  # long since arrived: a file still being sent is left alone
    return Home.load(folder)


def _declaration() -> dict[str, object]:
    text = {"fr": "Question", "en": "Question"}
    items: list[dict[str, object]] = [
        {"code": code, "column": code.upper(), "dimension": dimension, "min": 1, "max": 5, "text": text}
        for code, dimension in ITEMS
    ]
    items += [
        {"code": name, "column": name.upper(), "outcome": name, "min": 0, "max": 10, "text": text}
        for name in OUTCOMES
    ]
    return {
        "version": 1,
        "kind": "responses",
        "format": "table",
        "files": "answers.csv",
        "stakeholder": "employees",
        "subject": "person",
        "owner": "bench",
        "cadence": "quarterly",
        "freshness_days": 100,
        "waves": [{"code": "2025-Q4", "file": "answers.csv", "opened": "2025-11-03", "closed": "2025-11-28"}],
        "keys": {"response": "ID", "respondent": "TOKEN", "unit": "UNIT", "submitted_at": "AT"},
        "items": items,
    }


def _draw(file: Path, responses: int) -> None:
    """One answer in twenty is left blank, as people do."""
    blank_or = "case when random() < 0.05 then null else {} end as {}"
    answers = [blank_or.format("1 + floor(random() * 5)::int", code.upper()) for code, _ in ITEMS]
    answers += [blank_or.format("floor(random() * 11)::int", name.upper()) for name in OUTCOMES]
    with duckdb.connect() as connection:
        connection.execute("set threads = 1; select setseed(0.5)")
        connection.execute(
            f"copy (select i as ID, 'T' || (i * 7919 % 1000003) || '-' || i as TOKEN, 'U' || (i % {UNITS}) as UNIT, "
            f"timestamp '2025-11-03 08:00:00' + to_seconds(i % 2000000) as AT, {', '.join(answers)} "
            f"from range({responses}) as t(i)) to '{file}' (header)"
        )
