"""What goes into a snapshot: marts through the one door of privacy, and the metadata beside them."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.declared import Home, declared_tables, surveyed
from pipelines.declared.expressions import resolve
from pipelines.declared.freshness import freshness
from pipelines.derive import PROTECTED
from pipelines.derive.described import DESCRIBED
from pipelines.deriving import still_true, with_derived
from pipelines.failpoints import failpoint
from pipelines.files import private_folder, replacing
from pipelines.fingerprint import fingerprint
from pipelines.ledger import Entry, Ledger, now
from pipelines.privacy import HEADCOUNT_KPIS, Closure, Headcount, Overlap, Rules, protect
from pipelines.publication import Comments, snapshot_path, write_snapshot
from pipelines.runbook import Published
from pipelines.warehouse import reading
from pipelines.waves import named_waves

CANDIDATE = "candidate.json"
SUPPRESSED = ("fct_kpi_values", "fct_finance", "scorecard_unit_period")


@dataclass(frozen=True)
class Candidate:
    """A snapshot waiting for its audit; `register` are the cells it would publish for the first time or anew."""

    snapshot_id: str
    run_id: str
    rows: int
    protected: int
    held: int
    tables: int
    register: list[dict[str, Any]]
    fingerprint: str = ""
    last_days: Mapping[str, str] = field(default_factory=dict)

    def path(self, home: Home) -> Path:
        return home.restricted / "candidate" / f"scorecard-{self.snapshot_id}.duckdb"

    def told(self, home: Home) -> Published:
        """What the ledger remembers of it once it is published, for the next run to compare itself with."""
        days = {code: dt.date.fromisoformat(day) for code, day in self.last_days.items()}
        size = snapshot_path(home.published, self.snapshot_id).stat().st_size
        return Published(self.snapshot_id, self.fingerprint, size, home.as_of, days)

    def save(self, home: Home) -> None:
        with replacing(home.restricted / CANDIDATE) as temporary:
            temporary.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, home: Home) -> Candidate:
        return cls(**json.loads((home.restricted / CANDIDATE).read_text()))


def rules(home: Home, overlaps: Sequence[Overlap] = ()) -> Rules:
    """The privacy rules of a home; `overlaps` are those of its warehouse, without which one segment alone is shown."""
    tables = declared_tables(home)
    groups = surveyed(home)
    ends = {row["period_code"]: row["end_date"] for row in tables["periods"].to_pylist()}
    continuous = {source.stakeholder for source in home.sources.values() if source.waves == "continuous"}
    closes: dict[tuple[str, str], list[dt.date]] = {}
    for wave in tables["waves"].to_pylist():
        group = str(home.sources[wave["source_code"]].stakeholder)
        # a continuous source of the same people is pooled by the tree of the period's end
        first = [ends[wave["period_code"]]] if group in continuous else []
        closes.setdefault((group, wave["period_code"]), first).append(wave["closed_date"])
    return Rules(
        thresholds={group: home.privacy.k(group) for group in groups},
        finance_threshold=max([home.privacy.k(group) for group in groups], default=10),
        closure=[
            Closure(row["ancestor_code"], row["unit_code"], row["valid_from"], row["valid_to"])
            for row in tables["unit_closure"].to_pylist()
        ],
        period_ends=ends,
        roots=frozenset(unit.code for unit in home.units if unit.parent is None),
        headcounts=[
            Headcount(row["unit_code"], row["valid_from"], row["valid_to"], row["headcount"])
            for row in tables["headcounts"].to_pylist()
        ],
        closes=closes,
        headcount_kpis=_headcount_kpis(home),
        comment_kpis=frozenset(
            code
            for code, kpi in home.framework.kpis.items()
            if kpi.method == "theme_share" or kpi.outcome == "comment_tone"
        ),
        derived_kpis=frozenset(code for code, kpi in home.framework.kpis.items() if kpi.is_derived),
        segments=tuple(home.framework.segments),
        overlaps=overlaps,
    )


def overlaps(home: Home) -> list[Overlap]:
    """How many respondents each two groups of different segments share, from the warehouse."""
    query = (
        "select unit_code, stakeholder_code, period_code, segment_code_a, segment_code_b, people"
        " from intermediate.int_segments__crossed"
    )
    with reading(home) as connection:
        return [Overlap(*row) for row in connection.execute(query).fetchall()]


def _headcount_kpis(home: Home) -> frozenset[str]:
    """Finance KPIs in which payroll (class 64 of the chart) takes part: those of a small team tell its pay."""
    sums: set[str] = set()
    for chart in home.finance.charts:
        expressions = {**home.finance_kpis, **chart.kpis}
        for kpi in expressions:
            if any(
                prefix.startswith("64") or "64".startswith(prefix) for prefix in resolve(kpi, expressions)
            ):
                sums.add(kpi)
    ratios = {
        code for code, kpi in home.framework.kpis.items() if kpi.numerator in sums or kpi.denominator in sums
    }
    return frozenset(sums | ratios) | HEADCOUNT_KPIS


def read_marts(home: Home) -> tuple[dict[str, pa.Table], Comments]:
    """Every table of schema marts, with the descriptions dbt persisted and the units and ranges of its manifest."""
    manifest = json.loads((home.restricted / "dbt" / "manifest.json").read_text())
    comments: Comments = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["fqn"][1] == "marts":
            columns = {
                name: (column["description"], *(_meta(column).get(key) for key in ("unit", "range")))
                for name, column in node["columns"].items()
            }
            comments[node["name"]] = {"description": node["description"], "columns": columns}
    with reading(home) as connection:
        marts = {
            name: connection.execute(f'select * from marts."{name}"').to_arrow_table()
            for name in sorted(comments)
        }
    return marts, comments


def _meta(column: Mapping[str, Any]) -> Mapping[str, Any]:
    return column.get("meta") or column.get("config", {}).get("meta") or {}


def build_candidate(home: Home, ledger: Ledger, run_id: str) -> Candidate:
    """Suppress, freeze against the register, and write the candidate file; nothing is visible to anybody yet."""
    marts, comments = read_marts(home)
    frames = {name: pl.DataFrame(marts[name]) for name in (*SUPPRESSED, "fct_reliability")}
    safe = protect(frames, rules(home, overlaps(home)), ledger.publications(), home.framework.version)
    published = safe.tables["fct_kpi_values"]
    reliable = still_true(frames["fct_reliability"], frames["fct_kpi_values"], published, home.root)
    tables = with_derived(home, {**safe.tables, "fct_reliability": reliable})
    for name, frame in tables.items():
        table = frame.to_arrow()
        marts[name] = table.cast(marts[name].schema) if name in marts else table
    comments |= DESCRIBED
    snapshot_id = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    sources = sources_table(home, ledger)
    meta = {"snapshot": _snapshot_row(home, snapshot_id, run_id), "sources": sources}
    last_days = {
        row["source_code"]: row["last_wave_date"] for row in sources.to_pylist() if row["last_wave_date"]
    }
    made = Candidate(
        snapshot_id=snapshot_id,
        run_id=run_id,
        rows=sum(table.num_rows for table in marts.values()),
        protected=sum(int((tables[name]["status"] == PROTECTED).sum()) for name in safe.protected_rows),
        held=safe.held_cells,
        tables=len(marts),
        register=safe.register,
        fingerprint=fingerprint(home, ledger, last_days),
        last_days={code: day.isoformat() for code, day in last_days.items()},
    )
    folder = private_folder(home.restricted / "candidate")
    for old in folder.iterdir():
        old.unlink()
    write_snapshot(made.path(home), marts, comments, meta)
    failpoint("candidate.written")
    made.save(home)
    failpoint("candidate.saved")
    return made


def code_version() -> str:
    """The checkout's commit, or the package's version outside a checkout."""
    here = Path(__file__).resolve().parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=here, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else "unversioned"


def _snapshot_row(home: Home, snapshot_id: str, run_id: str) -> pa.Table:
    organisation = home.organisation
    return pa.Table.from_pylist(
        [
            {
                "snapshot_id": snapshot_id,
                "created_at": now(),
                "as_of_date": home.as_of,
                "organisation_name": organisation.name,
                "language": organisation.language,
                "currency_code": organisation.currency,
                "scorecard_grain": organisation.scorecard_grain,
                "code_version": code_version(),
                "definition_version": home.framework.version,
                "declarations_hash": home.digest[:16],
                "run_id": run_id,
            }
        ]
    )


def _last_dates(connection: duckdb.DuckDBPyConnection) -> dict[str, dt.date]:
    """Per source, the last day its accepted data speak of."""
    query = """
        select source_code, max(day) from (
            select r.source_code, coalesce(w.closed_date, r.submitted_date) as day
            from (select distinct source_code, wave_code, submitted_date from raw.responses) r
            left join declared.waves w on w.source_code = r.source_code and w.wave_code = r.wave_code
            union all
            select m.source_code, coalesce(w.closed_date, m.submitted_date)
            from (
                select distinct source_code, wave_code, submitted_date from raw.measures
                union all select distinct source_code, wave_code, submitted_date from raw.events
            ) m
            left join declared.waves w on w.source_code = m.source_code and w.wave_code = m.wave_code
            union all
            select source_code, max(entry_date) from raw.ledger_lines group by source_code
        ) group by source_code"""
    return {source: day for source, day in connection.execute(query).fetchall() if day}


def _latest_file(home: Home, code: str, entries: list[Entry]) -> Entry | None:
    """The file of the last wave a source sent, whatever became of it."""
    mine = [
        entry for entry in entries if entry.source == code and entry.status not in {"duplicate", "superseded"}
    ]

    def rank(entry: Entry) -> tuple[str, int, str]:
        closed = [wave.closed.isoformat() for wave in named_waves(home.sources[code], entry.name)]
        return (max(closed, default=""), entry.status == "accepted", entry.name.rsplit("/", 1)[-1])

    return max(mine, key=rank, default=None)


def sources_table(home: Home, ledger: Ledger) -> pa.Table:
    """`meta.sources`: who sends what, how fresh, and whether its promises held; no counts of files or records."""
    entries = ledger.files()
    with reading(home) as connection:
        last = _last_dates(connection)
    rows = []
    for code, source in home.sources.items():
        latest, day = _latest_file(home, code, entries), last.get(code)
        wave = None
        if isinstance(source.waves, list) and day:
            wave = next((wave.code for wave in source.waves if wave.closed == day), None)
        age, fresh = freshness(home, code, day)
        rows.append(
            {
                "source_code": code,
                "label_fr": source.label.fr if source.label else code,
                "label_en": source.label.en if source.label else code,
                "kind": source.kind,
                "stakeholder_code": source.stakeholder,
                "owner": source.owner,
                "cadence": source.cadence,
                "last_wave_code": wave,
                "last_wave_date": day,
                "freshness_days": source.freshness_days,
                "age_days": age,
                "freshness_status": fresh,
                "last_file_status": latest.status if latest else None,
                "checks_passed_count": latest.checks_passed if latest else None,
                "checks_count": latest.checks_total if latest else None,
                "declaration_version": source.version,
                "disclosure": source.disclosure,
            }
        )
    schema = pa.schema(
        [
            ("source_code", pa.string()),
            ("label_fr", pa.string()),
            ("label_en", pa.string()),
            ("kind", pa.string()),
            ("stakeholder_code", pa.string()),
            ("owner", pa.string()),
            ("cadence", pa.string()),
            ("last_wave_code", pa.string()),
            ("last_wave_date", pa.date32()),
            ("freshness_days", pa.int32()),
            ("age_days", pa.int32()),
            ("freshness_status", pa.string()),
            ("last_file_status", pa.string()),
            ("checks_passed_count", pa.int32()),
            ("checks_count", pa.int32()),
            ("declaration_version", pa.int32()),
            ("disclosure", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)
