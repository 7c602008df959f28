"""What the screens of relations ask: both sides of one relation, and what derived KPIs say of them.

A snapshot published before these tables existed has none of it: `serves_relations` tells.
"""

from __future__ import annotations

from dashboards.snapshot.store import Row, Snapshot

# The units of a scope, in reading order: itself, its children, or its leaves (its children where leaves are many).
PLACES = """
    WITH RECURSIVE known AS (
        SELECT DISTINCT ON (unit_code) * FROM mart.dim_units WHERE unit_code <> 'unassigned'
        ORDER BY unit_code, valid_to_date DESC
    ), under AS (
        SELECT unit_code, 0 AS depth, [sort_order]::INTEGER[] AS place FROM known WHERE unit_code = ?
        UNION ALL
        SELECT k.unit_code, u.depth + 1, list_append(u.place, k.sort_order::INTEGER)
        FROM known k JOIN under u ON k.parent_code = u.unit_code WHERE u.depth < 50
    ), chosen AS (
        SELECT k.unit_code, k.label_fr, k.label_en, u.place FROM known k JOIN under u USING (unit_code)
        WHERE CASE ? WHEN 'self' THEN u.depth = 0 WHEN 'children' THEN u.depth = 1
            ELSE CASE WHEN (SELECT count(*) FROM known JOIN under USING (unit_code) WHERE is_leaf) <= 40
                THEN k.is_leaf ELSE u.depth = 1 END END
    )"""
# Each KPI's latest row of the 12 months that end with a period, as gaps pair two sides that are not asked together.
LATEST = """
        SELECT DISTINCT ON (f.unit_code, f.stakeholder_code, f.counterparty_code, f.kpi_code, f.dimension_code) f.*
        FROM mart.fct_kpi_values f JOIN mart.dim_periods p USING (period_code)
        JOIN mart.dim_periods c ON c.period_code = ? AND p.grain = c.grain
            AND p.end_date <= c.end_date AND p.end_date > c.end_date - INTERVAL 1 YEAR
        WHERE f.segment_code = 'all' AND f.unit_code IN {units} AND f.kpi_code IN {kpis}
        ORDER BY f.unit_code, f.stakeholder_code, f.counterparty_code, f.kpi_code, f.dimension_code, p.end_date DESC"""
CHOSEN = "(SELECT unit_code FROM chosen)"
WHOLES = "('mirrored_index', 'symmetry_gap', 'reciprocity_gap')"
PARTS = "('dimension_score', 'symmetry_gap', 'reciprocity_gap')"
BONDS = """('link', 'attention_concentration', 'together_gain', 'negative_emotion_share', 'emotion_balance',
    'fair_pay')"""
FIGURES = "value", "n", "ci_low", "ci_high", "status"


def columns(*sides: tuple[str, str]) -> str:
    """`value, n, ci_low, ci_high, status` of each (table, prefix), under prefixed names."""
    return ", ".join(f"{table}.{name} AS {prefix}{name}" for table, prefix in sides for name in FIGURES)


def serves_relations(snapshot: Snapshot) -> bool:
    """Whether the snapshot was published with relations and verdicts; an older one was not."""
    found = snapshot.rows("""
        SELECT 1 AS found FROM duckdb_columns()
        WHERE schema_name = 'mart' AND (table_name, column_name)
            IN (('dim_relations', 'relation_code'), ('fct_kpi_values', 'verdict_code'))""")
    return len(found) == 2


def relations(snapshot: Snapshot) -> list[Row]:
    """Declared relations with the names of their two sides, in declared order; none in an older snapshot."""
    if not serves_relations(snapshot):
        return []
    return snapshot.rows("""
        SELECT r.*, a.label_fr AS first_fr, a.label_en AS first_en, b.label_fr AS second_fr, b.label_en AS second_en
        FROM mart.dim_relations r
        JOIN mart.dim_stakeholders a ON a.stakeholder_code = r.stakeholder_code
        JOIN mart.dim_stakeholders b ON b.stakeholder_code = r.counterparty_code
        ORDER BY r.sort_order""")


def kpi(snapshot: Snapshot, code: str) -> Row:
    """Labels, definition and needs of one KPI; empty where this home does not declare it."""
    found = snapshot.rows("SELECT * FROM mart.dim_kpis WHERE kpi_code = ?", code)
    return found[0] if found else {}


def thresholds(snapshot: Snapshot, code: str) -> dict[str, float]:
    """Declared thresholds of one KPI by name; none where they are not published."""
    if not snapshot.rows("SELECT 1 AS found FROM duckdb_tables() WHERE table_name = 'dim_kpi_thresholds'"):
        return {}
    found = snapshot.rows(
        "SELECT threshold_code, value FROM mart.dim_kpi_thresholds WHERE kpi_code = ?", code
    )
    return {row["threshold_code"]: row["value"] for row in found}


def measured(snapshot: Snapshot, period: str, code: str, relation: Row | None = None) -> Row | None:
    """The latest period of the last 12 months where a KPI is published, one with both sides first."""
    found = snapshot.rows(
        """
        SELECT p.period_code, p.label_fr, p.label_en
        FROM mart.fct_kpi_values f JOIN mart.dim_periods p USING (period_code)
        JOIN mart.dim_periods c ON c.period_code = ? AND p.grain = c.grain
        WHERE f.kpi_code = ? AND ? IN ('all', f.stakeholder_code) AND ? IN ('all', f.counterparty_code)
          AND p.end_date <= c.end_date AND p.end_date > c.end_date - INTERVAL 1 YEAR
        GROUP BY p.period_code, p.label_fr, p.label_en, p.end_date
        ORDER BY bool_or(f.verdict_code IS DISTINCT FROM 'one_side_only') DESC, p.end_date DESC LIMIT 1""",
        period,
        code,
        relation["stakeholder_code"] if relation else "all",
        relation["counterparty_code"] if relation else "all",
    )
    return found[0] if found else None


def figure(snapshot: Snapshot, unit: str, period: str, code: str, relation: Row | None = None) -> Row | None:
    """The latest figure of one KPI of one unit, of a relation's sides where one is given, with its labels."""
    found = snapshot.rows(
        f"""WITH facts AS ({LATEST.format(units="(?)", kpis="(?)")})
        SELECT f.*, k.label_fr, k.label_en, k.definition_fr, k.definition_en, k.unit_of_measure, k.better,
            m.label_fr AS measured_fr, m.label_en AS measured_en, c.label_fr AS compared_fr, c.label_en AS compared_en
        FROM facts f JOIN mart.dim_kpis k USING (kpi_code) JOIN mart.dim_periods m USING (period_code)
        LEFT JOIN mart.dim_periods c ON c.period_code = f.compared_period_code
        WHERE f.dimension_code = 'all' AND ? IN ('all', f.stakeholder_code) AND ? IN ('all', f.counterparty_code)
        ORDER BY f.stakeholder_code <> 'all' LIMIT 1""",
        period,
        unit,
        code,
        relation["stakeholder_code"] if relation else "all",
        relation["counterparty_code"] if relation else "all",
    )
    return found[0] if found else None


def unit_gaps(snapshot: Snapshot, unit: str, period: str, relation: str, level: str) -> list[Row]:
    """Both sides' index on what they share, their gap and verdict, by unit; the widest gap first.

    `level`: self, children or leaves of `unit`. Columns of the sides are prefixed first_ and second_.
    """
    return snapshot.rows(
        f"""{PLACES}, latest AS ({LATEST.format(units=CHOSEN, kpis=WHOLES)}
        ), facts AS (SELECT * FROM latest WHERE dimension_code = 'all'),
        asked AS (SELECT * FROM mart.dim_relations WHERE relation_code = ?)
        SELECT c.unit_code, c.label_fr, c.label_en,
            {columns(("a", "first_"), ("b", "second_"), ("g", ""))}, g.verdict_code, abs(g.value) AS size
        FROM chosen c CROSS JOIN asked r
        LEFT JOIN facts a ON a.unit_code = c.unit_code AND a.kpi_code = 'mirrored_index'
            AND a.stakeholder_code = r.stakeholder_code AND a.counterparty_code = r.counterparty_code
        LEFT JOIN facts b ON b.unit_code = c.unit_code AND b.kpi_code = 'mirrored_index'
            AND b.stakeholder_code = r.counterparty_code AND b.counterparty_code = r.stakeholder_code
        LEFT JOIN facts g ON g.unit_code = c.unit_code AND g.kpi_code = r.kind || '_gap'
            AND g.stakeholder_code = r.stakeholder_code AND g.counterparty_code = r.counterparty_code
        WHERE coalesce(a.status, b.status, g.status) IS NOT NULL
        ORDER BY abs(g.value) DESC NULLS LAST, c.place""",
        unit,
        level,
        period,
        relation,
    )


def agreements(snapshot: Snapshot, unit: str, period: str, relation: Row) -> list[Row]:
    """How far both sides see a relation alike in each unit just below, with the verdict."""
    return snapshot.rows(
        f"""{PLACES}, facts AS ({LATEST.format(units=CHOSEN, kpis="('reciprocity')")})
        SELECT c.label_fr, c.label_en, f.status, f.verdict_code
        FROM chosen c JOIN facts f USING (unit_code)
        WHERE f.stakeholder_code = ? AND f.counterparty_code = ? ORDER BY c.place""",
        unit,
        "children",
        period,
        relation["stakeholder_code"],
        relation["counterparty_code"],
    )


def bonds(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> list[Row]:
    """What holds relations together and what undoes them: declared links first, then attention, gain, feelings, pay."""
    return snapshot.rows(
        f"""WITH facts AS ({LATEST.format(units="(?)", kpis=BONDS)})
        SELECT f.*, coalesce(d.label_fr, k.label_fr) AS label_fr, coalesce(d.label_en, k.label_en) AS label_en,
            t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en, k.unit_of_measure, k.better,
            m.label_fr AS measured_fr, m.label_en AS measured_en, c.label_fr AS compared_fr, c.label_en AS compared_en
        FROM facts f JOIN mart.dim_kpis k USING (kpi_code)
        JOIN mart.dim_stakeholders t USING (stakeholder_code)
        LEFT JOIN mart.dim_dimensions d ON d.dimension_code = f.dimension_code AND d.kind = 'link'
        LEFT JOIN mart.dim_periods m USING (period_code)
        LEFT JOIN mart.dim_periods c ON c.period_code = f.compared_period_code
        WHERE ? IN ('all', f.stakeholder_code) AND (f.dimension_code = 'all' OR d.kind = 'link')
        ORDER BY list_position({BONDS.replace("(", "[").replace(")", "]")}, f.kpi_code), d.sort_order, t.sort_order""",
        period,
        unit,
        stakeholder,
    )


def segments(snapshot: Snapshot, unit: str, period: str, stakeholder: str, code: str = "rqi") -> list[Row]:
    """One KPI of one stakeholder by group, in declared order; none in a snapshot older than segments."""
    if not snapshot.rows("SELECT 1 AS found FROM duckdb_columns() WHERE column_name = 'segment_group'"):
        return []
    return snapshot.rows(
        """
        SELECT f.*, s.label_fr, s.label_en, p.label_fr AS measured_fr, p.label_en AS measured_en
        FROM mart.fct_kpi_values f JOIN mart.dim_segments s USING (segment_code)
        JOIN mart.dim_periods p USING (period_code)
        WHERE f.unit_code = ? AND f.stakeholder_code = ? AND f.kpi_code = ? AND f.segment_code <> 'all'
          AND f.counterparty_code = 'all' AND f.dimension_code = 'all' AND f.period_code = (
            SELECT measured_period_code FROM mart.scorecard_unit_period
            WHERE unit_code = f.unit_code AND stakeholder_code = f.stakeholder_code AND period_code = ?)
        ORDER BY s.sort_order""",
        unit,
        stakeholder,
        code,
        period,
    )


def dimension_gaps(snapshot: Snapshot, unit: str, period: str, relation: str) -> list[Row]:
    """Both sides' score, their gap and verdict, by dimension: the surest first, then the narrowest interval."""
    return snapshot.rows(
        f"""WITH facts AS ({LATEST.format(units="(?)", kpis=PARTS)}
        ), asked AS (SELECT * FROM mart.dim_relations WHERE relation_code = ?)
        SELECT d.dimension_code, d.label_fr, d.label_en,
            {columns(("a", "first_"), ("b", "second_"), ("g", ""))}, g.verdict_code, abs(g.value) AS size
        FROM asked r
        JOIN facts g ON g.kpi_code = r.kind || '_gap'
            AND g.stakeholder_code = r.stakeholder_code AND g.counterparty_code = r.counterparty_code
        JOIN mart.dim_dimensions d ON d.dimension_code = g.dimension_code
        LEFT JOIN facts a ON a.kpi_code = 'dimension_score' AND a.dimension_code = g.dimension_code
            AND a.stakeholder_code = r.stakeholder_code AND a.counterparty_code = 'all'
        LEFT JOIN facts b ON b.kpi_code = 'dimension_score' AND b.dimension_code = g.dimension_code
            AND b.stakeholder_code = r.counterparty_code AND b.counterparty_code = 'all'
        ORDER BY g.value IS NULL, g.ci_low <= 0 AND g.ci_high >= 0, g.ci_high - g.ci_low, d.sort_order""",
        period,
        unit,
        relation,
    )


def values(snapshot: Snapshot, unit: str, period: str) -> list[Row]:
    """Lived less proclaimed, by value and by who was asked; the widest shortfall first."""
    return snapshot.rows(
        f"""WITH facts AS ({LATEST.format(units="(?)", kpis="('say_do_gap')")})
        SELECT d.label_fr, d.label_en, t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en, f.*
        FROM facts f JOIN mart.dim_dimensions d USING (dimension_code)
        JOIN mart.dim_stakeholders t USING (stakeholder_code)
        WHERE d.kind = 'value' ORDER BY f.value IS NULL, f.value, d.sort_order""",
        period,
        unit,
    )


def waves(
    snapshot: Snapshot, unit: str, period: str, code: str, stakeholder: str = "all", counterparty: str = "all"
) -> list[Row]:
    """One KPI at each period up to `period`, by stakeholder; `all` for any stakeholder, and for no counterparty."""
    return snapshot.rows(
        """
        SELECT f.*, t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en, k.unit_of_measure, p.end_date
        FROM mart.fct_kpi_values f JOIN mart.dim_periods p USING (period_code)
        JOIN mart.dim_periods c ON c.period_code = ? AND p.grain = c.grain AND p.end_date <= c.end_date
        JOIN mart.dim_stakeholders t USING (stakeholder_code)
        JOIN mart.dim_kpis k USING (kpi_code)
        WHERE f.unit_code = ? AND f.kpi_code = ? AND ? IN ('all', f.stakeholder_code)
          AND f.counterparty_code = ? AND f.segment_code = 'all' AND f.dimension_code = 'all'
        ORDER BY t.sort_order, p.start_date""",
        period,
        unit,
        code,
        stakeholder,
        counterparty,
    )
