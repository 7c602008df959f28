{%- set sums = ['response_count', 'unkeyed_count', 'scored_count'] -%}
{%- set scored = scored_dimensions() + outcome_kpis('outcome_mean') | map(attribute='kpi_code') | list -%}
{%- for code in scored -%}
    {%- for part in ['count', 'sum', 'square_sum'] -%}{%- do sums.append(code ~ '_score_' ~ part) -%}{%- endfor -%}
{%- endfor -%}
{%- for kpi in outcome_kpis('net_promoter') -%}
    {%- for part in ['base', 'promoter', 'detractor'] -%}
        {%- do sums.append(kpi.kpi_code ~ '_' ~ part ~ '_count') -%}
    {%- endfor -%}
{%- endfor -%}
{%- for kpi in outcome_kpis('top_box') -%}
    {%- for part in ['base', 'top'] -%}{%- do sums.append(kpi.kpi_code ~ '_' ~ part ~ '_count') -%}{%- endfor -%}
{%- endfor -%}

with

summed as (

    select * from {{ ref('int_responses__summed') }}

),

closure as (

    select ancestor_code, unit_code, depth, valid_from, valid_to
    from {{ source('declared', 'unit_closure') }}

),

-- The tree is the one valid at each wave's own close, even when a period holds several waves.
pooled as (

    select
        closure.ancestor_code as unit_code,
        summed.stakeholder_code,
        summed.period_code,
        {%- for column in sums %}
        {{ 'cast(' if column.endswith('count') }}sum(summed.{{ column }})
        {{- ' as bigint)' if column.endswith('count') }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from summed
    inner join closure
        on
            summed.unit_code = closure.unit_code
            and summed.closed_date between closure.valid_from and closure.valid_to
    group by 1, 2, 3

),

-- People who can be followed count once, however many times or places they answered in the period.
followed as (

    select distinct stakeholder_code, period_code, placed_unit_code as unit_code, closed_date, respondent_key
    from {{ ref('int_responses__placed') }}
    where respondent_key is not null

),

people as (

    select
        closure.ancestor_code as unit_code,
        followed.stakeholder_code,
        followed.period_code,
        count(distinct followed.respondent_key) as followed_count
    from followed
    inner join closure
        on
            followed.unit_code = closure.unit_code
            and followed.closed_date between closure.valid_from and closure.valid_to
    group by 1, 2, 3

),

fieldwork_waves as (

    select distinct stakeholder_code, period_code, source_code, wave_code, closed_date from summed

),

-- Invited people are known for the period only if every wave in it says how many.
fieldwork as (

    select
        fieldwork_waves.stakeholder_code,
        fieldwork_waves.period_code,
        max(fieldwork_waves.closed_date) as closed_date,
        case when count(*) = count(waves.invited_count) then cast(sum(waves.invited_count) as bigint) end
            as invited_count,
        case
            when count(*) = count(case when sources.disclosure = 'already_public' then 1 end)
                then 'already_public'
            else 'standard'
        end as disclosure
    from fieldwork_waves
    inner join {{ source('declared', 'sources') }} as sources on fieldwork_waves.source_code = sources.source_code
    left join {{ source('declared', 'waves') }} as waves
        on
            fieldwork_waves.source_code = waves.source_code
            and fieldwork_waves.wave_code = waves.wave_code
    group by 1, 2

),

-- A unit that exists at the close and has answered this stakeholder's surveys in some period was surveyed in
-- this one too: without a row, its silence would be told apart from a small number of answers.
surveyed as (

    select closure.unit_code, fieldwork.stakeholder_code, fieldwork.period_code
    from fieldwork
    inner join closure
        on closure.depth = 0 and fieldwork.closed_date between closure.valid_from and closure.valid_to
    where
        closure.unit_code <> 'unassigned'
        and exists (
            select 1
            from pooled
            where
                pooled.unit_code = closure.unit_code
                and pooled.stakeholder_code = fieldwork.stakeholder_code
        )

),

cells as (

    select unit_code, stakeholder_code, period_code from surveyed
    union
    select unit_code, stakeholder_code, period_code from pooled

)

select
    cells.unit_code,
    cells.stakeholder_code,
    cells.period_code,
    case when cells.unit_code = organisation.root_unit_code then fieldwork.invited_count end as invited_count,
    fieldwork.disclosure,
    coalesce(pooled.unkeyed_count, 0) + coalesce(people.followed_count, 0) as respondent_count,
    {%- for column in sums if column != 'unkeyed_count' %}
    {% if column.endswith('count') %}coalesce(pooled.{{ column }}, 0) as {{ column }}
    {%- else %}pooled.{{ column }}
    {%- endif %}{{ ',' if not loop.last }}
    {%- endfor %}
from cells
cross join {{ source('declared', 'organisation') }} as organisation
inner join fieldwork
    on cells.stakeholder_code = fieldwork.stakeholder_code and cells.period_code = fieldwork.period_code
left join pooled
    on
        cells.unit_code = pooled.unit_code
        and cells.stakeholder_code = pooled.stakeholder_code
        and cells.period_code = pooled.period_code
left join people
    on
        cells.unit_code = people.unit_code
        and cells.stakeholder_code = people.stakeholder_code
        and cells.period_code = people.period_code
