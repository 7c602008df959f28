{#- KPIs across stakeholder groups (stakeholder `all`): how many are measured, how far the weakest is behind. -#}
with

periods as (

    select * from {{ ref('int_periods__compared') }}

),

kpis as (

    select kpi_code, method, {{ share_scale('unit_of_measure') }} as share_scale from {{ source('declared', 'kpis') }}

),

groups as (

    select stakeholder_code, threshold_count, count(*) over () as declared_count
    from {{ source('declared', 'stakeholders') }}
    where about_code is null

),

measured as (

    select unit_code, stakeholder_code, period_code, disclosure, respondent_count as n
    from {{ ref('int_cells__rolled_up') }}
    where segment_code = 'all'
    union all
    select unit_code, stakeholder_code, period_code, disclosure, n
    from {{ ref('int_measures__rolled_up') }}
    -- an event is nobody's answer
    where value is not null and is_reported

),

cells as (

    select
        measured.unit_code,
        measured.stakeholder_code,
        measured.period_code,
        periods.start_date,
        periods.end_date,
        min(measured.disclosure) = 'already_public' and max(measured.disclosure) = 'already_public' as is_public,
        max(
            case
                when measured.n >= groups.threshold_count or measured.disclosure = 'already_public' then 1 else 0
            end
        ) as is_measured,
        max(groups.declared_count) as declared_count
    from measured
    inner join periods on measured.period_code = periods.period_code
    inner join groups on measured.stakeholder_code = groups.stakeholder_code
    group by 1, 2, 3, 4, 5

),

scored as (

    select
        unit_code,
        period_code,
        end_date,
        max(declared_count) as declared_count,
        min(case when is_public then 1 else 0 end) = 1 as is_public
    from cells
    group by 1, 2, 3

),

-- A group measured once a year still counts in the periods between: twelve months, this period's own included.
coverage as (

    select
        scored.unit_code,
        scored.period_code,
        scored.is_public,
        count(distinct case when cells.is_measured = 1 then cells.stakeholder_code end)
        / cast(max(scored.declared_count) as double) as share
    from scored
    inner join cells
        on
            scored.unit_code = cells.unit_code
            and scored.end_date >= cells.end_date
            and cells.start_date > {{ dbt.dateadd('month', -12, 'scored.end_date') }}
    group by 1, 2, 3

),

balanced as (

    select
        *,
        row_number() over (partition by unit_code, period_code order by index_value, stakeholder_code) as position,
        count(*) over (partition by unit_code, period_code) as group_count,
        min(index_value) over (partition by unit_code, period_code) as lowest_value,
        cast(sum(cast(index_value as decimal(18, 12))) over (partition by unit_code, period_code) as double)
        / count(*) over (partition by unit_code, period_code) as mean_value
    from {{ ref('int_indices__estimated') }}
    where is_balanced_set

),

-- Delta method on min / mean, the lowest group taken as known: d(BAL)/d(RQI_j) = (1[j lowest] - BAL / G) / mean.
balance as (

    select
        unit_code,
        period_code,
        min(response_count) as n,
        min(lowest_value) / nullif(min(mean_value), 0) as ratio,
        cast(sum(cast(
            pow((case when position = 1 then 1 else 0 end - lowest_value / mean_value / group_count) / mean_value, 2)
            * index_variance as decimal(38, 18)
        )) as double) as variance
    from balanced
    where mean_value > 0
    group by 1, 2

)

select
    coverage.unit_code,
    coverage.period_code,
    kpis.kpi_code,
    case when coverage.is_public then 'already_public' else 'standard' end as disclosure,
    kpis.share_scale * coverage.share as value,
    cast(null as bigint) as n,
    cast(null as double) as interval_variance,
    'point' as method
from coverage
inner join kpis on kpis.method = 'group_coverage'
union all
select
    balance.unit_code,
    balance.period_code,
    kpis.kpi_code,
    case when scored.is_public then 'already_public' else 'standard' end as disclosure,
    kpis.share_scale * balance.ratio as value,
    balance.n,
    kpis.share_scale * kpis.share_scale * balance.variance as interval_variance,
    'delta' as method
from balance
inner join scored on balance.unit_code = scored.unit_code and balance.period_code = scored.period_code
inner join kpis on kpis.method = 'group_balance'
