with

-- What a sender counted, and what is counted here from its events. `total` is value x n, exact in both.
measures as (

    select
        unit_code,
        period_code,
        closed_date,
        kpi_code,
        dimension_code,
        stakeholder_code,
        statistic,
        scale,
        roll_up,
        disclosure,
        value,
        n,
        value * n as total,
        true as is_reported
    from {{ ref('stg_measures') }}
    union all
    select
        unit_code,
        period_code,
        closed_date,
        kpi_code,
        dimension_code,
        stakeholder_code,
        statistic,
        scale,
        roll_up,
        disclosure,
        cast(cast(success_sum as double) / nullif(n, 0) as decimal(18, 6)) as value,
        n,
        success_sum as total,
        false as is_reported
    from {{ ref('int_events__counted') }}

),

closure as (

    select ancestor_code, unit_code, depth, valid_from, valid_to
    from {{ source('declared', 'unit_closure') }}

),

-- As for responses: what a closed or future unit reports stays in `unassigned`, hence in the root.
placed as (

    select
        measures.*,
        coalesce(closure.unit_code, 'unassigned') as placed_unit_code
    from measures
    inner join {{ source('declared', 'organisation') }} as organisation
        on measures.closed_date <= organisation.as_of_date
    left join closure
        on
            measures.unit_code = closure.unit_code
            and closure.depth = 0
            and measures.closed_date between closure.valid_from and closure.valid_to

),

pooled as (

    select
        closure.ancestor_code as unit_code,
        placed.stakeholder_code,
        placed.period_code,
        placed.kpi_code,
        placed.dimension_code,
        placed.statistic,
        placed.scale,
        placed.roll_up,
        max(placed.disclosure) as disclosure,  -- one source that is not public keeps the cell from being so
        count(placed.value) as value_count,
        count(case when placed.value is not null then placed.n end) as value_with_n_count,
        sum(case when placed.value is not null then placed.n end) as n,
        sum(placed.value) as value_sum,
        median(cast(placed.value as double)) as value_median,
        sum(placed.total) as total,
        min(case when placed.is_reported then 1 else 0 end) = 1 as is_reported
    from placed
    inner join closure
        on
            placed.placed_unit_code = closure.unit_code
            and placed.closed_date between closure.valid_from and closure.valid_to
            and (closure.depth = 0 or placed.roll_up <> 'none')
    group by 1, 2, 3, 4, 5, 6, 7, 8

)

select
    unit_code,
    stakeholder_code,
    period_code,
    kpi_code,
    dimension_code,
    statistic,
    scale,
    disclosure,
    -- How many answers stand behind the value is known only when every sender said so.
    case when value_count = value_with_n_count then cast(n as bigint) end as n,
    case
        when roll_up = 'weighted_by_n' and value_count = value_with_n_count and n > 0
            then cast(total as double) / n
        when value_count = 1 or roll_up = 'sum' then cast(value_sum as double)
        when roll_up = 'median' then value_median
    end as value,
    -- Only a share of counted answers has an interval; the median of several shares is not one.
    case
        when
            statistic = 'share' and value_count = value_with_n_count
            and (value_count = 1 or roll_up = 'weighted_by_n')
            then cast(round(total) as bigint)
    end as success_count,
    -- an event is nobody's answer
    is_reported
from pooled
