"""A small valid home written file by file, so that a test can break exactly one thing."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "organisation.yml": 'name: Essai\nschedule: "0 6 * * 1"\nas_of: 2025-12-31\n',
    "units.csv": (
        "unit_code,parent_code,name_fr,name_en,valid_from,valid_to\n"
        "essai,,Essai,Trial,2024-01-01,\nsud,essai,Sud,South,2024-01-01,\nnord,essai,Nord,North,2024-01-01,\n"
    ),
    "unit_aliases.csv": "source,alias,unit_code\nhr_survey,AG1,sud\nhr_survey,AG2,nord\n",
    "privacy.yml": "threshold: {employees: 10}\n",
    "finance.yml": "charts:\n  - fiscal_years: [2025]\n    kpis:\n      revenue: credit(70)\n",
    "sources/hr_survey.yml": """\
version: 1
kind: responses
format: table
files: "hr_*.csv"
stakeholder: employees
owner: people team
cadence: quarterly
freshness_days: 100
waves:
  - {code: 2025-Q1, file: "hr_2025Q1*", opened: 2025-03-03, closed: 2025-03-28, invited: 40}
keys: {response: id, unit: agency}
items:
  - {code: q1, column: Q1, dimension: trust, min: 1, max: 5}
  - {code: reco, column: NPS, outcome: recommend, min: 0, max: 10}
""",
}

DELIVERIES = """\
kind: events
format: table
files: "de_*.csv"
stakeholder: partners
owner: purchasing
cadence: monthly
freshness_days: 40
waves: continuous
keys: {response: id, unit: agency, submitted_at: delivered}
facts:
  - {code: on_time, promised: promised, actual: delivered, kpi: on_time_share}
  - {code: complete, column: state, values: {full: 1, partial: 0}, kpi: on_time_share, dimension: ease}
"""


def write_home(folder: Path, changes: dict[str, str | None] | None = None) -> Path:
    """Write the home under `folder`; a change replaces a file's text, None leaves the file out."""
    for relative, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            path = folder / "declarations" / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    (folder / "landing").mkdir(exist_ok=True)
    return folder


def changed(relative: str, old: str, new: str) -> dict[str, str | None]:
    """The home with one text replaced in one file."""
    assert old in FILES[relative]
    return {relative: FILES[relative].replace(old, new)}
