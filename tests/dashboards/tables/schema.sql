-- The published tables the dashboard reads, as CONTRACT.md promises them.
CREATE SCHEMA mart;
CREATE SCHEMA meta;
CREATE TABLE mart.fct_kpi_values (
    unit_code VARCHAR, period_code VARCHAR, stakeholder_code VARCHAR, segment_code VARCHAR, counterparty_code VARCHAR,
    kpi_code VARCHAR, dimension_code VARCHAR, value DOUBLE, n INTEGER, ci_low DOUBLE, ci_high DOUBLE, method VARCHAR,
    status VARCHAR, compared_period_code VARCHAR, change_value DOUBLE, change_ci_low DOUBLE, change_ci_high DOUBLE,
    change_label VARCHAR, change_p_value DOUBLE, verdict_code VARCHAR, ranking_value DOUBLE, disclosure VARCHAR,
    definition_version VARCHAR, as_of_date DATE
);
CREATE TABLE mart.fct_finance (
    unit_code VARCHAR, period_code VARCHAR, basis VARCHAR, kpi_code VARCHAR, value DECIMAL(18, 6),
    currency_code VARCHAR, status VARCHAR, as_of_date DATE
);
CREATE TABLE mart.scorecard_unit_period (
    unit_code VARCHAR, period_code VARCHAR, stakeholder_code VARCHAR, measured_period_code VARCHAR,
    headline_kpi_code VARCHAR, headline_value DOUBLE, headline_n INTEGER, headline_ci_low DOUBLE, headline_ci_high DOUBLE,
    headline_method VARCHAR, headline_status VARCHAR, headline_compared_period_code VARCHAR,
    headline_change_value DOUBLE, headline_change_ci_low DOUBLE, headline_change_ci_high DOUBLE,
    headline_change_label VARCHAR,
    rqi_value DOUBLE, rqi_n INTEGER, rqi_ci_low DOUBLE, rqi_ci_high DOUBLE, rqi_status VARCHAR,
    rqi_change_value DOUBLE, rqi_change_ci_low DOUBLE, rqi_change_ci_high DOUBLE, rqi_change_label VARCHAR,
    nps_value DOUBLE, nps_n INTEGER, nps_ci_low DOUBLE, nps_ci_high DOUBLE, nps_status VARCHAR,
    nps_change_value DOUBLE, nps_change_ci_low DOUBLE, nps_change_ci_high DOUBLE, nps_change_label VARCHAR,
    csat_value DOUBLE, csat_n INTEGER, csat_ci_low DOUBLE, csat_ci_high DOUBLE, csat_status VARCHAR,
    csat_change_value DOUBLE, csat_change_ci_low DOUBLE, csat_change_ci_high DOUBLE, csat_change_label VARCHAR,
    ces_mean_value DOUBLE, ces_mean_n INTEGER, ces_mean_ci_low DOUBLE, ces_mean_ci_high DOUBLE, ces_mean_status VARCHAR,
    ces_mean_change_value DOUBLE, ces_mean_change_ci_low DOUBLE, ces_mean_change_ci_high DOUBLE,
    ces_mean_change_label VARCHAR,
    respondents_count INTEGER, participation_share DOUBLE, currency_code VARCHAR,
    revenue DECIMAL(18, 6), revenue_rolling_12m DECIMAL(18, 6), revenue_rolling_12m_change DOUBLE,
    gross_margin DECIMAL(18, 6), gross_margin_rolling_12m DECIMAL(18, 6), gross_margin_rolling_12m_change DOUBLE,
    value_added DECIMAL(18, 6), value_added_rolling_12m DECIMAL(18, 6), value_added_rolling_12m_change DOUBLE,
    ebe DECIMAL(18, 6), ebe_rolling_12m DECIMAL(18, 6), ebe_rolling_12m_change DOUBLE,
    operating_result DECIMAL(18, 6), operating_result_rolling_12m DECIMAL(18, 6),
    operating_result_rolling_12m_change DOUBLE,
    operating_margin DECIMAL(18, 6), operating_margin_rolling_12m DECIMAL(18, 6),
    operating_margin_rolling_12m_change DOUBLE,
    payroll DECIMAL(18, 6), payroll_rolling_12m DECIMAL(18, 6), payroll_rolling_12m_change DOUBLE,
    payroll_ratio DECIMAL(18, 6), payroll_ratio_rolling_12m DECIMAL(18, 6), payroll_ratio_rolling_12m_change DOUBLE,
    net_result DECIMAL(18, 6), net_result_rolling_12m DECIMAL(18, 6), net_result_rolling_12m_change DOUBLE,
    finance_status VARCHAR, definition_version VARCHAR, as_of_date DATE
);
CREATE TABLE mart.dim_units (
    unit_code VARCHAR, parent_code VARCHAR, label_fr VARCHAR, label_en VARCHAR, unit_level INTEGER, is_leaf BOOLEAN,
    path_codes VARCHAR, valid_from_date DATE, valid_to_date DATE, sort_order INTEGER
);
CREATE TABLE mart.dim_periods (
    period_code VARCHAR, grain VARCHAR, start_date DATE, end_date DATE, fiscal_year INTEGER, label_fr VARCHAR,
    label_en VARCHAR, previous_period_code VARCHAR, last_year_period_code VARCHAR, sort_order INTEGER
);
CREATE TABLE mart.dim_stakeholders (
    stakeholder_code VARCHAR, label_fr VARCHAR, label_en VARCHAR, threshold_count INTEGER, about_code VARCHAR,
    sort_order INTEGER
);
CREATE TABLE mart.dim_segments (segment_code VARCHAR, segment_group VARCHAR, label_fr VARCHAR, label_en VARCHAR, sort_order INTEGER);
CREATE TABLE mart.dim_breaks (
    stakeholder_code VARCHAR, source_code VARCHAR, starts_date DATE, period_code VARCHAR, label_fr VARCHAR, label_en VARCHAR,
    is_comparable BOOLEAN
);
CREATE TABLE mart.dim_kpis (
    kpi_code VARCHAR, label_fr VARCHAR, label_en VARCHAR, definition_fr VARCHAR, definition_en VARCHAR,
    formula_fr VARCHAR, formula_en VARCHAR, unit_of_measure VARCHAR, range_low DOUBLE, range_high DOUBLE, better VARCHAR, domain VARCHAR,
    needs_fr VARCHAR, needs_en VARCHAR, definition_version VARCHAR, sort_order INTEGER
);
CREATE TABLE mart.dim_kpi_labels (kpi_code VARCHAR, stakeholder_code VARCHAR, label_fr VARCHAR, label_en VARCHAR);
CREATE TABLE mart.dim_dimensions (
    dimension_code VARCHAR, label_fr VARCHAR, label_en VARCHAR, definition_fr VARCHAR, definition_en VARCHAR,
    weight DOUBLE, mirror_id VARCHAR, kind VARCHAR, sort_order INTEGER
);
CREATE TABLE mart.dim_relations (
    relation_code VARCHAR, kind VARCHAR, stakeholder_code VARCHAR, counterparty_code VARCHAR, label_fr VARCHAR,
    label_en VARCHAR, sort_order INTEGER
);
CREATE TABLE mart.dim_kpi_thresholds (kpi_code VARCHAR, threshold_code VARCHAR, value DOUBLE);
CREATE TABLE mart.fct_actions (
    action_code VARCHAR, title_fr VARCHAR, title_en VARCHAR, unit_code VARCHAR, stakeholder_code VARCHAR,
    dimension_code VARCHAR, starts_date DATE, design VARCHAR, before_period_code VARCHAR, after_period_code VARCHAR,
    before_value DOUBLE, after_value DOUBLE, change_value DOUBLE, change_ci_low DOUBLE, change_ci_high DOUBLE,
    compared_unit_count INTEGER, compared_change_value DOUBLE, effect_value DOUBLE, effect_ci_low DOUBLE,
    effect_ci_high DOUBLE, verdict_code VARCHAR, status VARCHAR
);
CREATE TABLE meta.snapshot (
    snapshot_id VARCHAR, created_at TIMESTAMP, as_of_date DATE, organisation_name VARCHAR, language VARCHAR,
    currency_code VARCHAR, scorecard_grain VARCHAR, code_version VARCHAR, definition_version VARCHAR,
    declarations_hash VARCHAR, run_id VARCHAR
);
CREATE TABLE meta.sources (
    source_code VARCHAR, label_fr VARCHAR, label_en VARCHAR, kind VARCHAR, stakeholder_code VARCHAR, owner VARCHAR, cadence VARCHAR,
    last_wave_code VARCHAR, last_wave_date DATE, freshness_days INTEGER, age_days INTEGER, freshness_status VARCHAR,
    last_file_status VARCHAR, checks_passed_count INTEGER, checks_count INTEGER, declaration_version INTEGER,
    disclosure VARCHAR
);
