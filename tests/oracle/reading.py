"""A home read from its own files: declarations as data, landing files record by record. Nothing of the pipeline.

What the documents say of reading is done again, simply: a file whose bytes were there before counts once, one that is cut or
has an undeclared column is left out, a record of an unknown unit or with an answer off its scale is left out whole.
"""

from __future__ import annotations

import csv
import datetime as dt
import fnmatch
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import yaml

DEFAULTS = Path(__file__).resolve().parents[2] / "pipelines" / "declared" / "defaults"
THEMES = DEFAULTS.parents[1] / "verbatims" / "themes.yml"
PREVIEWS = {"1", "Survey Preview"}  # Qualtrics' `Status` of an answer that somebody gave to try the survey
Row = dict[str, Any]


@dataclass
class Record:
    """One answer, event or figure: where and when it counts, and what it says by code of item, fact or measure."""

    source: str
    stakeholder: str
    unit: str
    closed: dt.date
    period: str
    respondent: str
    answers: dict[str, float]
    cuts: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    n: float = 1


@dataclass
class Home:
    """Declarations of a home, and its records by source."""

    path: Path
    organisation: dict[str, Any]
    framework: dict[str, Any]
    thresholds: dict[str, int]
    sources: dict[str, dict[str, Any]]
    units: list[dict[str, str]]
    registers: dict[str, list[dict[str, str]]]
    records: dict[str, list[Record]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def as_of(self) -> dt.date:
        return self.organisation["as_of"]

    def ancestors(self, unit: str, day: dt.date) -> list[str]:
        """The unit and all above it on `day`."""
        parents = {
            row["unit_code"]: row["parent_code"]
            for row in self.units
            if row["valid_from"] <= day.isoformat() <= (row["valid_to"] or "9999")
        }
        found = []
        while unit in parents:
            found.append(unit)
            unit = parents[unit]
        return found or ["unassigned"]

    @property
    def themes(self) -> list[str]:
        """Codes of the themes that comments are counted by: shipped, less or more those of the home."""
        own = yaml_of(self.path / "declarations" / "verbatims.yml").get("themes", {})
        return list(merged(yaml_of(THEMES), own))

    @property
    def root(self) -> str:
        return next(row["unit_code"] for row in self.units if not row["parent_code"])


def merged(under: Any, over: Any) -> Any:
    """`over` laid on `under`, key by key; null removes."""
    if not (isinstance(under, dict) and isinstance(over, dict)):
        return over
    both = {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}
    return {key: value for key, value in both.items() if value is not None}


def yaml_of(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}


def csv_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))) if path.exists() else []


def read(path: Path) -> Home:
    """Everything a home declares and has received."""
    declared = path / "declarations"
    sources = {}
    for file in sorted((declared / "sources").glob("*.yml")):
        own = yaml_of(file)
        model = yaml_of(DEFAULTS / "sources" / f"{own['like']}.yml") if "like" in own else {}
        lists = {name: [*model.get(name, []), *own.get(name, [])] for name in ("drop", "comments")}
        sources[file.stem] = {**model, **own, **lists}
    home = Home(
        path,
        yaml_of(declared / "organisation.yml"),
        merged(yaml_of(DEFAULTS / "framework.yml"), yaml_of(declared / "framework.yml")),
        yaml_of(declared / "privacy.yml")["threshold"],
        sources,
        csv_of(declared / "units.csv"),
        {name: csv_of(declared / "registers" / f"{name}.csv") for name in ("strategy", "bodies", "actions")},
    )
    aliases: dict[str, dict[str, str]] = defaultdict(dict)
    for row in csv_of(declared / "unit_aliases.csv"):
        aliases[row["source"]][row["alias"]] = row["unit_code"]
    for code, source in sources.items():
        if source["kind"] != "ledger":
            known = {**{row["unit_code"]: row["unit_code"] for row in home.units}, **aliases[code]}
            home.records[code] = list(_records(home, code, source, known))
    return home


def _records(home: Home, code: str, source: dict[str, Any], units: dict[str, str]) -> Iterator[Record]:
    """Records of the accepted files of a source, of periods that are over; the newest of one key counts."""
    kept: dict[tuple[str, ...], Record | None] = {}
    seen: set[bytes] = set()
    for file in sorted((home.path / "landing").glob("*")):
        if not fnmatch.fnmatch(file.name, source["files"]):
            continue
        content = file.read_bytes()
        if content in seen:
            home.left_out[file.name] = "duplicate"
            continue
        seen.add(content)
        try:
            rows = list(_table(file.name, content, source))
        except csv.Error:
            home.left_out[file.name] = "refused"
            continue
        if unknown := set().union(*rows) - _declared(source, rows):
            home.left_out[file.name] = f"held: {sorted(unknown)}"
            continue
        kept.update(_of_file(home, code, source, units, file.name, rows))
    yield from (record for record in kept.values() if record and record.closed <= home.as_of)


def _of_file(
    home: Home, code: str, source: dict[str, Any], units: dict[str, str], name: str, rows: list[Row]
) -> dict[tuple[str, ...], Record | None]:
    keys, kept = source["keys"], {}
    waves = source["waves"] if source["waves"] != "continuous" else []
    wave = next((wave for wave in waves if fnmatch.fnmatch(name, wave["file"])), None)
    for number, row in enumerate(rows):
        parts = keys.get("response") or [keys["unit"], keys["submitted_at"]]
        key = tuple(text(row.get(part)) for part in ([parts] if isinstance(parts, str) else parts))
        key = (*key, wave["code"]) if wave else key
        unit = units.get(text(row.get(keys["unit"])))
        answers = _said(source, row)
        if unit is None or answers is None:  # quarantined
            continue
        day = wave["closed"] if wave else local_day(home, source, row[keys["submitted_at"]])
        period, closed = period_of(day, home.organisation["scorecard_grain"])
        left_out = row.get("Status") in PREVIEWS and source.get("format") == "qualtrics_csv"
        left_out |= any(text(row.get(column)) in texts for column, texts in source.get("exclude", {}).items())
        kept[key] = None if left_out else Record(
            code, source["stakeholder"], unit, day if wave else closed, period,
            text(row.get(keys.get("respondent"))) or f"{name}:{number}", answers,
            {cut: text(row.get(column)) for cut, column in source.get("segments", {}).items()},
            [str(row[column]) for column in source.get("comments", []) if row.get(column)],
            float(row[keys["n"]]) if "n" in keys else 1,
        )  # fmt: skip
    return kept


def _said(source: dict[str, Any], row: Row) -> dict[str, float] | None:
    """What a record answers, by code; None where one answer is off its scale."""
    found = {}
    for item in source.get("items", []):
        column = next((c for c in (item["column"], *item.get("aliases", [])) if c in row), None)
        said = text(row.get(column))
        if not said or said in item.get("missing", {}):
            continue
        values = item.get("values")
        number = values.get(said) if values else number_of(said)
        if number is None or not item["min"] <= number <= item["max"]:
            return None
        found[item["code"]] = number
    for fact in source.get("facts", []):
        said = text(row.get(fact.get("column") or fact["actual"]))
        if not said or said in fact.get("missing", {}):
            continue
        if "values" in fact:
            found[fact["code"]] = fact["values"][said]
        else:
            formats = source["time_formats"]
            promised, actual = (day_of(row[fact[name]], formats) for name in ("promised", "actual"))
            found[fact["code"]] = float(actual <= promised)
    for measure in source.get("measures", []):
        if (number := number_of(text(row.get(measure["column"])))) is not None:
            found[measure["code"]] = number
    return found


def _declared(source: dict[str, Any], rows: list[Row]) -> set[str]:
    """Columns of the file that the source names somewhere."""
    names: set[str] = {
        *source.get("segments", {}).values(),
        *source.get("comments", []),
        *source.get("exclude", {}),
    }
    for key in source["keys"].values():
        names.update([key] if isinstance(key, str) else key)
    for part in (*source.get("items", []), *source.get("facts", []), *source.get("measures", [])):
        names.update(
            part.get("aliases", []), (part[n] for n in ("column", "promised", "actual") if n in part)
        )
    patterns = source.get("drop", [])
    columns = set().union(*rows)
    return names | {c for c in columns if any(fnmatch.fnmatchcase(c, pattern) for pattern in patterns)}


def _table(name: str, content: bytes, source: dict[str, Any]) -> Iterable[Row]:
    """Rows of a file by the names of its columns, blanks brought to plain spaces."""
    if name.endswith(".json"):
        return json.loads(content)[source["records"]]
    if name.endswith(".xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        sheet = book[source["sheet"]] if "sheet" in source else book.worksheets[0]
        lines = [list(line) for line in sheet.iter_rows(values_only=True)]
    else:
        lines = [list(line) for line in _csv_lines(content)]
    at = source.get("header_row", 1) - 1
    header = [text(cell) for cell in lines[at]]
    body = lines[at + (3 if source.get("format") == "qualtrics_csv" else 1) :]
    if any(len(line) != len(header) for line in body if line):
        raise csv.Error("a line ends before its columns do")
    footers = source.get("not_records", [])
    unit = header.index(source["keys"]["unit"])
    return [
        dict(zip(header, line, strict=True))
        for line in body
        if any(cell not in (None, "") for cell in line)
        and not any(fnmatch.fnmatch(text(line[place]), footer) for footer in footers for place in (0, unit))
    ]


def _csv_lines(content: bytes) -> Iterator[list[str]]:
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        decoded = content.decode("cp1252")
    first = decoded.partition("\n")[0]
    mark = ";" if first.count(";") > first.count(",") else ","
    return csv.reader(io.StringIO(decoded, newline=""), delimiter=mark, strict=True)


def text(cell: Any) -> str:
    """A cell as it is compared: no-break spaces and line ends are spaces, those around it go."""
    return "" if cell is None else " ".join(str(cell).split())


def number_of(said: str) -> float | None:
    try:
        return float(said.replace(" ", "").replace(",", "."))
    except ValueError:
        return None


def day_of(cell: Any, formats: list[str]) -> dt.date:
    if isinstance(cell, dt.datetime):
        return cell.date()
    return dt.datetime.strptime(text(cell), formats[0]).date()


def local_day(home: Home, source: dict[str, Any], cell: Any) -> dt.date:
    """Day of a time in the organisation's zone; a time that names no zone is local."""
    if "time_formats" in source or isinstance(cell, dt.datetime):
        return day_of(cell, source.get("time_formats", []))
    moment = dt.datetime.fromisoformat(text(cell))
    return (moment.astimezone(ZoneInfo(home.organisation["time_zone"])) if moment.tzinfo else moment).date()


def period_of(day: dt.date, grain: str) -> tuple[str, dt.date]:
    """Code and last day of the period that holds `day`."""
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    last = (day.month - 1) // months * months + months
    end = dt.date(day.year + last // 12, last % 12 + 1, 1) - dt.timedelta(days=1)
    return {1: f"{day.year}-{last:02}", 3: f"{day.year}-Q{last // 3}", 12: f"{day.year}"}[months], end
