"""From a declared source to what its reader needs: meaning stays here, reading stays in `ingest`."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from pipelines.declared.home import Home
from pipelines.declared.sources import Choice, Fact, Item, Measure, Source
from pipelines.ingest.spec import (
    ChoiceSpec,
    FactSpec,
    ItemSpec,
    LongSpec,
    MeasureSpec,
    SourceSpec,
    StatementSpec,
    WaveSpec,
)

_RANGES: dict[str, tuple[float | None, float | None]] = {
    "percent": (0, 100),
    "share": (0, 1),
    "count": (0, None),
    "points": (None, None),
}


def source_spec(home: Home, code: str) -> SourceSpec:
    """The reader's view of source `code`."""
    source = home.sources[code]
    keys, also = _keys(source)
    return SourceSpec(
        code=code,
        kind=source.kind,
        format=source.format,
        files=source.files,
        keys=keys,
        also=also,
        unit=source.unit,
        items=tuple(map(_item, source.items)),
        measures=tuple(map(_measure, source.measures)),
        facts=tuple(map(_fact, source.facts)),
        choices=tuple(map(_choice, source.choices)),
        records=source.records,
        long=LongSpec(**source.long.model_dump()) if source.long else None,
        statement=StatementSpec(**source.statement.model_dump()) if source.statement else None,
        not_records=tuple(source.not_records),
        exclude={column: tuple(texts) for column, texts in source.exclude.items()},
        fiscal_start_month=home.organisation.fiscal_start_month,
        asked=_asked(source),
        segments=dict(source.segments),
        renamed={column: tuple(others) for column, others in source.renamed.items()},
        drop=tuple(source.drop),
        comments=tuple(source.comments),
        verbatims=home.verbatims.additions() if source.comments and source.kind == "responses" else None,
        waves=None
        if source.waves == "continuous"
        else tuple(WaveSpec(wave.code, wave.file, wave.value) for wave in source.waves),
        aliases=dict(home.aliases.get(code, {})),
        time_zone=home.organisation.time_zone,
        time_formats=tuple(source.time_formats),
        sheet=source.sheet,
        header_row=source.header_row,
        ledger_aliases=frozenset(
            alias
            for rule in home.finance.to_unit
            if rule.aux_map
            for alias in home.aliases.get(rule.aux_map, {})
        ),
    )


def _keys(source: Source) -> tuple[dict[str, str], tuple[str, ...]]:
    """Column by key, and the further columns of a composite identifier.

    `@record` is no column: without an identifier records are told apart by their place in the file.
    """
    response = source.keys.response
    parts = [response] if isinstance(response, str) else response or []
    keys = {name: column for name, column in source.keys.model_dump().items() if column}
    if parts == ["@record"]:
        del keys["response"]
    elif parts:
        keys["response"] = parts[0]
    return keys, tuple(parts[1:])


def _item(item: Item) -> ItemSpec:
    return ItemSpec(
        item.code, item.column, tuple(item.aliases), item.min, item.max, dict(item.values), dict(item.missing)
    )


def _measure(measure: Measure) -> MeasureSpec:
    low, high = _RANGES[measure.scale]
    aliases, missing, plus = tuple(measure.aliases), dict(measure.missing), tuple(measure.plus)
    return MeasureSpec(
        measure.code,
        measure.column,
        aliases,
        measure.scale,
        missing,
        low,
        high,
        plus,
        measure.complement,
        measure.n,
    )


def _fact(fact: Fact) -> FactSpec:
    values, missing = dict(fact.values), dict(fact.missing)
    return FactSpec(fact.code, fact.column, values, missing, fact.promised, fact.actual)


def _choice(choice: Choice) -> ChoiceSpec:
    aliases, options = tuple(choice.aliases), tuple(choice.options)
    return ChoiceSpec(choice.code, choice.column, aliases, options, choice.separator)


def _asked(source: Source) -> dict[str, tuple[str, ...]]:
    entries: list[Item | Measure | Choice] = [*source.items, *source.measures, *source.choices]
    return {entry.code: tuple(entry.waves) for entry in entries if entry.waves}


def checks_digest(source: Source) -> str:
    """Twelve hex digits that change when what is asked of the source's decoded files does."""
    return hashlib.sha256(repr(sorted(source.checks.model_dump().items())).encode()).hexdigest()[:12]


def decoding_digest(spec: SourceSpec) -> str:
    """Twelve hex digits that change when, and only when, the same bytes could decode differently."""
    told = asdict(spec)
    if spec.verbatims is None:  # words that read no comment of the source change nothing
        del told["verbatims"]
    told["ledger_aliases"] = sorted(told["ledger_aliases"])
    return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:12]
