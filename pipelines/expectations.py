"""Great Expectations suites made from declarations: did the source send what its declaration promises?

One validation judges all candidate files of a source; only when it fails is each file judged alone, so the
usual run costs the same whether a file or a hundred have landed. Nothing here carries a value: verdicts hold
rule names and counts (`BOOLEAN_ONLY`), the context is ephemeral and no data docs are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import gx_duckdb

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

# Names and ids are written into SQL: anything else than these characters is refused, never escaped.
_SAFE = re.compile(r"[A-Za-z0-9_.\-]+")
_VIEWS = {
    "responses": "raw.responses",
    "events": "raw.events",
    "measures": "raw.measures",
    "ledger": "raw.ledger_lines",
}
_LONG = {"events", "measures"}  # a row per record and figure


class ExpectationsError(RuntimeError):
    """A rule could not be evaluated, which says nothing about the files; names the rules, never a value."""


@dataclass(frozen=True)
class SourceChecks:
    """What one source promises, taken from its declaration.

    items: (name, smallest, largest) with the scale's ends included; the name is a column of raw.responses
    (`<source>__<item>`) for kind responses, the code of a fact or measure for kinds events and measures.
    segments: codes, whose columns are `segment_<code>`. dated: a day, not a wave, places each record.
    checks: `response_id_unique` and `balance` block|off (block when absent), `unknown_unit_max_share` and
    `out_of_scale_max_share` 0–1 (not checked when absent).
    """

    source_code: str
    kind: str
    items: tuple[tuple[str, float, float], ...] = ()
    segments: tuple[str, ...] = ()
    dated: bool = False
    checks: Mapping[str, str | float] = field(default_factory=dict)

    def blocks(self, check: str) -> bool:
        return self.checks.get(check, "block") == "block"


@dataclass(frozen=True)
class Verdict:
    """The judgement of one file: `passed` of `total` rules, and the names of those that `failed`."""

    file_id: str
    passed: int
    total: int
    failed: tuple[str, ...]


def judge_all(warehouse: Path, batches: Sequence[tuple[SourceChecks, Sequence[str]]]) -> list[Verdict]:
    """One verdict per file, in the order given; raises ExpectationsError when a rule cannot be evaluated.

    Nothing is imported when there is no file to judge.
    """
    wanted = [(source, list(file_ids)) for source, file_ids in batches if file_ids]
    if not wanted:
        return []
    with gx_duckdb.read_only(warehouse) as datasource:
        return [verdict for source, ids in wanted for verdict in _judge_source(datasource, source, ids)]


def _judge_source(datasource: SQLDatasource, source: SourceChecks, file_ids: list[str]) -> Iterator[Verdict]:
    together = _validate(datasource, source, file_ids, lambda name: True)
    # Each rule holds for a group exactly when it holds for every file in it, so a file alone is asked only
    # what the group failed.
    broken = tuple(name for name, kept in together.items() if not kept)
    for file_id in file_ids:
        if len(file_ids) == 1 or not broken:
            failed = broken
        else:
            alone = _validate(datasource, source, [file_id], broken.__contains__)
            failed = tuple(name for name, kept in alone.items() if not kept)
        yield Verdict(file_id, len(together) - len(failed), len(together), failed)


def _validate(
    datasource: SQLDatasource, source: SourceChecks, file_ids: list[str], wanted: Callable[[str], bool]
) -> dict[str, bool]:
    """Name → kept of each wanted rule, over the records of `file_ids` and over their rows of raw.files."""
    gx = gx_duckdb.import_gx()
    kept: dict[str, bool] = {}
    for table, query, declared in (
        ("records", _records_query(source, file_ids), _record_rules(gx.expectations, source)),
        ("files", _files_query(source, file_ids), _file_rules(gx.expectations, source, len(file_ids))),
    ):
        rules = {name: expectation for name, expectation in declared.items() if wanted(name)}
        if not rules:
            continue
        for name, expectation in rules.items():
            expectation.meta = {"rule": name}
        asset = datasource.add_query_asset(f"{table} {len(datasource.assets)}", query=query)
        suite = gx.ExpectationSuite(name=asset.name, expectations=list(rules.values()))
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        results = batch.validate(suite, result_format="BOOLEAN_ONLY").results
        _refuse_unevaluated(source, results, rules)
        kept |= {result.expectation_config.meta["rule"]: bool(result.success) for result in results}
    return kept


def _refuse_unevaluated(source: SourceChecks, results: Sequence[Any], rules: Mapping[str, Any]) -> None:
    """GX reports its own errors as failed expectations; a crash must not hold a file as if it were bad."""
    crashed = [result.expectation_config.meta["rule"] for result in results if _raised(result.exception_info)]
    if crashed or len(results) != len(rules):
        named = ", ".join(crashed) or f"{len(rules) - len(results)} of {len(rules)}"
        raise ExpectationsError(f"source '{source.source_code}': could not evaluate {named}")


def _raised(exception_info: Mapping[str, Any] | None) -> bool:
    """GX writes one flat record, or one record per metric that failed."""
    info = exception_info or {}
    records = [info] if "raised_exception" in info else info.values()
    return any(record["raised_exception"] for record in records)


def _record_rules(ge: Any, source: SourceChecks) -> dict[str, Any]:
    rules: dict[str, Any]
    if source.kind == "ledger":
        # what need not balance is a statement of income, which may stop at the two digits of main accounts
        digits, pattern = (
            ("three", "^[0-9][0-9][0-9]") if source.blocks("balance") else ("two", "^[0-9][0-9]")
        )
        return {
            "entry_date present": ge.ExpectColumnValuesToNotBeNull(column="entry_date"),
            "debit present": ge.ExpectColumnValuesToNotBeNull(column="debit"),
            "credit present": ge.ExpectColumnValuesToNotBeNull(column="credit"),
            f"account_code starts with {digits} digits": ge.UnexpectedRowsExpectation(
                unexpected_rows_query="select file_id from {batch} where account_code is null"
                f" or not regexp_matches(account_code, '{pattern}')"
            ),
        }
    rules = {"unit_code present": ge.ExpectColumnValuesToNotBeNull(column="unit_code")}
    if source.kind in _LONG and source.dated:
        rules["submitted_date present"] = ge.ExpectColumnValuesToNotBeNull(column="submitted_date")
    if source.kind == "measures":
        rules["n not negative"] = ge.ExpectColumnValuesToBeBetween(column="n", min_value=0)
        placed = ("day", "submitted_date") if source.dated else ("wave", "wave_code")
        columns = f"unit_code, measure_code, {placed[1]}"
        rules[f"unit, measure and {placed[0]} unique"] = _unique(ge, columns, "measure_code is not null")
    elif source.kind == "events":
        rules["event_key present"] = ge.ExpectColumnValuesToNotBeNull(column="event_key")
        if source.blocks("response_id_unique"):
            rules["response_id_unique"] = _unique(ge, "event_key, measure_code")
    else:
        rules["response_key present"] = ge.ExpectColumnValuesToNotBeNull(column="response_key")
        if source.blocks("response_id_unique"):
            rules["response_id_unique"] = _unique(ge, "response_key")
        for code in source.segments:
            rules[f"segment {code} present"] = ge.ExpectColumnToExist(column=f"segment_{code}")
    for name, smallest, largest in source.items:
        shown = name.removeprefix(f"{source.source_code}__")
        rules[f"{shown} between {smallest:g} and {largest:g}"] = ge.ExpectColumnValuesToBeBetween(
            column=name, min_value=smallest, max_value=largest
        )
    return rules


def _unique(ge: Any, columns: str, where: str = "true") -> Any:
    """Unique within a file: the same id in two files is a re-sent wave, which `resend:` decides."""
    return ge.UnexpectedRowsExpectation(
        unexpected_rows_query=f"select file_id from {{batch}} where {where}"
        f" group by file_id, {columns} having count(*) > 1"
    )


def _file_rules(ge: Any, source: SourceChecks, files_count: int) -> dict[str, Any]:
    rules: dict[str, Any] = {
        # Without it a file absent from the ledger would pass every rule on zero rows.
        "file registered": ge.ExpectTableRowCountToEqual(value=files_count),
        "at least one accepted record": ge.ExpectColumnValuesToBeBetween(column="accepted", min_value=1),
    }
    for counted in ("unknown_unit", "out_of_scale"):
        if source.kind != "ledger" and f"{counted}_max_share" in source.checks:
            largest = float(source.checks[f"{counted}_max_share"])
            rules[f"{counted} share at most {largest:g}"] = ge.ExpectColumnValuesToBeBetween(
                column=f"{counted}_share", max_value=largest
            )
    if source.kind == "ledger" and source.blocks("balance"):
        rules["debit equals credit"] = ge.ExpectColumnValuesToBeBetween(
            column="imbalance", min_value=0, max_value=0
        )
    return rules


def _records_query(source: SourceChecks, file_ids: Sequence[str]) -> str:
    # A measure or fact becomes a column of its own, so that GX checks all scales in one pass over the rows.
    wide = "".join(
        f", case when measure_code = '{_safe(name)}' then value end as \"{_safe(name)}\""
        for name, _, _ in (source.items if source.kind in _LONG else ())
    )
    return f"select *{wide} from {_VIEWS[source.kind]} where {_only(source, file_ids)}"


def _files_query(source: SourceChecks, file_ids: Sequence[str]) -> str:
    imbalance = ""
    if source.kind == "ledger":
        imbalance = (
            ", (select coalesce(sum(debit), 0) - coalesce(sum(credit), 0) from raw.ledger_lines as lines"
            " where lines.source_code = files.source_code and lines.file_id = files.file_id) as imbalance"
        )
    return (
        "select file_id, accepted, unknown_unit_count / nullif(records, 0) as unknown_unit_share,"
        f" out_of_scale_count / nullif(records, 0) as out_of_scale_share{imbalance}"
        f" from raw.files as files where {_only(source, file_ids)}"
    )


def _only(source: SourceChecks, file_ids: Sequence[str]) -> str:
    listed = ", ".join(f"'{_safe(file_id)}'" for file_id in file_ids)
    return f"source_code = '{_safe(source.source_code)}' and file_id in ({listed})"


def _safe(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a name in SQL: letters, digits, '_', '-' and '.' only")
    return name
