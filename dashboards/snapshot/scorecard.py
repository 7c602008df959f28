"""What the first three screens ask: the scorecard, its series and its accounts."""

from __future__ import annotations

from dashboards.snapshot.store import Row, Snapshot

# Stakeholders with a card. One that speaks about another is a side of a relation; older snapshots have none.
PUBLICS = """(
        SELECT * FROM (FROM mart.dim_stakeholders UNION ALL BY NAME SELECT NULL::VARCHAR AS about_code WHERE false)
        WHERE about_code IS NULL)"""


def about(snapshot: Snapshot) -> Row:
    """Organisation, as-of date, grain, currency, language, versions."""
    return snapshot.rows("SELECT * FROM meta.snapshot")[0]


def sources(snapshot: Snapshot) -> list[Row]:
    """A row per source, the late ones first."""
    return snapshot.rows("""
        SELECT s.*, t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en
        FROM meta.sources s LEFT JOIN mart.dim_stakeholders t USING (stakeholder_code)
        ORDER BY freshness_status = 'fresh', source_code""")


def periods(snapshot: Snapshot) -> list[Row]:
    """Periods of the scorecard, the latest first; `is_measured` where at least one wave belongs to it."""
    return snapshot.rows("""
        SELECT p.period_code, p.label_fr, p.label_en,
            bool_or(s.measured_period_code IS NOT DISTINCT FROM s.period_code) AS is_measured
        FROM mart.dim_periods p JOIN mart.scorecard_unit_period s USING (period_code)
        GROUP BY p.period_code, p.label_fr, p.label_en, p.start_date ORDER BY p.start_date DESC""")


def units(snapshot: Snapshot) -> list[Row]:
    """The unit tree in reading order: parents before children; `unassigned` last."""
    return snapshot.rows("""
        WITH RECURSIVE known AS (
            SELECT DISTINCT ON (unit_code) * FROM mart.dim_units ORDER BY unit_code, valid_to_date DESC
        ), tree AS (
            SELECT unit_code, [unit_code = 'unassigned', sort_order]::INTEGER[] AS place FROM known
            WHERE parent_code IS NULL OR parent_code NOT IN (SELECT unit_code FROM known)
            UNION ALL
            SELECT k.unit_code, t.place || [k.unit_code = 'unassigned', k.sort_order]::INTEGER[]
            FROM known k JOIN tree t ON k.parent_code = t.unit_code
        )
        SELECT k.unit_code, k.parent_code, k.label_fr, k.label_en, k.unit_level, k.is_leaf
        FROM tree JOIN known k USING (unit_code)
        WHERE k.unit_code IN (SELECT unit_code FROM mart.scorecard_unit_period)
           OR k.unit_code IN (SELECT parent_code FROM known)
        ORDER BY place""")


def stakeholders(snapshot: Snapshot) -> list[Row]:
    """Stakeholders that have a row in the scorecard, in declared order."""
    return snapshot.rows(f"""
        SELECT stakeholder_code, label_fr, label_en, threshold_count FROM {PUBLICS}
        WHERE stakeholder_code IN (SELECT stakeholder_code FROM mart.scorecard_unit_period)
        ORDER BY sort_order""")


def compared_period(snapshot: Snapshot, period: str) -> Row | None:
    """The period that `period` is compared with, as the data say; None for a first measure."""
    found = snapshot.rows(
        """
        SELECT p.period_code, p.label_fr, p.label_en
        FROM mart.scorecard_unit_period s
        JOIN mart.dim_periods p ON p.period_code = s.headline_compared_period_code
        WHERE s.period_code = ? AND s.measured_period_code = s.period_code
        GROUP BY ALL ORDER BY count(*) DESC, p.period_code LIMIT 1""",
        period,
    )
    return found[0] if found else None


CARDS = f"""
    SELECT s.*, t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en, t.threshold_count,
        coalesce(hl.label_fr, h.label_fr) AS headline_fr, coalesce(hl.label_en, h.label_en) AS headline_en,
        h.unit_of_measure, h.definition_fr, h.definition_en, h.needs_fr, h.needs_en,
        coalesce(nl.label_fr, n.label_fr) AS nps_fr, coalesce(nl.label_en, n.label_en) AS nps_en,
        m.label_fr AS measured_fr, m.label_en AS measured_en, m.end_date,
        c.label_fr AS compared_fr, c.label_en AS compared_en, c.end_date AS compared_end_date
    FROM mart.scorecard_unit_period s
    JOIN {PUBLICS} t USING (stakeholder_code)
    LEFT JOIN mart.dim_kpis h ON h.kpi_code = s.headline_kpi_code
    LEFT JOIN mart.dim_kpi_labels hl ON hl.kpi_code = h.kpi_code AND hl.stakeholder_code = s.stakeholder_code
    LEFT JOIN mart.dim_kpis n ON n.kpi_code = 'nps'
    LEFT JOIN mart.dim_kpi_labels nl ON nl.kpi_code = 'nps' AND nl.stakeholder_code = s.stakeholder_code
    LEFT JOIN mart.dim_periods m ON m.period_code = s.measured_period_code
    LEFT JOIN mart.dim_periods c ON c.period_code = s.headline_compared_period_code
"""


def cards(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> list[Row]:
    """One row of the scorecard per stakeholder, with labels in both languages; `stakeholder` may be `all`."""
    return snapshot.rows(
        CARDS
        + """
        WHERE s.unit_code = ? AND s.period_code = ? AND ? IN ('all', s.stakeholder_code)
        ORDER BY t.sort_order""",
        unit,
        period,
        stakeholder,
    )


def headline_series(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> list[Row]:
    """Headline of each wave up to `period`, never one carried forward; a protected wave has no value."""
    return snapshot.rows(
        CARDS
        + """
        JOIN mart.dim_periods p ON p.period_code = s.period_code
        WHERE s.unit_code = ?
          AND p.start_date <= (SELECT start_date FROM mart.dim_periods WHERE period_code = ?)
          AND ? IN ('all', s.stakeholder_code) AND s.measured_period_code = s.period_code
        ORDER BY t.sort_order, p.start_date""",
        unit,
        period,
        stakeholder,
    )


def time_axis(snapshot: Snapshot, period: str) -> list[Row]:
    """At most the 12 scorecard periods that end with `period`, in time order."""
    return snapshot.rows(
        """
        SELECT * FROM (
            SELECT period_code, label_fr, label_en, fiscal_year, start_date, end_date FROM mart.dim_periods
            WHERE period_code IN (SELECT period_code FROM mart.scorecard_unit_period)
              AND start_date <= (SELECT start_date FROM mart.dim_periods WHERE period_code = ?)
            ORDER BY start_date DESC LIMIT 12)
        ORDER BY start_date""",
        period,
    )


def margin_series(snapshot: Snapshot, unit: str, period: str) -> list[Row]:
    """Operating margin (ratio) of each period up to `period`, beside the same period one year before."""
    return snapshot.rows(
        """
        WITH margin AS (
            SELECT DISTINCT period_code, operating_margin FROM mart.scorecard_unit_period WHERE unit_code = ?
        )
        SELECT p.period_code, now.operating_margin, before.operating_margin AS last_year
        FROM mart.dim_periods p JOIN margin now USING (period_code)
        LEFT JOIN margin before ON before.period_code = p.last_year_period_code
        WHERE p.start_date <= (SELECT start_date FROM mart.dim_periods WHERE period_code = ?)
        ORDER BY p.start_date""",
        unit,
        period,
    )


REAL = """s.headline_change_label IN ('small_but_real', 'real_and_large')
            AND s.measured_period_code = s.period_code"""


def largest_change(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> Row | None:
    """The widest change of the unit's own headlines that is not noise."""
    found = snapshot.rows(
        CARDS
        + f"""
        WHERE s.unit_code = ? AND s.period_code = ? AND ? IN ('all', s.stakeholder_code) AND {REAL}
        ORDER BY abs(s.headline_change_value) DESC, t.sort_order LIMIT 1""",
        unit,
        period,
        stakeholder,
    )
    return found[0] if found else None


def leading_dimension(
    snapshot: Snapshot, unit: str, period: str, stakeholder: str, falls: bool
) -> Row | None:
    """The dimension that moved most in the same direction, beyond noise."""
    found = snapshot.rows(
        """
        SELECT d.label_fr, d.label_en, f.change_value
        FROM mart.fct_kpi_values f JOIN mart.dim_dimensions d USING (dimension_code)
        WHERE f.unit_code = ? AND f.period_code = ? AND f.stakeholder_code = ?
          AND f.kpi_code = 'dimension_score'
          AND f.segment_code = 'all' AND f.counterparty_code = 'all' AND (f.change_value < 0) = ?
          AND f.change_label IN ('small_but_real', 'real_and_large')
        ORDER BY abs(f.change_value) DESC, d.sort_order LIMIT 1""",
        unit,
        period,
        stakeholder,
        falls,
    )
    return found[0] if found else None


def movers(snapshot: Snapshot, unit: str, period: str, stakeholder: str, falls: bool) -> list[Row]:
    """The three widest real rises (or falls) among the units under `unit`."""
    return snapshot.rows(
        f"""
        WITH RECURSIVE below AS (
            SELECT unit_code FROM mart.dim_units WHERE parent_code = ?
            UNION SELECT u.unit_code FROM mart.dim_units u JOIN below b ON u.parent_code = b.unit_code
        )
        SELECT c.*, u.label_fr AS unit_fr, u.label_en AS unit_en FROM ({CARDS}
            WHERE s.period_code = ? AND ? IN ('all', s.stakeholder_code) AND {REAL}) c
        JOIN below USING (unit_code)
        JOIN (
            SELECT DISTINCT ON (unit_code) * FROM mart.dim_units ORDER BY unit_code, valid_to_date DESC
        ) u USING (unit_code)
        WHERE (c.headline_change_value < 0) = ?
        ORDER BY abs(c.headline_change_value) DESC, c.unit_code LIMIT 3""",
        unit,
        period,
        stakeholder,
        falls,
    )


def visible_parent(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> Row | None:
    """The nearest ancestor whose headline is published for that stakeholder and period."""
    found = snapshot.rows(
        """
        WITH RECURSIVE above AS (
            SELECT parent_code AS unit_code, 1 AS distance FROM mart.dim_units WHERE unit_code = ?
            UNION ALL
            SELECT u.parent_code, a.distance + 1
            FROM mart.dim_units u JOIN above a USING (unit_code) WHERE a.distance < 50
        )
        SELECT u.unit_code, u.label_fr, u.label_en
        FROM above JOIN mart.dim_units u USING (unit_code)
        JOIN mart.scorecard_unit_period s USING (unit_code)
        WHERE s.period_code = ? AND s.stakeholder_code = ? AND s.headline_status = 'published'
        ORDER BY distance LIMIT 1""",
        unit,
        period,
        stakeholder,
    )
    return found[0] if found else None


def protected_children(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> list[Row]:
    """Direct children whose headline is protected, with the stakeholder it concerns."""
    return snapshot.rows(
        f"""
        SELECT DISTINCT u.unit_code, u.label_fr, u.label_en, u.sort_order, t.stakeholder_code,
            t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en, t.sort_order AS stakeholder_order
        FROM mart.dim_units u JOIN mart.scorecard_unit_period s USING (unit_code)
        JOIN {PUBLICS} t USING (stakeholder_code)
        WHERE u.parent_code = ? AND s.period_code = ? AND ? IN ('all', s.stakeholder_code)
            AND s.headline_status = 'protected'
        ORDER BY u.sort_order, stakeholder_order""",
        unit,
        period,
        stakeholder,
    )


def dimension_series(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> list[Row]:
    """Dimension scores of each wave up to `period`, dimensions in declared order."""
    return snapshot.rows(
        """
        SELECT f.dimension_code, d.label_fr, d.label_en, f.period_code, f.value, f.n, f.ci_low, f.ci_high,
            f.method, f.status, f.change_value, f.change_label, f.definition_version, p.end_date
        FROM mart.fct_kpi_values f JOIN mart.dim_dimensions d USING (dimension_code)
        JOIN mart.dim_periods p USING (period_code)
        WHERE f.unit_code = ? AND f.stakeholder_code = ? AND f.kpi_code = 'dimension_score'
          AND f.segment_code = 'all' AND f.counterparty_code = 'all'
          AND p.start_date <= (SELECT start_date FROM mart.dim_periods WHERE period_code = ?)
        ORDER BY d.sort_order, d.dimension_code, p.start_date""",
        unit,
        stakeholder,
        period,
    )


def profit_and_loss(snapshot: Snapshot, unit: str, period: str) -> list[Row]:
    """A row per finance KPI and basis (the period, rolling 12 months, the fiscal year that holds it)."""
    return snapshot.rows(
        """
        WITH chosen AS (SELECT * FROM mart.dim_periods WHERE period_code = ?)
        SELECT k.kpi_code, k.label_fr, k.label_en, k.unit_of_measure,
            CASE WHEN f.basis = c.grain THEN 'period' ELSE f.basis END AS basis,
            f.value, f.currency_code, f.status, y.label_fr AS period_fr, y.label_en AS period_en
        FROM chosen c
        JOIN mart.dim_periods y ON y.period_code = c.period_code
            OR (y.grain IN ('year', 'fiscal_year') AND y.fiscal_year = c.fiscal_year)
        JOIN mart.fct_finance f ON f.period_code = y.period_code
            AND (f.basis = 'fiscal_year'
                OR (f.basis IN (c.grain, 'rolling_12m') AND f.period_code = c.period_code))
        JOIN mart.dim_kpis k USING (kpi_code)
        WHERE f.unit_code = ? ORDER BY k.sort_order""",
        period,
        unit,
    )


def breaks(snapshot: Snapshot, period: str) -> list[Row]:
    """New versions of instruments and of the chart of accounts up to `period`; none in a snapshot older than them."""
    if not snapshot.rows("SELECT 1 AS found FROM duckdb_tables() WHERE table_name = 'dim_breaks'"):
        return []
    query = """SELECT b.*, t.label_fr AS stakeholder_fr, t.label_en AS stakeholder_en
        FROM mart.dim_breaks b LEFT JOIN mart.dim_stakeholders t USING (stakeholder_code)
        WHERE b.starts_date <= (SELECT end_date FROM mart.dim_periods WHERE period_code = ?)
        ORDER BY b.starts_date, t.sort_order, b.source_code"""
    return snapshot.rows(query, period)


def definitions(snapshot: Snapshot) -> list[Row]:
    """Every KPI's meaning and formula, relations first."""
    return snapshot.rows("SELECT * FROM mart.dim_kpis ORDER BY domain DESC, sort_order")


def has_rows(snapshot: Snapshot, unit: str, period: str, stakeholder: str) -> bool:
    """Whether the scorecard has a row for these filters; `all` lifts the filter."""
    query = f"""
        SELECT 1 AS found FROM mart.scorecard_unit_period JOIN {PUBLICS} USING (stakeholder_code)
        WHERE ? IN ('all', unit_code) AND ? IN ('all', period_code)
          AND ? IN ('all', stakeholder_code) LIMIT 1"""
    return bool(snapshot.rows(query, unit, period, stakeholder))
