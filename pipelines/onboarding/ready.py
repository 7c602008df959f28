"""Exports of tools whose declaration ships with the code: the draft says `like:`, and little is left to ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.declared import Home
from pipelines.declared.lines import shipped
from pipelines.declared.templates import known
from pipelines.ingest.header import matches_glob
from pipelines.onboarding.look import Look
from pipelines.onboarding.naming import files_pattern
from pipelines.onboarding.writer import TODO
from pipelines.onboarding.yaml import comment, flow, scalar


def ready(look: Look) -> str | None:
    """The shipped declaration whose keys and questions are all columns of this file; None where none is."""
    names = {column.name for column in look.columns}
    return next((name for name in known() if _needed(shipped(f"sources/{name}")) <= names), None)


def _needed(told: dict[str, Any]) -> set[str]:
    """Columns that the tool always gives; a unit may be missing where nothing is grouped."""
    keys = {column for key, column in told["keys"].items() if key in {"response", "submitted_at"}}
    long = {told["long"]["question"], told["long"]["answer"]} if "long" in told else set()
    return keys | long | {item["column"] for item in told.get("items", [])}


def ready_lines(file: str, like: str, look: Look, home: Home) -> Iterator[str]:
    """The draft."""
    told = shipped(f"sources/{like}")
    yield comment(f"Drafted by `relier add-source` from {file}: what `like:` names ships with Relier,")
    yield comment("and what is written here wins over it. Answer every TODO, then: relier check FILE")
    yield "version: 1"
    yield f"like: {like}"
    yield f"files: {flow(files_pattern(file))}"
    yield "owner: data team           # whom to ask about this source"
    yield "cadence: monthly           # daily | weekly | monthly | quarterly | half_yearly | yearly"
    yield "freshness_days: 40         # late after so many days"
    if look.path is not None and look.path != told.get("records"):
        yield f"records: {flow(look.path)}"
    unit = told["keys"].get("unit")
    if unit is None or look.named(unit) is None:
        yield f"unit: {home.root}                # no column names units: the whole file is this one's"
    if unit is not None and look.named(unit) is None:
        yield "keys: {unit: null}"
    if "long" in told:
        yield from _asked(look, told["long"]["question"])
    others = [column.name for column in look.columns if not _declared(column.name, told)]
    if others:
        yield "drop:                      # seen and not kept, beside what the shipped declaration drops"
        yield from (f"  - {scalar(name)}" for name in others)


def _asked(look: Look, question: str) -> Iterator[str]:
    """An item for each question of a long file; its wording is in the tool."""
    column = look.named(question)
    yield "items:"
    yield comment(
        "dimension: what the question measures; reversed: true where a high answer is a bad one", "  "
    )
    for number, text in enumerate(sorted(column.counts if column else ()), start=1):
        item = {
            "code": f"q{number}",
            "column": text,
            "dimension": TODO,
            "min": 0,
            "max": 10,
            "reversed": TODO,
        }
        yield f"  - {flow(item)}"


def _declared(name: str, told: dict[str, Any]) -> bool:
    own = {*told["keys"].values(), *told.get("exclude", {}), *told.get("long", {}).values()}
    own |= {item["column"] for item in told.get("items", [])}
    return name in own or any(
        matches_glob(name, pattern) for pattern in (*told.get("drop", []), *told.get("comments", []))
    )
