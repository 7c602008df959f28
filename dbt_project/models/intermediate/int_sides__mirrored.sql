with

present as (

    select * from {{ ref('int_dimensions__present') }}

),

-- Dimensions asked of two sides in parallel wording and present on both: the other side in the same period, else the
-- last time it was asked within twelve months.
mirrored as (

    select
        mine.unit_code,
        mine.stakeholder_code,
        mine.period_code,
        mirrors.counterparty_code,
        mine.dimension_code,
        rank() over (
            partition by mine.unit_code, mine.stakeholder_code, mine.period_code, mirrors.counterparty_code
            order by measured.end_date desc
        ) as age_rank
    from present as mine
    inner join {{ source('declared', 'mirror_dimensions') }} as mirrors
        on
            mine.stakeholder_code = mirrors.stakeholder_code
            and mine.dimension_code = mirrors.dimension_code
            and mirrors.is_parallel
    inner join {{ ref('int_periods__compared') }} as periods on mine.period_code = periods.period_code
    inner join present as theirs
        on
            mine.unit_code = theirs.unit_code
            and mirrors.counterparty_code = theirs.stakeholder_code
            and mirrors.other_dimension_code = theirs.dimension_code
            and theirs.segment_code = 'all'
    inner join {{ ref('int_periods__compared') }} as measured
        on
            theirs.period_code = measured.period_code
            and periods.end_date >= measured.end_date
            and measured.start_date > {{ dbt.dateadd('month', -12, 'periods.end_date') }}
    where mine.segment_code = 'all'

)

select
    unit_code,
    stakeholder_code,
    period_code,
    counterparty_code,
    {{ dbt.listagg('dimension_code', "','", 'order by dimension_code') }} as dimension_set
from mirrored
where age_rank = 1
group by 1, 2, 3, 4
