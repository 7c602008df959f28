{%- set segments = cut_segments() -%}
{%- set sums = ['response_count', 'answered_count', 'unkeyed_count', 'scored_count'] -%}
{%- for mean in mean_columns() -%}
    {%- for part in ['count', 'sum', 'square_sum'] -%}
        {%- do sums.append(mean.column ~ '_score_' ~ part) -%}
    {%- endfor -%}
{%- endfor -%}
{%- for kpi in outcome_kpis('net_promoter') -%}
    {%- for part in ['base', 'promoter', 'detractor'] -%}
        {%- do sums.append(kpi.kpi_code ~ '_' ~ part ~ '_count') -%}
    {%- endfor -%}
{%- endfor -%}
{%- for share in share_columns() -%}
    {%- for part in ['base', 'top'] -%}{%- do sums.append(share.column ~ '_' ~ part ~ '_count') -%}{%- endfor -%}
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
        summed.segment_code,
        {%- for column in sums %}
        {{ 'cast(' if column.endswith('count') }}sum(summed.{{ column }})
        {{- ' as bigint)' if column.endswith('count') }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from summed
    inner join closure
        on
            summed.unit_code = closure.unit_code
            and summed.closed_date between closure.valid_from and closure.valid_to
    group by 1, 2, 3, 4

),

-- People who can be followed count once, however many times or places they answered in the period.
followed as (

    {%- for segment in [none] + segments %}
    select distinct
        stakeholder_code,
        period_code,
        placed_unit_code as unit_code,
        {{ segment ~ '_segment' if segment else "'all'" }} as segment_code,
        closed_date,
        respondent_key
    from {{ ref('int_responses__placed') }}
    where is_respondent and respondent_key is not null
    {{- ' and ' ~ segment ~ '_segment is not null' if segment }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

people as (

    select
        closure.ancestor_code as unit_code,
        followed.stakeholder_code,
        followed.period_code,
        followed.segment_code,
        count(distinct followed.respondent_key) as followed_count
    from followed
    inner join closure
        on
            followed.unit_code = closure.unit_code
            and followed.closed_date between closure.valid_from and closure.valid_to
    group by 1, 2, 3, 4

),

fieldwork_waves as (

    select distinct stakeholder_code, period_code, source_code, wave_code, closed_date
    from summed
    where segment_code = 'all'

),

-- Invited people are known for the period only if every wave in it says how many.
fieldwork as (

    select
        fieldwork_waves.stakeholder_code,
        fieldwork_waves.period_code,
        max(fieldwork_waves.closed_date) as closed_date,
        case
            -- rows about people nobody asked have no invitations
            when
                count(case when sources.is_respondents then 1 end)
                = count(case when sources.is_respondents then waves.invited_count end)
                then cast(sum(case when sources.is_respondents then waves.invited_count end) as bigint)
        end as invited_count,
        case
            when count(*) = count(case when sources.disclosure = 'already_public' then 1 end)
                then 'already_public'
            else 'standard'
        end as disclosure,
        max(case when sources.is_respondents then 1 else 0 end) = 1 as has_respondents
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

-- Every group of a segment that the stakeholder's surveys carry in the period, silent ones too, for the same reason.
cut as (

    select distinct pooled.stakeholder_code, pooled.period_code, segments.segment_code
    from pooled
    inner join {{ source('declared', 'segments') }} as carried on pooled.segment_code = carried.segment_code
    inner join {{ source('declared', 'segments') }} as segments on carried.segment_group = segments.segment_group

),

cells as (

    select surveyed.unit_code, surveyed.stakeholder_code, surveyed.period_code, cut.segment_code
    from surveyed
    inner join cut
        on surveyed.stakeholder_code = cut.stakeholder_code and surveyed.period_code = cut.period_code
    union
    select unit_code, stakeholder_code, period_code, segment_code from pooled

)

select
    cells.unit_code,
    cells.stakeholder_code,
    cells.period_code,
    cells.segment_code,
    case
        when cells.unit_code = organisation.root_unit_code and cells.segment_code = 'all'
            then fieldwork.invited_count
    end as invited_count,
    fieldwork.disclosure,
    fieldwork.has_respondents,
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
        and cells.segment_code = pooled.segment_code
left join people
    on
        cells.unit_code = people.unit_code
        and cells.stakeholder_code = people.stakeholder_code
        and cells.period_code = people.period_code
        and cells.segment_code = people.segment_code
