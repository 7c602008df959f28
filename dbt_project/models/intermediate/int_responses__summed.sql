{#- Exact sums per unit and wave, for everybody and for each declared group of respondents, in one pass. -#}
{%- set dimensions = scored_dimensions() -%}
{%- set segments = cut_segments() -%}

select
    source_code,
    wave_code,
    stakeholder_code,
    period_code,
    closed_date,
    placed_unit_code as unit_code,
    -- a group of respondents in its own grouping set, everybody in the first
    coalesce({% for segment in segments %}{{ segment }}_segment, {% endfor %}'all') as segment_code,
    count(*) as response_count,
    cast(sum(case when is_respondent then 1 else 0 end) as bigint) as answered_count,
    -- Respondents that can only be counted row by row: nobody followed them from one answer to another.
    cast(sum(case when is_respondent and respondent_key is null then 1 else 0 end) as bigint) as unkeyed_count,
    {%- if dimensions %}
    cast(sum(case when coalesce(
        {%- for dimension in dimensions %}{{ dimension }}_score{{ ', ' if not loop.last }}{% endfor -%}
    ) is not null then 1 else 0 end) as bigint) as scored_count,
    {%- else %}
    cast(0 as bigint) as scored_count,
    {%- endif %}
    {%- for mean in mean_columns() %}
    count({{ mean.column }}_score) as {{ mean.column }}_score_count,
    sum({{ mean.column }}_score) as {{ mean.column }}_score_sum,
    sum({{ mean.column }}_score * {{ mean.column }}_score) as {{ mean.column }}_score_square_sum,
    {%- endfor %}
    {%- for kpi in outcome_kpis('net_promoter') %}
    count({{ kpi.outcome_code }}_value) as {{ kpi.kpi_code }}_base_count,
    count(case when {{ kpi.outcome_code }}_value >= {{ kpi.promoters_from }} then 1 end)
        as {{ kpi.kpi_code }}_promoter_count,
    count(case when {{ kpi.outcome_code }}_value <= {{ kpi.detractors_to }} then 1 end)
        as {{ kpi.kpi_code }}_detractor_count,
    {%- endfor %}
    {%- for share in share_columns() %}
    count(is_{{ share.column }}_top) as {{ share.column }}_base_count,
    count(case when is_{{ share.column }}_top then 1 end) as {{ share.column }}_top_count,
    {%- endfor %}
    count(distinct file_id) as file_count
from {{ ref('int_responses__placed') }}
{%- if segments %}
group by
    grouping sets (
        (source_code, wave_code, stakeholder_code, period_code, closed_date, placed_unit_code)
        {%- for segment in segments %},
        (
            source_code, wave_code, stakeholder_code, period_code, closed_date, placed_unit_code,
            {{ segment }}_segment
        )
        {%- endfor %}
    )
-- Surveys that do not carry a segment make no group of it.
having
    {%- for segment in segments %}
    {{ 'and ' if not loop.first }}(grouping({{ segment }}_segment) = 1 or {{ segment }}_segment is not null)
    {%- endfor %}
{%- else %}
group by 1, 2, 3, 4, 5, 6
{%- endif %}
