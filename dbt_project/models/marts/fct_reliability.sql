select
    stakeholder_code,
    period_code,
    dimension_code,
    item_count,
    n,
    alpha,
    alpha < 0.7 as is_below_usual_alpha,
    unit_count,
    icc_1,
    icc_2
from {{ ref('int_reliability__estimated') }}
