"""Typed declarations of a home: loading, cross-checks, and the tables and specifications made from them."""

from pipelines.declared.framed import mirrored_dimensions, surveyed
from pipelines.declared.home import FOREVER, UNASSIGNED, Home, Unit, home_path
from pipelines.declared.lines import DeclarationError, Problem
from pipelines.declared.schemas import SCHEMAS
from pipelines.declared.specs import checks_digest, decoding_digest, source_spec
from pipelines.declared.tables import (
    chart_years,
    declared_tables,
    fiscal_year_of,
    span,
    unit_closure,
)

__all__ = [
    "FOREVER",
    "SCHEMAS",
    "UNASSIGNED",
    "DeclarationError",
    "Home",
    "Problem",
    "Unit",
    "chart_years",
    "checks_digest",
    "declared_tables",
    "decoding_digest",
    "fiscal_year_of",
    "home_path",
    "mirrored_dimensions",
    "source_spec",
    "span",
    "surveyed",
    "unit_closure",
]
