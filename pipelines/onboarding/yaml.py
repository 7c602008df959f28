"""YAML as people write it: short lines in flow style, comments that say why, long lists one entry a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import yaml

WIDTH = 150
BARE = re.compile(r"[A-Za-zÀ-ÿ_@][\wÀ-ÿ ./()'’+-]*")


class Raw(str):
    """Text written as it is: an anchor, an alias, TODO."""


def scalar(value: object) -> str:
    """One value, quoted only where YAML would read something else than what was meant."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value:g}"
    text = str(value)
    bare = (
        BARE.fullmatch(text)
        and not text.endswith(" ")
        and text.lower() not in {"null", "true", "false", "todo"}
    )
    return text if bare and "  " not in text and _same(text) else json.dumps(text, ensure_ascii=False)


def _same(text: str) -> bool:
    """Whether bare text comes back as itself, inside braces too."""
    try:
        return yaml.safe_load(f"[{text}]") == [text]
    except yaml.YAMLError:
        return False


def flow(value: object) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return scalar(value)


def entry(fields: Mapping[str, object], comment: str = "") -> list[str]:
    """One `- {…}` of a list; `text` and `options` move to a second line where the first would be too long."""
    told = [f"{key}: {flow(value)}" for key, value in fields.items()]
    line = "  - {" + ", ".join(told) + "}"
    if len(line) <= WIDTH:
        return [line + (f"   # {comment}" if comment else "")]
    lines, current = [], "  - {"
    for place, part in enumerate(told):
        last = place == len(told) - 1
        piece = part + ("}" if last else ", ")
        if len(current) + len(piece) > WIDTH and current.strip() not in {"- {", ""}:
            lines.append(current.rstrip())
            current = "     "
        current += piece
    lines.append(current)
    return ([f"  # {comment}"] if comment else []) + lines


def listed(key: str, names: Sequence[str], indent: str = "") -> list[str]:
    """A list of names: on one line where it fits, else one a line."""
    line = f"{indent}{key}: {flow(names)}"
    return (
        [line]
        if len(line) <= WIDTH
        else [f"{indent}{key}:", *(f"{indent}  - {scalar(name)}" for name in names)]
    )


def comment(text: str, indent: str = "") -> str:
    return f"{indent}# {' '.join(text.split())}"
