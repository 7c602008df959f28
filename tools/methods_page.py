"""Write docs/methods.md: what is measured and how, from the framework that the SQL and the tooltips read."""

from __future__ import annotations

import inspect
from pathlib import Path

from pipelines.declared.lines import shipped
from pipelines.declared.models import Framework, Kpi
from pipelines.derive import DERIVATIONS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "methods.md"
HEAD = """# What is measured, and how

Made by `make docs` from the framework that ships with Relier (`pipelines/declared/defaults/framework.yml`): the same
words are the tooltips of the scorecard and the rows of `mart.dim_kpis`. A home overrides any of them in its own
`framework.yml`. Published examples that these methods reproduce: [verified numbers](verified-numbers.md).

Intervals are 95 %. A KPI marked *derived* is computed after the mask, from published figures alone: it can reveal
nothing that they do not. Its verdict is a word (`verdict_code`), its rule below.

## Dimensions

| code | Français / English | what it measures | asked of |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    framework = Framework.model_validate(shipped("framework"))
    lines = [HEAD.rstrip("\n")]
    for code, dimension in framework.dimensions.items():
        said = dimension.definition.en if dimension.definition else ""
        asked = ", ".join(dimension.asked_of)
        lines.append(f"| `{code}` | {dimension.fr} / {dimension.en} | {said} | {asked} |")
    lines += ["", f"Smallest effect of interest: {framework.smallest_effect:g} points.", "", "## KPIs"]
    for code, kpi in framework.kpis.items():
        lines += _kpi(code, kpi)
    return "\n".join(lines) + "\n"


def _kpi(code: str, kpi: Kpi) -> list[str]:
    """One KPI: its name, what it says, its formula, the idea, what it needs, how its verdict is taken."""
    formula = kpi.formula if isinstance(kpi.formula, str) else kpi.formula.en
    better = {"higher": "higher is better", "lower": "lower is better", "neither": "neither way is better"}
    told = [
        kpi.method.replace("_", " "),
        kpi.unit,
        better[kpi.better],
        *(["derived"] if kpi.is_derived else []),
    ]
    lines = ["", f"### {kpi.en} (`{code}`)", "", f"*{kpi.fr}.* {kpi.definition.en}", ""]
    lines += [f"- **Formula**: {formula}", f"- **Kind**: {', '.join(told)}"]
    if kpi.idea:
        lines.append(f"- **Idea**: {kpi.idea.en}")
    if kpi.needs:
        lines.append(f"- **Needs**: {kpi.needs.en}")
    if derivation := DERIVATIONS.get(kpi.method):
        said = " ".join(line.strip() for line in (inspect.getdoc(derivation) or "").splitlines())
        lines.append(f"- **How**: {said}")
    return lines


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
