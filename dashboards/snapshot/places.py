"""What the screens of units ask: gestures and intention, recommendations, early warnings, actions."""

from __future__ import annotations

from dashboards.snapshot.relations import CHOSEN, LATEST, PLACES, columns
from dashboards.snapshot.store import Row, Snapshot

FELT = "('gesture_gap', 'script_compliance', 'dimension_score')"
ASKED = "('promoter_excess', 'promoter_share', 'seller_collected_share', 'prompt_answer_share')"
WARNED = "('early_warning', 'rqi')"


def _cells(kpis: str) -> str:
    return f"{PLACES}, facts AS ({LATEST.format(units=CHOSEN, kpis=kpis)})"


def _beside(alias: str, whose: str, kpi: str) -> str:
    """Another KPI of the same unit, for the stakeholder that the column `whose` names."""
    return f"""LEFT JOIN facts {alias} ON {alias}.unit_code = c.unit_code AND {alias}.kpi_code = '{kpi}'
            AND {alias}.stakeholder_code = {whose} AND {alias}.counterparty_code = 'all'
            AND {alias}.dimension_code = 'all'"""


def gestures(snapshot: Snapshot, unit: str, period: str, level: str = "leaves") -> list[Row]:
    """Gestures kept, intention felt, their gap and verdict by unit; mechanical units first, never a person.

    Which dimension is the intention is declared, not published: it is the one whose score plus the gap is the gestures.
    """
    return snapshot.rows(
        f"""{_cells(FELT)}, told AS (
            SELECT s.dimension_code FROM facts g
            JOIN facts o ON o.kpi_code = 'script_compliance' AND o.dimension_code = 'all'
                AND (o.unit_code, o.stakeholder_code) = (g.unit_code, g.stakeholder_code)
            JOIN facts s ON s.kpi_code = 'dimension_score' AND s.counterparty_code = 'all'
                AND (s.unit_code, s.stakeholder_code) = (g.unit_code, g.stakeholder_code)
            WHERE g.kpi_code = 'gesture_gap' AND abs(s.value + g.value - o.value) < 1e-6
            GROUP BY s.dimension_code ORDER BY count(*) DESC LIMIT 1
        )
        SELECT c.unit_code, c.label_fr, c.label_en,
            {columns(("o", "gesture_"), ("s", "intention_"), ("g", ""))}, g.verdict_code,
            d.label_fr AS dimension_fr, d.label_en AS dimension_en
        FROM chosen c
        JOIN facts g ON g.unit_code = c.unit_code AND g.kpi_code = 'gesture_gap'
        {_beside("o", "g.stakeholder_code", "script_compliance")}
        LEFT JOIN facts s ON s.unit_code = c.unit_code AND s.stakeholder_code = g.stakeholder_code
            AND s.counterparty_code = 'all' AND s.kpi_code = 'dimension_score'
            AND s.dimension_code = (SELECT dimension_code FROM told)
        LEFT JOIN mart.dim_dimensions d ON d.dimension_code = (SELECT dimension_code FROM told)
        ORDER BY list_position(['mechanical', 'absent', 'warm', 'undecided', 'genuine'], g.verdict_code) NULLS LAST,
            g.value DESC, c.place""",
        unit,
        level,
        period,
    )


def verdicts(snapshot: Snapshot, unit: str, period: str, code: str) -> list[Row]:
    """The verdict of one KPI by unit and period, over the 12 periods that end with `period`."""
    return snapshot.rows(
        f"""{PLACES}, shown AS (
            SELECT period_code FROM mart.dim_periods
            WHERE period_code IN (SELECT period_code FROM mart.scorecard_unit_period)
              AND start_date <= (SELECT start_date FROM mart.dim_periods WHERE period_code = ?)
            ORDER BY start_date DESC LIMIT 12
        )
        SELECT c.unit_code, c.label_fr, c.label_en, f.period_code, f.status, f.verdict_code
        FROM chosen c JOIN mart.fct_kpi_values f USING (unit_code) JOIN shown USING (period_code)
        WHERE f.kpi_code = ? AND f.segment_code = 'all' ORDER BY c.place""",
        unit,
        "leaves",
        period,
        code,
    )


def promoters(snapshot: Snapshot, unit: str, period: str) -> list[Row]:
    """Share of 9–10 by unit against its siblings, and how the answers were collected; excesses first."""
    return snapshot.rows(
        f"""{_cells(ASKED)}
        SELECT c.unit_code, c.label_fr, c.label_en,
            {columns(("p", "share_"), ("s", "seller_"), ("m", "prompt_"), ("e", ""))}, e.verdict_code,
            t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en
        FROM chosen c
        JOIN facts e ON e.unit_code = c.unit_code AND e.kpi_code = 'promoter_excess'
        JOIN mart.dim_stakeholders t USING (stakeholder_code)
        {_beside("p", "e.stakeholder_code", "promoter_share")}
        {_beside("s", "e.stakeholder_code", "seller_collected_share")}
        {_beside("m", "e.stakeholder_code", "prompt_answer_share")}
        ORDER BY t.sort_order, e.verdict_code IS DISTINCT FROM 'above_siblings', e.value IS NULL, e.value DESC,
            c.place""",
        unit,
        "leaves",
        period,
    )


def warnings(snapshot: Snapshot, unit: str, period: str, relation: str) -> list[Row]:
    """The early warning of each unit with both sides' index beside; alarms first.

    `rang_fr` and `rang_en`: the first period in alarm since the unit was last calm.
    """
    return snapshot.rows(
        f"""{_cells(WARNED)}, asked AS (SELECT * FROM mart.dim_relations WHERE relation_code = ?), lived AS (
            SELECT f.unit_code, f.verdict_code, p.label_fr, p.label_en, p.end_date,
                max(p.end_date) FILTER (f.verdict_code = 'calm') OVER (PARTITION BY f.unit_code) AS calm_date
            FROM mart.fct_kpi_values f JOIN asked r USING (stakeholder_code, counterparty_code)
            JOIN mart.dim_periods p USING (period_code)
            JOIN mart.dim_periods c ON c.period_code = ? AND p.grain = c.grain AND p.end_date <= c.end_date
            WHERE f.kpi_code = 'early_warning' AND f.segment_code = 'all'
        ), rang AS (
            SELECT DISTINCT ON (unit_code) unit_code, label_fr, label_en FROM lived
            WHERE verdict_code = 'alarm' AND (calm_date IS NULL OR end_date > calm_date) ORDER BY unit_code, end_date
        )
        SELECT c.unit_code, c.label_fr, c.label_en, g.label_fr AS rang_fr, g.label_en AS rang_en,
            {columns(("a", "first_"), ("b", "second_"), ("w", ""))}, w.verdict_code
        FROM chosen c CROSS JOIN asked r
        JOIN facts w ON w.unit_code = c.unit_code AND w.kpi_code = 'early_warning'
            AND w.stakeholder_code = r.stakeholder_code AND w.counterparty_code = r.counterparty_code
        {_beside("a", "r.stakeholder_code", "rqi")}
        {_beside("b", "r.counterparty_code", "rqi")}
        LEFT JOIN rang g ON g.unit_code = c.unit_code
        ORDER BY list_position(['alarm', 'moved_together', 'not_enough_data', 'calm'], w.verdict_code) NULLS LAST,
            w.value, c.place""",
        unit,
        "leaves",
        period,
        relation,
        period,
    )


def actions(snapshot: Snapshot, unit: str) -> list[Row]:
    """Actions of the register in the units of a scope, the latest first; none in an older snapshot."""
    if not snapshot.rows("SELECT 1 AS found FROM duckdb_tables() WHERE table_name = 'fct_actions'"):
        return []
    return snapshot.rows(
        f"""{PLACES}
        SELECT a.*, k.label_fr AS unit_fr, k.label_en AS unit_en, t.label_fr AS stakeholder_fr,
            t.label_en AS stakeholder_en, d.label_fr AS dimension_fr, d.label_en AS dimension_en,
            b.label_fr AS before_fr, b.label_en AS before_en, e.label_fr AS after_fr, e.label_en AS after_en
        FROM mart.fct_actions a JOIN under u USING (unit_code) JOIN known k USING (unit_code)
        LEFT JOIN mart.dim_stakeholders t USING (stakeholder_code)
        LEFT JOIN mart.dim_dimensions d USING (dimension_code)
        LEFT JOIN mart.dim_periods b ON b.period_code = a.before_period_code
        LEFT JOIN mart.dim_periods e ON e.period_code = a.after_period_code
        ORDER BY a.starts_date DESC, a.action_code""",
        unit,
        "leaves",
    )
