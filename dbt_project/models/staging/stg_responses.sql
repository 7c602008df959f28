{#- A table, unlike its neighbours: three models and the tests read the scores, and scoring costs more than storing. -#}
{{ config(materialized='table') }}

{%- set grain = scorecard_grain() -%}
{%- set dimensions = scored_dimensions() -%}
{%- set outcomes = asked_outcomes() -%}
{%- set mean_kpis = outcome_kpis('outcome_mean') -%}
{%- set amount_kpis = outcome_kpis('value_mean') -%}
{%- set top_kpis = outcome_kpis('top_box') -%}
{%- set between_kpis = outcome_kpis('share_between') -%}
{%- set said_and_done = say_do_values() -%}
{%- set themes = comment_themes() -%}
{%- set items = response_items() -%}
{%- set boxes = top_boxes() -%}
{%- set present = raw_response_columns() -%}
{%- set segments = cut_segments() -%}
{%- set carried = source_segments() -%}
{%- set texts = segment_texts() -%}
{%- set surveys = response_sources() or [none] -%}

with

waves as (

    select source_code, wave_code, period_code, closed_date
    from {{ source('declared', 'waves') }}

),

-- A continuous survey has no fieldwork dates: its wave is the period of the answer and closes with it.
periods as (

    select period_code, start_date, end_date as closed_date
    from {{ source('declared', 'periods') }}
    where grain = '{{ grain }}'

)

{% for survey in surveys %}
{%- set own = items | selectattr('source_code', 'equalto', survey.source_code) | list if survey else [] %}
select
    -- keys
    responses.source_code,
    responses.response_key,
    responses.respondent_key,
    responses.unit_code,
    responses.wave_code,
    {{ 'periods' if survey and survey.is_continuous else 'waves' }}.period_code,
    {{ literal(survey.stakeholder_code if survey else none) }} as stakeholder_code,

    -- attributes
    {{ literal(survey.subject if survey else none) }} as subject,
    {{ 'periods' if survey and survey.is_continuous else 'waves' }}.closed_date,
    responses.submitted_at,
    responses.submitted_date,
    responses.language_code,
    responses.channel_code,
    responses.counterparty_code,
    responses.weight,
    responses.is_complete,
    {{ (not survey or survey.is_respondents) | lower }} as is_respondent,
    {%- for segment in segments %}
    {%- if survey and {'source_code': survey.source_code, 'segment_group': segment} in carried %}
    {{ segment_code(segment, texts, present) }} as {{ segment }}_segment,
    {%- else %}
    cast(null as {{ dbt.type_string() }}) as {{ segment }}_segment,
    {%- endif %}
    {%- endfor %}

    -- measures
    {%- for dimension in dimensions %}
    {{ dimension_score(
        own | selectattr('role', 'equalto', 'dimension') | selectattr('target_code', 'equalto', dimension) | list,
        present
    ) }} as {{ dimension }}_score,
    {%- endfor %}
    {%- for outcome in outcomes %}
    {{ outcome_value(
        own | selectattr('role', 'equalto', 'outcome') | selectattr('target_code', 'equalto', outcome) | list,
        present
    ) }} as {{ outcome }}_value,
    {%- endfor %}
    {%- for kpi in mean_kpis %}
    {{ outcome_score(
        own | selectattr('role', 'equalto', 'outcome') | selectattr('target_code', 'equalto', kpi.outcome_code)
            | list,
        present
    ) }} as {{ kpi.kpi_code }}_score,
    {%- endfor %}
    {%- for kpi in amount_kpis %}
    {{ outcome_value(
        own | selectattr('role', 'equalto', 'outcome') | selectattr('target_code', 'equalto', kpi.outcome_code)
            | list,
        present
    ) }} as {{ kpi.kpi_code }}_score,
    {%- endfor %}
    {%- for pair in said_and_done %}
    {{ say_do_score(
        own | selectattr('role', 'equalto', 'value') | selectattr('target_code', 'equalto', pair.value_code) | list,
        present
    ) }} as {{ pair.kpi_code }}__{{ pair.value_code }}_score,
    {%- endfor %}
    {%- for kpi in top_kpis %}
    {{ is_top(
        kpi.kpi_code,
        own | selectattr('role', 'equalto', 'outcome') | selectattr('target_code', 'equalto', kpi.outcome_code)
            | list,
        present, boxes
    ) }} as is_{{ kpi.kpi_code }}_top,
    {%- endfor %}
    {%- for kpi in between_kpis %}
    {{ is_between(
        kpi,
        own | selectattr('role', 'equalto', 'outcome') | selectattr('target_code', 'equalto', kpi.outcome_code)
            | list,
        present
    ) }} as is_{{ kpi.kpi_code }}_top,
    {%- endfor %}
    {%- for pair in themes %}
    {{ is_on_theme(pair.theme_code, present) }} as is_{{ pair.kpi_code }}__{{ pair.theme_code }}_top,
    {%- endfor %}

    -- audit
    responses.file_id,
    responses.record_number,
    responses.records
from {{ source('raw', 'responses') }} as responses
{%- if survey and survey.is_continuous %}
left join periods on {{ period_start('responses.submitted_date') }} = periods.start_date
{%- else %}
left join waves on responses.source_code = waves.source_code and responses.wave_code = waves.wave_code
{%- endif %}
where
    {{ "responses.source_code = " ~ literal(survey.source_code) if survey else "false" }}
    -- A tester's answers are nobody's opinion; an incomplete response keeps what it answered.
    and not coalesce(responses.is_test, false)
{{ 'union all' if not loop.last }}
{%- endfor %}
