"""What the tables that no dbt model writes say: their grain, their columns, units and ranges."""

from __future__ import annotations

from typing import Any

_UNIT = "the unit of measure of the KPI"
_POINTS = "points of the dimension's score"

DESCRIBED: dict[str, Any] = {
    "fct_actions": {
        "description": "Grain: one row per action or experiment of the register: what moved since it began, in the "
        "unit where it was tried and against comparable units. An association, never a proof of cause.",
        "columns": {
            "action_code": ("Action, as the register names it.", "code", None),
            "title_fr": ("What was tried, in French.", "text", None),
            "title_en": ("What was tried, in English.", "text", None),
            "unit_code": ("Unit where it was tried.", "code", "dim_units"),
            "stakeholder_code": ("Group it is about.", "code", "dim_stakeholders"),
            "dimension_code": ("Dimension it aims at; `all` for the index.", "code", "dim_dimensions or all"),
            "starts_date": ("First day.", "date", None),
            "design": ("How it was set up.", "code", "single, before_after, trial"),
            "before_period_code": ("Last period published before the start.", "code", "dim_periods"),
            "after_period_code": ("Latest period published after it.", "code", "dim_periods"),
            "before_value": ("Score before.", _POINTS, "0 to 100"),
            "after_value": ("Score after.", _POINTS, "0 to 100"),
            "change_value": ("Score after less score before.", _POINTS, "-100 to 100"),
            "change_ci_low": ("Lower end of its 95 % interval.", _POINTS, None),
            "change_ci_high": ("Upper end of its 95 % interval.", _POINTS, None),
            "compared_unit_count": (
                "Comparable units that are shown in both periods.",
                "units",
                "0 and more",
            ),
            "compared_change_value": ("Their mean change.", _POINTS, "-100 to 100"),
            "effect_value": ("Change less theirs (difference in differences).", _POINTS, None),
            "effect_ci_low": ("Lower end of its 95 % interval.", _POINTS, None),
            "effect_ci_high": ("Upper end of its 95 % interval.", _POINTS, None),
            "verdict_code": (
                "What can be said.",
                "code",
                "moved_up, moved_down, no_difference, undecided, not_enough_data, protected, too_early",
            ),
            "status": ("Whether figures are given.", "code", "published, protected, not_enough_data"),
        },
    },
    "fct_strategy": {
        "description": "Grain: one row per line of the register of strategy: who answers for which relation, aiming at "
        "what, reviewed when.",
        "columns": {
            "line_number": ("Line of the register.", "count", "1 and more"),
            "stakeholder_code": ("Group the objective is about.", "code", "dim_stakeholders"),
            "objective": ("The objective, as written.", "text", None),
            "owner": ("Who answers for it; null where nobody does.", "text", None),
            "kpi_code": ("KPI it is followed by.", "code", "dim_kpis"),
            "target_value": ("Level aimed at.", _UNIT, None),
            "current_value": ("Level of the whole home, latest published.", _UNIT, None),
            "review_date": ("Next review.", "date", None),
            "is_complete": (
                "Whether owner, objective, KPI, target and review date are all there.",
                "flag",
                None,
            ),
            "is_overdue": ("Whether the review date is past.", "flag", None),
            "domain": ("What the objective serves.", "code", "relation, sales, profit"),
            "weight_share": ("Its share of the weight of all objectives.", "share", "0 to 1"),
        },
    },
}
