"""YAML and CSV read with the line of every value, so that an error can point at it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

type_path = tuple[Hashable, ...]
TODO = "TODO"  # what `relier add-source` writes where only a person can answer


@dataclass(frozen=True)
class Problem:
    """One thing to mend in a declaration: where it stands and what to write instead."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class DeclarationError(Exception):
    """The home's declarations cannot be used; `problems` lists every one found, in reading order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass
class Located:
    """A parsed document and the line (1-based) of each path of keys in it."""

    file: str
    value: Any
    lines: dict[type_path, int] = field(default_factory=dict)
    open_questions: dict[int, list[type_path]] = field(default_factory=dict)  # by the line that says TODO

    def line(self, path: Sequence[Hashable]) -> int | None:
        """The line of `path`, or of its deepest known ancestor."""
        for depth in range(len(path), -1, -1):
            if (found := self.lines.get(tuple(path[:depth]))) is not None:
                return found
        return None

    def problem(self, path: Sequence[Hashable], message: str) -> Problem:
        return Problem(self.file, self.line(path), message)


_Fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(yaml.SafeLoader):
    """Safe YAML 1.1 without its surprises: `on`, `no` and `12:30` stay text, as people mean them."""


def _plain_resolvers() -> dict[str, list[tuple[str, Any]]]:
    """`yes/no/on/off` and sexagesimal numbers are words here: codes like `NO` and times are data."""
    kept = {}
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items():
        kept[first] = [
            (tag, regex)
            for tag, regex in resolvers
            if not (tag.endswith(":bool") and first.lower() not in "tf")
        ]
    return kept


_Loader.yaml_implicit_resolvers = _plain_resolvers()


def _walk(
    node: yaml.Node, path: type_path, located: Located, loader: _Loader, problems: list[Problem]
) -> None:
    line = node.start_mark.line + 1
    located.lines.setdefault(path, line)
    if isinstance(node, yaml.ScalarNode) and node.value == TODO:
        located.open_questions.setdefault(line, []).append(path)
    elif isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if key in seen:
                problems.append(Problem(located.file, line, f"key '{key}' is written twice; keep one"))
            seen.add(key)
            located.lines[(*path, key)] = line
            _walk(value_node, (*path, key), located, loader, problems)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(child, (*path, index), located, loader, problems)


def _bad_date(text: str) -> int | None:
    """The first line with a date that is in no calendar."""
    for number, line in enumerate(text.splitlines(), start=1):
        for year, month, day in re.findall(r"\b(\d{4})-(\d\d?)-(\d\d?)\b", line):
            try:
                dt.date(int(year), int(month), int(day))
            except ValueError:
                return number
    return None


def read_yaml(path: Path, shown: str) -> Located:
    """Parse one YAML file of mappings; raises DeclarationError with the line of a syntax error."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeclarationError([Problem(shown, None, "is not UTF-8; save it as UTF-8")]) from error
    except OSError as error:
        raise DeclarationError([Problem(shown, None, f"cannot be read: {error.strerror}")]) from error
    located = Located(shown, {})
    problems: list[Problem] = []
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return located
        _walk(node, (), located, loader, problems)
        located.value = loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "is not valid YAML"
        raise DeclarationError(
            [Problem(shown, mark.line + 1 if mark else None, f"not valid YAML: {what}")]
        ) from error
    except ValueError as error:  # a date that is none: 2025-06-31
        raise DeclarationError(
            [Problem(shown, _bad_date(text), f"holds an impossible date: {error}")]
        ) from error
    except RecursionError as error:
        raise DeclarationError([Problem(shown, None, "is nested too deep, or refers to itself")]) from error
    finally:
        loader.dispose()
    if not isinstance(located.value, dict):
        problems.append(Problem(shown, 1, "expected `key: value` lines, found something else"))
    if problems:
        raise DeclarationError(problems)
    return located


def read_csv(
    path: Path, shown: str, required: Sequence[str], optional: Sequence[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """Rows of a declaration CSV as (line, {column: text}); refuses missing and unknown columns by name."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeclarationError([Problem(shown, None, "is not UTF-8; save it as UTF-8")]) from error
    reader = csv.reader(io.StringIO(text))
    header = [name.strip() for name in next(reader, [])]
    problems = [
        Problem(shown, 1, f"column '{name}' is missing; add it to the first line")
        for name in required
        if name not in header
    ]
    known = {*required, *optional}
    problems += [
        Problem(shown, 1, f"unknown column '{name}'; expected {', '.join([*required, *optional])}")
        for name in header
        if name not in known
    ]
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            problems.append(
                Problem(shown, reader.line_num, f"expected {len(header)} cells, found {len(cells)}")
            )
            continue
        rows.append((reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}))
    if problems:
        raise DeclarationError(problems)
    return rows


DEFAULTS = Path(__file__).parent / "defaults"


@cache
def shipped(name: str) -> Any:
    """A default that ships with the code: `framework`, `finance`, `sources/<tool>`; read once, never changed."""
    return yaml.load((DEFAULTS / f"{name}.yml").read_text(encoding="utf-8"), Loader=_Fast)  # noqa: S506 - libyaml's safe loader
