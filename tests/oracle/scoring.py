"""What each record says: scores by dimension, outcomes, say–do gaps, tone and themes; and the cells it counts in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from pipelines.verbatims import (
    Analyser,
)  # the one thing taken from the pipeline: lexicons are judged elsewhere
from tests.oracle.reading import Home, Record

ALL = "all"
Cell = tuple[str, str, str, str]  # unit, period, stakeholder, segment


@dataclass
class Said:
    """One record, scored: `scores` 0–100 by dimension, `outcomes` as (points, minimum, maximum) by outcome."""

    record: Record
    counted: bool  # one of the people who were asked
    scores: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    gaps: dict[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)
    themes: frozenset[str] | None = None  # of a comment that could be read


def pomp(items: list[dict[str, Any]], answers: dict[str, float]) -> float | None:
    """Percent of the maximum possible, over the items answered, if at least half of them are."""
    found = []
    for item in items:
        if item["code"] in answers:
            share = (answers[item["code"]] - item["min"]) / (item["max"] - item["min"])
            found.append(1 - share if item.get("reversed") else share)
    return 100 * sum(found) / len(found) if found and 2 * len(found) >= len(items) else None


def scored(home: Home, code: str, records: list[Record]) -> list[Said]:
    """Records of one source, scored by its items, facts or measures."""
    source = home.sources[code]
    dimensions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    facets: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for item in source.get("items", []):
        if "dimension" in item:
            dimensions[item["dimension"]].append(item)
        if "facet" in item:
            facets[item["value"], item["facet"]].append(item)
    outcomes = {item["outcome"]: item for item in source.get("items", []) if "outcome" in item}
    kpis = {part["code"]: part["kpi"] for part in (*source.get("facts", []), *source.get("measures", []))}
    counted = source["kind"] == "responses" and source.get("respondents", True)
    reader, found = Analyser(), []
    for record in records:
        said = Said(record, counted)
        for dimension, items in dimensions.items():
            if (score := pomp(items, record.answers)) is not None:
                said.scores[dimension] = score
        for outcome, item in outcomes.items():
            if item["code"] in record.answers:
                said.outcomes[outcome] = (record.answers[item["code"]], item["min"], item["max"])
        for value in {value for value, _ in facets}:
            lived, proclaimed = (
                pomp(facets[value, facet], record.answers) for facet in ("lived", "proclaimed")
            )
            if lived is not None and proclaimed is not None:
                said.gaps[value] = lived - proclaimed
        if record.comments:
            codes = reader.codes(record.comments)
            if codes.tone is not None:
                said.outcomes["comment_tone"] = (codes.tone, -1, 1)
            said.themes = None if codes.themes is None else frozenset(codes.themes)
        said.facts = {kpis[code]: value for code, value in record.answers.items() if code in kpis}
        found.append(said)
    return found


def cut_of(home: Home, segment: str, label: str) -> str:
    """Group of a declared segment that a text of a file names; `other` where none does."""
    for group, words in home.framework["segments"][segment]["values"].items():
        if label in words.get("texts", [group]):
            return f"{segment}__{group}"
    return f"{segment}__other"


def cells(home: Home, sources: list[str] | None = None) -> dict[Cell, list[Said]]:
    """Every record in every cell it counts in: its unit and all above it, for everyone and in its groups."""
    found: dict[Cell, list[Said]] = defaultdict(list)
    paths: dict[tuple[str, Any], list[str]] = {}
    cuts: dict[tuple[str, str], str] = {}
    for code in sources or home.records:
        for said in scored(home, code, home.records[code]):
            record = said.record
            key = record.unit, record.closed
            if key not in paths:
                paths[key] = home.ancestors(*key)
            groups = [ALL]
            for cut in record.cuts.items():
                if cut[0] in home.framework["segments"]:
                    if cut not in cuts:
                        cuts[cut] = cut_of(home, *cut)
                    groups.append(cuts[cut])
            for unit in paths[key]:
                for group in groups:
                    found[unit, record.period, record.stakeholder, group].append(said)
    return dict(found)
