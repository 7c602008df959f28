{#- One block per KPI and dimension. Only aggregates are unpivoted: doing it to answers costs 13 times more. -#}
{%- set blocks = [] -%}
{%- for mean in mean_columns() -%}
    {%- do blocks.append({'kpi': mean.kpi, 'dimension': mean.dimension, 'measure': mean.column ~ '_score'}) -%}
{%- endfor -%}
{%- for kpi in outcome_kpis('net_promoter') -%}
    {%- do blocks.append({'kpi': kpi.kpi_code, 'count': kpi.kpi_code ~ '_base_count', 'promoters': true}) -%}
{%- endfor -%}
{%- for share in share_columns() -%}
    {%- do blocks.append({
        'kpi': share.kpi, 'dimension': share.dimension, 'count': share.column ~ '_base_count', 'tops': share.column
    }) -%}
{%- endfor -%}

with

blocks as (

    {%- for block in blocks or [none] %}
    select
        unit_code,
        stakeholder_code,
        period_code,
        segment_code,
        disclosure,
        invited_count,
        {{ literal(block.kpi if block else none) }} as kpi_code,
        {{ literal((block.dimension or 'all') if block else none) }} as dimension_code,
        {{ (block.count or block.measure ~ '_count') if block else 'response_count' }} as answer_count,
        cast({{ block.measure ~ '_sum' if block and block.measure else 'null' }} as decimal(38, 12)) as total,
        cast({{ block.measure ~ '_square_sum' if block and block.measure else 'null' }} as decimal(38, 12))
            as square_total,
        {{ block.tops ~ '_top_count' if block and block.tops else 'cast(null as bigint)' }} as success_count,
        {{ block.kpi ~ '_promoter_count' if block and block.promoters else 'cast(null as bigint)' }}
            as promoter_count,
        {{ block.kpi ~ '_detractor_count' if block and block.promoters else 'cast(null as bigint)' }}
            as detractor_count
    from {{ ref('int_cells__rolled_up') }}
    {{- ' where false' if not block }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

-- What nobody was asked in the period has no row; what nobody answered in one unit has one, with zero answers.
select *
from blocks
qualify max(answer_count) over (partition by stakeholder_code, period_code, segment_code, kpi_code, dimension_code) > 0
