"""Blocking promises: what each source keeps (Great Expectations), what a candidate must hold to be published."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator

import dagster as dg

from pipelines.assets.warehouse import failures
from pipelines.assets.waves import arrivals
from pipelines.declared import Home
from pipelines.declared.freshness import freshness
from pipelines.deriving import differences
from pipelines.expectations import judge_all
from pipelines.failpoints import failpoint
from pipelines.judging import judged, source_checks
from pipelines.ledger import Ledger
from pipelines.privacy import audit
from pipelines.publication import read_snapshot
from pipelines.publishing import SUPPRESSED, Candidate, overlaps, rules
from pipelines.resources import Warehouse, dbt_target
from pipelines.settling import settle
from pipelines.warehouse import VIEWS, reading


def promises(home: Home) -> list[dg.AssetChecksDefinition]:
    """One check per source, named after it; a file that breaks a promise is held by name and blocks nothing else."""
    return [
        _judging(home, kind, codes)
        for kind in VIEWS
        if (codes := [c for c, s in home.sources.items() if s.kind == kind])
    ]


def _judging(home: Home, kind: str, codes: list[str]) -> dg.AssetChecksDefinition:
    specs = [
        dg.AssetCheckSpec(
            f"{code}_keeps_its_promises",
            asset=["raw", VIEWS[kind]],
            blocking=True,
            description=f"Great Expectations, from the declaration of {code}; owner: {home.sources[code].owner}.",
        )
        for code in codes
    ]

    @dg.multi_asset_check(specs=specs, name=f"judge_{kind}")
    def judge(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
        with warehouse.ledger() as ledger:
            waiting = {
                code: [entry for entry in ledger.files("candidate") if entry.source == code] for code in codes
            }
            verdicts = {
                verdict.file_id: verdict
                for verdict in judge_all(
                    warehouse.file,
                    [
                        (source_checks(warehouse.home, code), [e.file_id for e in waiting[code]])
                        for code in codes
                    ],
                )
            }
            held_before = {entry.key for entry in ledger.files("held")}
            for entries in waiting.values():
                decided = [judged(warehouse.home, ledger, e, verdicts[e.file_id]) for e in entries]
                failpoint("judge.judged")
                ledger.record_all(decided)
                failpoint("judge.recorded")
            settle(warehouse.home, ledger)  # which holds what drifts from the waves before it
            judged_now = {entry.sha256 for entries in waiting.values() for entry in entries}
            here = [entry for entry in ledger.files(kind=kind) if entry.source in codes]
            mine = [e for e in here if e.run_id == context.run.run_id or e.sha256 in judged_now]
            for arrived in arrivals(warehouse.home, mine):
                context.op_execution_context.log_event(arrived)
            now_held = [e for e in ledger.files("held") if e.key not in held_before]
            for code, entries in waiting.items():
                held = [entry for entry in now_held if entry.source == code]
                counts = {
                    "files_judged": len(entries),
                    "files_held": len(held),
                    "rules": max((verdicts[entry.file_id].total for entry in entries), default=0),
                }
                told = "; ".join(str(entry.message) for entry in held) or "every file judged kept them"
                yield dg.AssetCheckResult(
                    passed=not held,
                    check_name=f"{code}_keeps_its_promises",
                    asset_key=["raw", VIEWS[kind]],
                    description=told,
                    metadata=counts,
                    # a held file is out of raw: what remains may go on, so it warns and never blocks the home
                    severity=dg.AssetCheckSeverity.WARN,
                )

    return judge


# A response of a long file stands for several records; events and measures are a row per record and figure.
_RECORDS = {
    "responses": "sum(coalesce(records, 1))::bigint",
    "events": "count(distinct (file_id, record_number))",
    "measures": "count(distinct (file_id, record_number))",
    # a line of a profit and loss statement is a row per month; to count 20 million ledger lines apart would be slow
    "ledger_lines": "count(*) filter (where journal_code is distinct from 'PNL')"
    " + count(distinct (file_id, record_number)) filter (where journal_code = 'PNL')",
}


def _counts_agree(home: Home, ledger: Ledger, candidate: Candidate) -> list[str]:
    """Ledger, raw and staging must count the same records, source by source."""
    expected: dict[str, int] = {}
    for entry in ledger.files("accepted"):
        if entry.source in home.sources:
            expected[str(entry.source)] = expected.get(str(entry.source), 0) + entry.accepted

    def counted(prefix: str, views: Iterable[str], where: str = "") -> dict[str, int]:
        query = " union all ".join(
            f"select source_code, {_RECORDS[view]} from {prefix}{view} {where} group by 1" for view in views
        )
        return dict(connection.execute(query).fetchall())

    with reading(home) as connection:
        raw = counted("raw.", _RECORDS)
        kept_back = counted("raw.", ("responses", "events"), "where is_test")
        kept_back |= counted("raw.", ("measures",), "where measure_code is null")  # of dropped questions
        staged = counted("staging.stg_", _RECORDS)
    wrong = []
    for source in sorted({*expected, *raw}):
        told, seen, built = expected.get(source, 0), raw.get(source, 0), staged.get(source, 0)
        if not told == seen == built + kept_back.get(source, 0):
            wrong.append(f"{source}: the ledger accepts {told} records, raw holds {seen}, staging {built}")
    return wrong


def _everything_built(home: Home, ledger: Ledger, candidate: Candidate) -> list[str]:
    """dbt's own results of this run: every model, data test and unit test of the project, none skipped."""
    target = dbt_target(home.path)
    results = json.loads((target / "build" / "run_results.json").read_text())
    manifest = json.loads((target / "manifest.json").read_text())
    wanted = {
        uid
        for uid, node in {**manifest["nodes"], **manifest["unit_tests"]}.items()
        if node["resource_type"] in {"model", "seed", "test", "unit_test"}
        and node.get("config", {}).get("enabled", True)
    }
    missing = wanted - {result["unique_id"] for result in results["results"]}
    mark = target / "build" / "built_by"
    stale = (
        []
        if mark.exists() and mark.read_text() == candidate.run_id
        else ["the warehouse was not built by this run; run `refresh` whole"]
    )
    return [*stale, *failures(results), *(f"{uid.split('.')[2]} did not run" for uid in sorted(missing))]


def _nobody_recognised(home: Home, ledger: Ledger, candidate: Candidate) -> list[str]:
    """The privacy audit, on the candidate file itself."""
    published, _ = read_snapshot(candidate.path(home))
    return audit({name: published[name] for name in SUPPRESSED}, rules(home, overlaps(home)))


def _derived_alike(home: Home, ledger: Ledger, candidate: Candidate) -> list[str]:
    """What is derived from published figures, computed again from the candidate file itself."""
    published, _ = read_snapshot(candidate.path(home))
    return list(differences(home, published))


def _contract_kept(home: Home, ledger: Ledger, candidate: Candidate) -> list[str]:
    """Every table and column described, every key unique: read back from the candidate file."""
    _, problems = read_snapshot(candidate.path(home))
    return problems


_Check = Callable[[Home, Ledger, Candidate], list[str]]
_AUDITS: dict[str, tuple[_Check, str]] = {
    "everything_built": (
        _everything_built,
        "Every model and test of this run's dbt build succeeded; none was skipped.",
    ),
    "counts_agree": (_counts_agree, "Ledger, raw and staging count the same records, source by source."),
    "nobody_recognised": (
        _nobody_recognised,
        "No cell under its threshold, and none to be found by subtraction.",
    ),
    "derived_alike": (
        _derived_alike,
        "Every derived figure is what the published rows give, computed again from the file.",
    ),
    "contract_kept": (_contract_kept, "Keys unique, every table and column described, the file whole."),
}


def audits() -> list[dg.AssetChecksDefinition]:
    """The audit between writing and publishing: any failure leaves the last snapshot in place."""
    return [_audit(name, check, told) for name, (check, told) in _AUDITS.items()]


def _audit(name: str, check: _Check, told: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=["published", "candidate"], name=name, blocking=True, description=told)
    def run(warehouse: Warehouse) -> dg.AssetCheckResult:
        with warehouse.ledger() as ledger:
            wrong = check(warehouse.home, ledger, Candidate.load(warehouse.home))
        return dg.AssetCheckResult(
            passed=not wrong, description="; ".join(wrong[:5]) or told, metadata={"problems": len(wrong)}
        )

    return run


def freshness_checks(home: Home) -> list[dg.AssetChecksDefinition]:
    """One check per source: are its data as recent as its cadence promises? It warns, and blocks nothing."""
    specs = [
        dg.AssetCheckSpec(
            f"{code}_is_fresh",
            asset=["published", "candidate"],
            description=f"Data at most {source.freshness_days} days old ({source.cadence}); owner: {source.owner}.",
        )
        for code, source in home.sources.items()
    ]

    if not specs:  # a home nobody has declared a source for yet
        return []

    @dg.multi_asset_check(specs=specs, name="freshness")
    def judge(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
        days = Candidate.load(warehouse.home).last_days
        for code in home.sources:
            last = days.get(code)
            age, status = freshness(warehouse.home, code, dt.date.fromisoformat(last) if last else None)
            told = f"its last data are of {last}, {age} days ago" if last else "nothing has arrived yet"
            yield dg.AssetCheckResult(
                passed=status == "fresh",
                check_name=f"{code}_is_fresh",
                asset_key=["published", "candidate"],
                description=told,
                metadata={"age_days": age if age is not None else -1, "status": status},
                severity=dg.AssetCheckSeverity.WARN,
            )

    return [judge]
