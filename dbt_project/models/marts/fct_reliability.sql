select
    stakeholder_code,
    period_code,
    dimension_code,
    item_count,
    n,
    alpha,
    alpha < 0.7 as is_below_usual_alpha,
    -- Filled from the units that are published: see pipelines/derive.
    cast(null as integer) as unit_count,
    cast(null as double) as icc_1,
    cast(null as double) as icc_2
from {{ ref('int_reliability__estimated') }}
