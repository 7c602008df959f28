"""Columns of every table of schema `declared`, the only thing dbt's macros read."""

from __future__ import annotations

import pyarrow as pa

_S, _I, _F, _D, _B = pa.string(), pa.int32(), pa.float64(), pa.date32(), pa.bool_()


def _columns(kind: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "organisation": {
        **_columns(_S, "name language currency_code time_zone"), "fiscal_year_start_month": _I,
        **_columns(_S, "scorecard_grain compare_with"), "as_of_date": _D,
        **_columns(_S, "root_unit_code definition_version"), "smallest_effect": _F,
    },
    "units": {
        **_columns(_S, "unit_code parent_code label_fr label_en"), **_columns(_D, "valid_from valid_to"),
        "sort_order": _I,
    },
    "unit_closure": {**_columns(_S, "ancestor_code unit_code"), "depth": _I, **_columns(_D, "valid_from valid_to")},
    "unit_aliases": _columns(_S, "source_code alias unit_code"),
    "headcounts": {"unit_code": _S, **_columns(_D, "valid_from valid_to"), "headcount": _I},
    "stakeholders": {
        **_columns(_S, "stakeholder_code label_fr label_en"), "threshold_count": _I,
        **_columns(_S, "headline_kpi_code about_code"), "sort_order": _I,
    },
    "dimensions": {
        **_columns(_S, "dimension_code label_fr label_en definition_fr definition_en"), "weight": _F, "mirror_id": _S,
        "sort_order": _I,
    },
    "aspects": {
        **_columns(_S, "aspect_code kind label_fr label_en definition_fr definition_en"), "sort_order": _I,
    },
    "relations": {
        **_columns(_S, "relation_code kind stakeholder_code counterparty_code label_fr label_en"), "sort_order": _I,
    },
    "mirror_dimensions": {
        **_columns(_S, "relation_code stakeholder_code counterparty_code dimension_code other_dimension_code"),
        "is_parallel": _B,
    },
    "dimension_stakeholders": _columns(_S, "dimension_code stakeholder_code"),
    "kpis": {
        **_columns(_S, "kpi_code method outcome_code label_fr label_en definition_fr definition_en"),
        **_columns(_S, "formula_fr formula_en unit_of_measure"),
        **_columns(_F, "range_low range_high target_value from_value to_value promoters_from detractors_to"),
        **_columns(_S, "better domain numerator_code denominator_code needs_fr needs_en idea_fr idea_en"),
        "is_derived": _B, "sort_order": _I,
    },
    "kpi_labels": _columns(_S, "kpi_code stakeholder_code label_fr label_en"),
    "outcomes": _columns(_S, "outcome_code label_fr label_en"),
    "sources": {
        **_columns(_S, "source_code kind stakeholder_code subject owner cadence"),
        **_columns(_I, "freshness_days declaration_version"), "disclosure": _S,
        **_columns(_B, "is_continuous is_respondents"),
    },
    "waves": {
        **_columns(_S, "source_code wave_code"), **_columns(_D, "opened_date closed_date"), "invited_count": _I,
        "period_code": _S,
    },
    "items": {
        **_columns(_S, "source_code item_code raw_column role target_code facet"),
        **_columns(_F, "min_value max_value"),
        "is_reversed": _B, "points": _I, **_columns(_S, "text_fr text_en"),
    },
    "breaks": {
        **_columns(_S, "stakeholder_code source_code"), "starts_date": _D,
        **_columns(_S, "period_code label_fr label_en"), "is_comparable": _B,
    },
    "top_boxes": {"kpi_code": _S, **_columns(_I, "points top_count")},
    "segments": {**_columns(_S, "segment_code segment_group label_fr label_en"), "sort_order": _I},
    "segment_texts": _columns(_S, "segment_group text segment_code"),
    "source_segments": _columns(_S, "source_code segment_group"),
    "kpi_thresholds": {**_columns(_S, "kpi_code threshold_code"), "value": _F},
    "measures": _columns(
        _S, "source_code kind measure_code kpi_code dimension_code statistic scale roll_up text_fr text_en"
    ),
    "account_map": {"fiscal_year": _I, **_columns(_S, "kpi_code account_prefix"), "coefficient": _I},
    "ledger_rules": {
        "rule_number": _I,
        **_columns(_S, "account_prefix journal_code piece_prefix auxiliary_prefix alias_source_code unit_code"),
    },
    "periods": {
        **_columns(_S, "period_code grain"), **_columns(_D, "start_date end_date"), "fiscal_year": _I,
        **_columns(_S, "label_fr label_en previous_period_code last_year_period_code"), "sort_order": _I,
    },
}  # fmt: skip
