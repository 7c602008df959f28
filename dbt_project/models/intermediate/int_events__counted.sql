-- Exact sums per unit, before the tree multiplies rows: ten million deliveries become a few thousand.
select
    source_code,
    unit_code,
    period_code,
    closed_date,
    measure_code,
    kpi_code,
    dimension_code,
    stakeholder_code,
    statistic,
    scale,
    roll_up,
    disclosure,
    count(value) as n,
    sum(value) as success_sum
from {{ ref('stg_events') }}
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
