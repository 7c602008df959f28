"""Pydantic's errors in words a person can act on: which key, what was found, what to write."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from pipelines.declared import models
from pipelines.declared.lines import Located, Problem

_MESSAGES = {
    "missing": "is missing; add it",
    "string_type": "must be text",
    "int_type": "must be a whole number",
}


def _known_keys(model: type[BaseModel]) -> set[str]:
    every = [
        value for value in vars(models).values() if isinstance(value, type) and issubclass(value, BaseModel)
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
