"""The formulas a director reads, from the framework that ships with Relier to the declared table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipelines.declared.framed import _both
from pipelines.declared.models import Framework
from pipelines.declared.schemas import SCHEMAS

REPO = Path(__file__).resolve().parents[2]
SHIPPED = REPO / "pipelines" / "declared" / "defaults" / "framework.yml"
CIVIL = REPO / "examples" / "civil_service" / "declarations" / "framework.yml"
ENGLISH = re.compile(r"\b(mean|over|of|and|the|least|best|as published|revenue|payroll|debit|credit|count)\b")


def _kpis(path: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = yaml.safe_load(path.read_text(encoding="utf-8"))["kpis"]
    return found


@pytest.mark.parametrize("path", [SHIPPED, CIVIL], ids=["shipped", "civil_service"])
def test_every_shipped_formula_is_written_in_both_languages(path: Path) -> None:
    for code, kpi in _kpis(path).items():
        formula = kpi["formula"]
        assert isinstance(formula, dict), code
        assert formula.keys() == {"fr", "en"}, code
        assert not ENGLISH.search(formula["fr"]), code


def test_a_formula_written_once_serves_both_languages() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    shipped["kpis"]["nps"]["formula"] = "a − b"
    kpis = Framework.model_validate(shipped).kpis
    assert _both(kpis["nps"].formula) == ("a − b", "a − b")
    assert _both(kpis["payroll"].formula) == ("débit(64)", "debit(64)")
    assert {"formula_fr", "formula_en"} <= SCHEMAS["kpis"].keys()


def test_the_name_of_the_ease_kpi_is_complete() -> None:
    assert _kpis(SHIPPED)["ces_top2"]["fr"] == "Facilité (deux meilleures réponses)"
