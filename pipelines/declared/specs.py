"""From a declared source to what its reader needs: meaning stays here, reading stays in `ingest`."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from pipelines.declared.home import Home
from pipelines.declared.sources import Choice, Item, Measure, Source
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
    "points": (None, None),
}


def source_spec(home: Home, code: str) -> SourceSpec:
    """The reader's view of source `code`."""
    source = home.sources[code]
    waves = (
        None
        if source.waves == "continuous"
        else tuple(WaveSpec(wave.code, wave.file, wave.value) for wave in source.waves)
    )
    response = source.keys.response
    responses = [response] if isinstance(response, str) else response or []
    keys = {name: column for name, column in source.keys.model_dump().items() if column}
    if responses == [
        "@record"
    ]:  # the tool gives no identifier: records are told apart by their place in the file
        del keys["response"]
    elif responses:
        keys["response"] = responses[0]
    return SourceSpec(
        code=code,
        kind=source.kind,
        format=source.format,
        files=source.files,
        keys=keys,
        also=tuple(responses[1:]),
        unit=source.unit,
        items=tuple(
            ItemSpec(
                item.code,
                item.column,
                tuple(item.aliases),
                item.min,
                item.max,
                dict(item.values),
                dict(item.missing),
            )
            for item in source.items
        ),
        measures=tuple(
            MeasureSpec(
                measure.code,
                measure.column,
                tuple(measure.aliases),
                measure.scale,
                dict(measure.missing),
                *_RANGES[measure.scale],
                tuple(measure.plus),
            )
            for measure in source.measures
        ),
        facts=tuple(
            FactSpec(
                fact.code, fact.column, dict(fact.values), dict(fact.missing), fact.promised, fact.actual
            )
            for fact in source.facts
        ),
        choices=tuple(
            ChoiceSpec(one.code, one.column, tuple(one.aliases), tuple(one.options), one.separator)
            for one in source.choices
        ),
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
        waves=waves,
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


def _asked(source: Source) -> dict[str, tuple[str, ...]]:
    entries: list[Item | Measure | Choice] = [*source.items, *source.measures, *source.choices]
    return {entry.code: tuple(entry.waves) for entry in entries if entry.waves}


def decoding_digest(spec: SourceSpec) -> str:
    """Twelve hex digits that change when, and only when, the same bytes could decode differently."""
    told = asdict(spec)
    told["ledger_aliases"] = sorted(told["ledger_aliases"])
    return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:12]
