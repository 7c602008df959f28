{%- set dimensions = scored_dimensions() -%}
{%- set mean_kpis = outcome_kpis('outcome_mean') -%}
{%- set net_promoter_kpis = outcome_kpis('net_promoter') -%}
{%- set top_kpis = outcome_kpis('top_box') -%}

select
    source_code,
    wave_code,
    stakeholder_code,
    period_code,
    closed_date,
    placed_unit_code as unit_code,
    count(*) as response_count,
    -- Respondents that can only be counted row by row: nobody followed them from one answer to another.
    count(*) - count(respondent_key) as unkeyed_count,
    {%- if dimensions %}
    cast(sum(case when coalesce(
        {%- for dimension in dimensions %}{{ dimension }}_score{{ ', ' if not loop.last }}{% endfor -%}
    ) is not null then 1 else 0 end) as bigint) as scored_count,
    {%- else %}
    cast(0 as bigint) as scored_count,
    {%- endif %}
    {%- for dimension in dimensions %}
    count({{ dimension }}_score) as {{ dimension }}_score_count,
    sum({{ dimension }}_score) as {{ dimension }}_score_sum,
    sum({{ dimension }}_score * {{ dimension }}_score) as {{ dimension }}_score_square_sum,
    {%- endfor %}
    {%- for kpi in mean_kpis %}
    count({{ kpi.kpi_code }}_score) as {{ kpi.kpi_code }}_score_count,
    sum({{ kpi.kpi_code }}_score) as {{ kpi.kpi_code }}_score_sum,
    sum({{ kpi.kpi_code }}_score * {{ kpi.kpi_code }}_score) as {{ kpi.kpi_code }}_score_square_sum,
    {%- endfor %}
    {%- for kpi in net_promoter_kpis %}
    count({{ kpi.outcome_code }}_value) as {{ kpi.kpi_code }}_base_count,
    count(case when {{ kpi.outcome_code }}_value >= 9 then 1 end) as {{ kpi.kpi_code }}_promoter_count,
    count(case when {{ kpi.outcome_code }}_value <= 6 then 1 end) as {{ kpi.kpi_code }}_detractor_count,
    {%- endfor %}
    {%- for kpi in top_kpis %}
    count(is_{{ kpi.kpi_code }}_top) as {{ kpi.kpi_code }}_base_count,
    count(case when is_{{ kpi.kpi_code }}_top then 1 end) as {{ kpi.kpi_code }}_top_count,
    {%- endfor %}
    count(distinct file_id) as file_count
from {{ ref('int_responses__placed') }}
group by 1, 2, 3, 4, 5, 6
