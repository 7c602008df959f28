{{ config(materialized='view') }}

select
    periods.period_code,
    periods.start_date,
    periods.end_date,
    case organisation.compare_with
        when 'previous' then periods.previous_period_code
        else periods.last_year_period_code
    end as compared_period_code
from {{ source('declared', 'periods') }} as periods
inner join {{ source('declared', 'organisation') }} as organisation
    on periods.grain = organisation.scorecard_grain
