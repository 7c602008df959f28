"""Write docs/declarations.md: every key a home may write, from the models that read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from pipelines.declared import models, sources

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "docs" / "declarations.md"
ROOTS = {"Organisation": "organisation.yml", "Source": "sources/<source>.yml", "Framework": "framework.yml",
         "Finance": "finance.yml", "Privacy": "privacy.yml"}  # fmt: skip


def declared() -> dict[str, type[BaseModel]]:
    """Every model of the declarations by name."""
    return {
        name: value
        for module in (models, sources)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    }


def page() -> str:
    """The page as Markdown: a table of keys for each model, the files' own first."""
    words = yaml.safe_load((HERE / "declared_keys.yml").read_text(encoding="utf-8"))
    lines = [
        "# What a home may say",
        "",
        "Made by `make docs`. A key that is not here is refused, with the nearest one that is. Beside these files:",
        "`units.csv` (unit_code, parent_code, name_fr, name_en, valid_from, valid_to), `unit_aliases.csv` (source,",
        "alias, unit_code) and `headcounts.csv` (unit_code, valid_from, headcount).",
    ]
    found = declared()
    for name in [*ROOTS, *(name for name in found if name not in ROOTS)]:
        title = ROOTS.get(name, name)
        lines += ["", f"## {title}", "", "| key | type | default | what it says |", "|---|---|---|---|"]
        for key, field in found[name].model_fields.items():
            default = "required" if field.is_required() else _shown(field.default)
            cells = (
                f"`{field.alias or key}`",
                _type(_annotation(found[name], key)),
                default,
                words[name][key],
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _annotation(model: type[BaseModel], key: str) -> str:
    """The annotation as written, in the class or in the one it extends."""
    return next(
        str(base.__annotations__[key])
        for base in model.__mro__
        if key in vars(base).get("__annotations__", {})
    )


def _type(annotation: str) -> str:
    """An annotation as people read it."""
    if annotation in {"Format", "Method"}:
        module = sources if annotation == "Format" else models
        return ", ".join(f"`{name}`" for name in get_args(getattr(module, annotation)))
    text = re.sub(r"Annotated\[(.+?), (?:Field|StringConstraints)\(.*?\)\]", r"\1", annotation)
    text = re.sub(
        r"Literal\[(.+?)\]", lambda match: " or ".join(match.group(1).replace('"', "").split(", ")), text
    )
    plain = {"dt.date": "date", "Text": "text", "str": "text", "Code": "code", " | None": "", "bool": "true or false",
             "float": "number", "int": "whole number", " | ": " or "}  # fmt: skip
    for old, new in plain.items():
        text = re.sub(rf"\b{old}\b", new, text) if old.isidentifier() else text.replace(old, new)
    return f"`{text}`" if "[" in text else text


def _shown(default: Any) -> str:
    """A default as YAML would write it; nothing for what may simply be left out."""
    if isinstance(default, BaseModel) or default is None or default in ([], {}):
        return ""
    return f"`{yaml.safe_dump(default, default_flow_style=True, allow_unicode=True).splitlines()[0]}`"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
