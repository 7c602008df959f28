"""Pydantic's errors in words a person can act on: which key, what was found, what to write."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from pipelines.declared import models, sources
from pipelines.declared.lines import Located, Problem

_MESSAGES = {
    "missing": "is missing; add it",
    "string_type": "must be text",
    "int_type": "must be a whole number",
}


_ASKS = {
    "min": "the lowest point of the scale",
    "max": "the highest point of the scale",
    "reversed": "true when a high answer is a bad one, else false",
    "dimension": "what the question measures, a dimension of the framework (or write `outcome:` instead)",
    "outcome": "an outcome of the framework",
    "stakeholder": "whose relation it measures, a stakeholder of the framework",
    "items": "one line per question, such as `- {code: q1, column: Q1, dimension: trust, min: 1, max: 5}`",
    "measures": "one line per figure, such as `- {code: m1, column: M1, kpi: <kpi>, statistic: share}`",
    "facts": "one line per fact, such as `- {code: on_time, kpi: <kpi>, promised: <column>, actual: <column>}`",
    "kpi": "the KPI of the framework that the column feeds",
    "closed": "the day the fieldwork closed, such as 2025-03-28",
    "unit": "the unit of units.csv that sent the whole file",
    "time_formats": 'day or month first, such as "%d/%m/%Y" or "%m/%d/%Y"',
    "sign": "result (income positive, charges negative), natural (both positive) or debit (charges positive)",
}


def unanswered(located: Located) -> list[Problem]:
    """One problem for all lines that leave the same questions as TODO: where they stand, and what each one asks."""
    places: dict[tuple[str, ...], list[int]] = {}
    for line, paths in sorted(located.open_questions.items()):
        keys = [next((str(key) for key in reversed(path) if not isinstance(key, int)), "") for path in paths]
        places.setdefault(tuple(dict.fromkeys(keys)), []).append(line)
    return [
        Problem(
            located.file,
            lines[0],
            f"answer {'the question' if len(keys) == len(lines) == 1 else 'the questions'} at {lines_told(lines)}: "
            + "; ".join(f"`{key}:` {_ASKS.get(key, 'put the answer in the place of TODO')}" for key in keys),
        )
        for keys, lines in places.items()
    ]


def lines_told(numbers: Sequence[int]) -> str:
    """`line 7`, `lines 7, 9 to 12`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    told = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return f"line{'s' * (len(numbers) > 1)} {', '.join(told)}"


def _known_keys(model: type[BaseModel]) -> set[str]:
    every = [
        value
        for module in (models, sources)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseModel)
    ]
    return set(model.model_fields) | {name for other in every for name in other.model_fields}


def _keys(location: Sequence[Hashable]) -> list[Hashable]:
    """The keys a person wrote, without the union branches pydantic adds between them."""
    return [part for part in location if not str(part).startswith(("function-", "literal[", "list["))]


def _inside(branch: Sequence[Hashable], other: Sequence[Hashable]) -> bool:
    """Is `other` an error of another branch of the same union?"""
    depth = len(branch) - 1
    return len(other) > depth and other[:depth] == branch[:depth] and str(other[depth]).startswith("list[")


def _explain(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    keys = [str(part) for part in _keys(error["loc"])]
    name = ".".join(keys)
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], sorted(_known_keys(model)), n=1)
        hint = f"; did you mean '{close[0]}'?" if close else "; remove it"
        return f"unknown key '{name}'{hint}"
    if error["type"] == "value_error":
        return f"{name + ': ' if name else ''}{error['ctx']['error']}"
    if error["type"] == "string_pattern_mismatch":
        return f"'{name}' is '{error['input']}'; expected text like {error['ctx']['pattern']}"
    message = _MESSAGES.get(error["type"], error["msg"][:1].lower() + error["msg"][1:])
    found = (
        ""
        if isinstance(error["input"], (dict, list)) or error["type"] == "missing"
        else f" (found {error['input']!r})"
    )
    return f"'{name}' {message}{found}"


def problems_of(error: ValidationError, model: type[BaseModel], located: Located) -> list[Problem]:
    """Every error of `model` as a problem with its line."""
    found = error.errors(include_url=False)
    return [
        located.problem(_keys(one["loc"]), _explain(one, model))
        for one in found
        # of a union, pydantic reports every branch: the list's own errors say more than "not the word"
        if not (
            one["loc"]
            and str(one["loc"][-1]).startswith("literal[")
            and any(_inside(one["loc"], other["loc"]) for other in found)
        )
    ]
